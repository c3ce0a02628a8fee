/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a type of vdev in a boot archive: the certified variant first. */
#include <cpio.h>
#include <stdio.h>
#include <vdevfile.h>

int vdevfile_find(const void *archive, size_t archive_bytes, const char *type, struct cpio_file *file)
{
	static const char *const suffixes[] = {"-safety", ""};

	for (unsigned i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[VDEVFILE_NAME_MAX + 16];

		if (snprintf(name, sizeof(name), "vdev-%s%s.so", type, suffixes[i]) < (int)sizeof(name) &&
		    cpio_find(archive, archive_bytes, name, file) == 0)
			return 0;
	}
	return -1;
}
