/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the segments of an AArch64 program or shared object, position-independent, out of an ELF file that nobody
 * vouches for. What is only read or executed is mapped where it lies in the file, so the file must have it on pages of
 * its own. Layouts and values: System V ABI, chapters 4 and 5 (ELF-64); ELF for the Arm 64-bit Architecture
 * (EM_AARCH64).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ELF_PAGE        4096u
#define ELF_SEGMENT_MAX 8
#define ELF_SPAN_MAX    0x10000000ull /* from the first to the last address of a file */

struct elf_segment {
	uint64_t page;       /* first page's address, from the base on */
	uint64_t page_bytes; /* whole pages that the segment takes in memory */
	uint64_t lead;       /* from the first page to the first byte of the segment */
	uint64_t
	    file_offset; /* where its bytes begin in the file; on as many bytes of a page as `lead`, if not PROT_W */
	uint64_t file_bytes; /* the rest up to page_bytes is zero */
	uint32_t prot;       /* PROT_*; never PROT_W together with PROT_X */
};

struct elf_image {
	uint64_t entry;                   /* from the base on; of a shared object without meaning */
	uint64_t span;                    /* from the base to the end of the last page; the base may be any page */
	uint64_t copy_bytes;              /* pages of writable segments: RAM of the process's own */
	uint64_t code_offset, code_bytes; /* pages of the file that hold what is mapped in place */
	unsigned count;
	struct elf_segment segment[ELF_SEGMENT_MAX]; /* ascending, no page in two of them */
};

/* Return NULL and fill *image, or say in one phrase why the file is refused. The first is for programs. */
const char *elf_image_parse(const void *file, size_t bytes, struct elf_image *image);
const char *elf_module_parse(const void *file, size_t bytes, struct elf_image *image);

/* Whether a segment is mapped straight from the file. */
static inline int elf_in_place(const struct elf_segment *segment)
{
	return !(segment->prot & 2u); /* PROT_W */
}
