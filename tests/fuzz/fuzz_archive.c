/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/cpio.c */
/* SEEDS: BUILD/fuzz/make/archive.cpio */
/* The reader of the boot archive: every entry lies within it, and reading it ends. */
#include <cpio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check(const uint8_t *data, size_t bytes, const struct cpio_file *file)
{
	const uint8_t *name = (const uint8_t *)file->name;

	if (name < data || name >= data + bytes ||
	    strnlen(file->name, bytes - (size_t)(name - data)) == bytes - (size_t)(name - data))
		abort();
	if (file->data < data || file->data > data + bytes || file->bytes > bytes - (size_t)(file->data - data))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct cpio_file file, found;
	size_t offset = 0, before;
	int result;

	do {
		before = offset;
		result = cpio_next(data, bytes, &offset, &file);
		if (result < 0)
			break;
		check(data, bytes, &file);
		/* By name: this one, or an earlier one of the same name; folders and such are passed over. */
		if (result == 1 && cpio_find(data, bytes, file.name, &found) == 0) {
			check(data, bytes, &found);
			if ((file.mode & 0170000) == 0100000 && found.data > file.data)
				abort();
		}
		if (result == 1 && (offset <= before || offset > bytes))
			abort();
	} while (result == 1);
	return 0;
}
