/* SPDX-License-Identifier: Apache-2.0 */
/* Where things lie in a new process, and what they need of its RAM (region 0). */
#pragma once

#include <elfimage.h>

#define STACK_BYTES  0x10000ull
#define STACK_TOP    0x20010000ull /* nothing is mapped below the stack: running over it is a fault */
#define HEAP_ADDRESS 0x20020000ull
#define HEAP_MIN     0x10000ull
#define ROM_ADDRESS  0x40000000ull /* the boot archive, in a qvm */
#define REGION_OWN   0
#define REGION_GUEST 1
#define REGION_ROM   2

_Static_assert(STACK_TOP - STACK_BYTES > ELF_ADDRESS_LIMIT, "programs end below the stack's guard");

/* The least that a program's process needs. */
static inline uint64_t start_bytes(const struct elf_image *image)
{
	return image->page_bytes + STACK_BYTES + HEAP_MIN;
}
