/* SPDX-License-Identifier: Apache-2.0 */
#include "vdevs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that is there and cannot be read is not passed over for another one. */
static bool open_at(struct vdev_file *f, const char *path)
{
	if (file_read(path, &f->file) != 0)
		snprintf(f->wrong, sizeof(f->wrong), "%s", strerror(errno));
	return true;
}

static bool open_in(struct vdev_file *f, const char *folder)
{
	char path[4096];

	return folder && snprintf(path, sizeof(path), "%s/%s", folder, f->name) < (int)sizeof(path) &&
	       access(path, F_OK) == 0 && open_at(f, path);
}

static bool open_file(struct vdev_pool *pool, struct vdev_file *f)
{
	for (unsigned i = 0; i < pool->extra_count; i++) {
		if (strcmp(pool->extras[i].name, f->name) == 0) {
			pool->extras[i].used = true;
			return open_at(f, pool->extras[i].path);
		}
	}
	if (open_in(f, pool->directory))
		return true;
	for (unsigned i = 0; i < pool->path_count; i++) {
		if (open_in(f, pool->paths[i]))
			return true;
	}
	return false;
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
