/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the segments of a statically linked AArch64 program out of an ELF file that nobody vouches for.
 * Layouts and values: System V ABI, chapters 4 and 5 (ELF-64); ELF for the Arm 64-bit Architecture (EM_AARCH64).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ELF_PAGE          4096u
#define ELF_SEGMENT_MAX   8
#define ELF_ADDRESS_MIN   0x10000ull
#define ELF_ADDRESS_LIMIT 0x10000000ull /* programs lie below; procmgr puts stack and heap above */

struct elf_segment {
	uint64_t page;        /* first page's address */
	uint64_t page_bytes;  /* whole pages that the segment takes in memory */
	uint64_t lead;        /* from the first page to the first byte of the segment */
	uint64_t file_offset; /* where its bytes begin in the file */
	uint64_t file_bytes;  /* the rest up to page_bytes is zero */
	uint32_t prot;        /* PROT_*; never PROT_W together with PROT_X */
};

struct elf_image {
	uint64_t entry;
	uint64_t page_bytes; /* of all segments together */
	unsigned count;
	struct elf_segment segment[ELF_SEGMENT_MAX]; /* ascending, no page in two of them */
};

/* Returns NULL and fills *image, or says in one phrase why the file is refused. */
const char *elf_image_parse(const void *file, size_t bytes, struct elf_image *image);
