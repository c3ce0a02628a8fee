/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/vdevfile.c lib/elf.c lib/qvmconf/vdevoption.c lib/qvmconf/vdevvalue.c lib/qvmconf/number.c lib/glob.c */
/* SEEDS: BUILD/vdevs/vdev-pl011.so BUILD/vdevs/vdev-shmem-safety.so */
/* The reader and relocator of vdev files, on a copy of their writable pages that the sanitizer bounds. */
#include <bulkhead.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vdevfile.h>

#define BASE     0x30000000ull
#define SPAN_MAX 0x40000u /* of those that are also relocated: what is beyond differs only in zeros */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Half of the names exist. */
static bool lookup(const char *name, uint64_t *address)
{
	*address = 0x1000000000ull;
	return (strlen(name) & 1) != 0 || vdevfile_exported(name, address);
}

static void relocate(struct vdevfile *v)
{
	uint8_t *memory = calloc(1, v->image.span);

	for (unsigned i = 0; i < v->image.count; i++)
		if (v->image.segment[i].prot & PROT_W)
			memcpy(memory + v->image.segment[i].page + v->image.segment[i].lead,
			       v->file + v->image.segment[i].file_offset, v->image.segment[i].file_bytes);
	if (vdevfile_relocate(v, memory, BASE, lookup) == NULL) {
		for (unsigned i = 0; i <= v->init_bytes / 8; i++) {
			const uint64_t at = vdevfile_constructor(v, memory, BASE, i);

			if (at != 0 && (at < BASE || at >= BASE + v->image.span))
				abort();
		}
	}
	/* What the target maps straight from the file was not written. */
	for (unsigned i = 0; i < v->image.count; i++)
		for (uint64_t n = 0; !(v->image.segment[i].prot & PROT_W) && n < v->image.segment[i].page_bytes; n++)
			if (memory[v->image.segment[i].page + n] != 0)
				abort();
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct vdevfile v;
	struct vdev_option option, same;
	char why[VDEV_WHY_BYTES];

	if (vdevfile_read(&v, data, bytes) != NULL)
		return 0;
	for (unsigned i = 0; vdev_option_at(v.type.options, i, &option); i++) {
		if (strlen(option.name) == 0 || strlen(option.name) >= VDEV_OPTION_BYTES || i >= VDEV_OPTIONS_MAX ||
		    option.name + strlen(option.name) >= v.type.options + v.type.options_bytes ||
		    vdev_option_find(v.type.options, option.name, &same) != (int)i)
			abort();
		if (option.standard && !vdev_option_value(&option, option.standard, why))
			abort();
		(void)vdev_option_value(&option, "0x10", why);
	}
	if (v.relro % ELF_PAGE != 0 || v.relro + v.relro_bytes > v.image.span || v.image.span > VDEVFILE_SPAN_MAX)
		abort();
	if (v.image.span <= SPAN_MAX)
		relocate(&v);
	else
		vdevfile_relocate(&v, NULL, BASE, lookup);
	return 0;
}
