/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of an ELF64 file (System V ABI, chapters 4 and 5), for the readers of programs, vdevs and guests. */
#pragma once

#include <stdint.h>

#define EM_AARCH64 183 /* ELF for the Arm 64-bit Architecture, 5.1 */
#define PT_LOAD    1u

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr has 64 bytes");

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct program_header) == 56, "Elf64_Phdr has 56 bytes");
