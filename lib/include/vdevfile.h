/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the file of a virtual device, `vdev-NAME.so`, that nobody vouches for: segments, dynamic section, the note that
 * describes it; and relocates a copy of it. Host tool, procmgr and qvm use the same code. It runs nothing of the file
 * and allocates nothing.
 *
 * Layouts and values: System V ABI, chapters 4 and 5 (ELF-64); relocations: ELF for the Arm 64-bit Architecture,
 * section 5.7. docs/vdevs.md says what a file must be like.
 */
#pragma once

#include <elfimage.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vdevoption.h>

#define VDEVFILE_SPAN_MAX 0x1000000ull /* bytes of address space that a file may take */
#define VDEVFILE_INIT_MAX 64u          /* constructors */
#define VDEVFILE_NAME_MAX 32u          /* bytes of NAME, NUL included */

/* A table in the file. */
struct vdevfile_table {
	uint64_t offset, bytes; /* in the file */
};

struct vdevfile {
	const uint8_t *file;
	size_t bytes;
	struct elf_image image;
	uint64_t relro, relro_bytes; /* whole pages that are read-only after relocation; may be 0 */
	uint64_t init, init_bytes;   /* addresses of the constructors, in a writable segment */
	struct vdevfile_table rela, jmprel, symbols, strings;
	bool described; /* by a note */
	struct vdev_description type;
	char problem[128];
};

/* Returns NULL, or says in one phrase why the file is refused. `file` must stay; it needs no alignment. */
const char *vdevfile_read(struct vdevfile *v, const void *file, size_t bytes);

/* Address of a symbol that the file asks for; false: there is none of that name. */
typedef bool (*vdevfile_lookup)(const char *name, uint64_t *address);

/*
 * Relocates the writable segments. `memory` is where address 0 of the file lies here, all of the image's span after it
 * mapped or not, except for the writable segments, which hold their bytes already; `base` is the address 0 that is to
 * be written. With `memory` NULL it only checks. Returns NULL, or why not; then nothing may run.
 */
const char *vdevfile_relocate(struct vdevfile *v, uint8_t *memory, uint64_t base, vdevfile_lookup lookup);

/* Constructor `index` of a relocated file; its address lies in an executable segment, else 0. */
uint64_t vdevfile_constructor(const struct vdevfile *v, const uint8_t *memory, uint64_t base, unsigned index);

/*
 * NAME of a file's name: `vdev-NAME.so`, `vdev-NAME-safety.so`. False: the name is none of these. *safety says which.
 */
bool vdevfile_name(const char *path, char name[VDEVFILE_NAME_MAX], bool *safety);

/*
 * The file for a type of vdev in the boot archive: the certified variant, else the other one. 0, or -1. What is found
 * still is to be read.
 */
struct cpio_file;
int vdevfile_find(const void *archive, size_t archive_bytes, const char *type, struct cpio_file *file);

/* Is the symbol in qvm/exports.def? For lookups before there is a qvm; the address is 0. */
bool vdevfile_exported(const char *name, uint64_t *address);
