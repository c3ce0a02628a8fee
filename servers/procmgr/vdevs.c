/* SPDX-License-Identifier: Apache-2.0 */
#include "vdevs.h"
#include "vdevfile.h"
#include "verify.h"
#include <stdio.h>

_Static_assert(MODULE_MAX == 8, "a message below has the number");

static struct vdevfile reading; /* too long for a stack; one is read at a time */

/* NULL and the verified file for this type, or what is wrong. */
static const char *find_file(const void *archive, size_t bytes, const char *type, struct cpio_file *file)
{
	if (vdevfile_find(archive, bytes, type, file) != 0) {
		file->name = NULL;
		return "its file is not in the boot archive";
	}
	return verify_find(file->name, file);
}

bool vdevs_describe(const void *archive, size_t bytes, const char *type, struct qvmconf_vdev_file *description)
{
	static char text[224]; /* must stay */
	struct cpio_file file;
	const char *wrong = find_file(archive, bytes, type, &file);

	if (!file.name)
		return false;
	if (!wrong)
		wrong = vdevfile_read(&reading, file.data, file.bytes);
	if (wrong)
		snprintf(text, sizeof(text), "%.64s: %s", file.name, wrong);
	*description = (struct qvmconf_vdev_file){wrong ? text : NULL, reading.type};
	return true;
}

static bool is_known(const struct vdev_files *files, const struct cpio_file *file)
{
	for (unsigned i = 0; i < files->count; i++)
		if (files->file[i].data == file->data)
			return true;
	return false;
}

/* Null, or what is wrong with the file. */
static const char *examine_file(const char *type, const struct cpio_file *file, struct elf_image *image)
{
	const char *wrong = vdevfile_read(&reading, file->data, file->bytes);

	if (!wrong)
		wrong = qvmconf_vdev_differs(type, &reading.type);
	/* Pages are mapped straight from the archive, so the file has to begin on one: bulkhead image sees to it. */
	if (!wrong && (uintptr_t)file->data % ELF_PAGE != 0)
		wrong = "it does not begin on a page of the archive";
	*image = reading.image;
	return wrong ? wrong : vdevfile_relocate(&reading, NULL, 0, vdevfile_exported);
}

unsigned vdevs_collect(const void *archive, size_t bytes, const struct qvm_config *vm, struct vdev_files *files,
		       void (*mistake)(void *context, const char *line))
{
	unsigned mistakes = 0;

	files->count = 0;
	for (unsigned i = 0; i < vm->vdev_count; i++) {
		const struct qvm_vdev *vdev = &vm->vdevs[i];
		struct cpio_file file;
		const char *wrong = find_file(archive, bytes, vdev->type, &file);
		char line[256];

		if (!wrong && is_known(files, &file))
			continue;
		if (!wrong && files->count == MODULE_MAX)
			wrong = "one VM can have 8 types of vdevs";
		if (!wrong)
			wrong = examine_file(vdev->type, &file, &files->image[files->count]);
		if (!wrong) {
			files->file[files->count++] = file;
			continue;
		}
		mistakes++;
		snprintf(line, sizeof(line), "[%s:%u] vdev %s: %s%s%s", vdev->place.file, (unsigned)vdev->place.line,
			 vdev->type, file.name ? file.name : "", file.name ? ": " : "", wrong);
		mistake(NULL, line);
	}
	return mistakes;
}
