/* SPDX-License-Identifier: Apache-2.0 */
/* Files of virtual devices: see vdevs.h. */
#include "vdevs.h"
#include "cpio.h"
#include "qvmconf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool vdevs_may_read(const struct vdev_pool *pool, const char *path)
{
	for (unsigned i = 0; i < pool->extra_count; i++) {
		if (strcmp(pool->extras[i].path, path) == 0)
			return true;
	}
	return file_is_within(path, &pool->directory, 1) || file_is_within(path, pool->paths, pool->path_count);
}

/* A file that cannot be read is not replaced by another one: the error is reported when it is read. */
static bool exists(char *path, size_t bytes, const char *folder, const char *name)
{
	return folder && snprintf(path, bytes, "%s/%s", folder, name) < (int)bytes && access(path, F_OK) == 0;
}

const char *vdevs_locate(struct vdev_pool *pool, const char *name, char *path, size_t bytes)
{
	for (unsigned i = 0; i < pool->extra_count; i++) {
		if (strcmp(cpio_plain_name(pool->extras[i].name), cpio_plain_name(name)) == 0) {
			pool->extras[i].used = true;
			return pool->extras[i].path;
		}
	}
	if (exists(path, bytes, pool->directory, name))
		return path;
	for (unsigned i = 0; i < pool->path_count; i++) {
		if (exists(path, bytes, pool->paths[i], name))
			return path;
	}
	return NULL;
}

static bool open_file(struct vdev_pool *pool, struct vdev_file *f)
{
	char buffer[4096];
	const char *path = vdevs_locate(pool, f->name, buffer, sizeof(buffer)), *wrong;

	wrong = path ? vdevs_may_read(pool, path) ? file_read(path, FILE_DATA_MAX, &f->file) : FILE_OUTSIDE : NULL;
	if (wrong)
		snprintf(f->wrong, sizeof(f->wrong), "%s", wrong);
	return path != NULL;
}

struct vdev_file *vdevs_find(struct vdev_pool *pool, const char *type)
{
	static const char *const suffixes[] = {"-safety", ""};
	struct vdev_file *f = &pool->files[pool->count];

	for (unsigned i = 0; i < pool->count; i++) {
		if (strcmp(pool->files[i].type, type) == 0)
			return &pool->files[i];
	}
	if (pool->count == VDEVS_MAX || strlen(type) >= sizeof(f->type))
		return NULL;
	memcpy(f->type, type, strlen(type) + 1);
	for (unsigned i = 0; i < 2; i++) {
		const char *wrong;

		snprintf(f->name, sizeof(f->name), "vdev-%s%s.so", type, suffixes[i]);
		if (!open_file(pool, f))
			continue;
		pool->count++;
		if (f->wrong[0])
			return f;
		wrong = vdevfile_read(&f->read, f->file.data, f->file.bytes);
		if (!wrong)
			wrong = vdevfile_relocate(&f->read, NULL, 0, vdevfile_exported);
		if (!wrong)
			wrong = qvmconf_vdev_differs(type, &f->read.type);
		snprintf(f->wrong, sizeof(f->wrong), "%s", wrong ? wrong : "");
		return f;
	}
	return NULL;
}

void vdevs_free(struct vdev_pool *pool)
{
	for (unsigned i = 0; i < pool->count; i++)
		free(pool->files[i].file.data);
}
