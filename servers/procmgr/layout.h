/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things lie in a new process: each in its own area, at a random place, chosen anew for each start. The address
 * of one thing tells nothing about the others. Nothing is mapped around them: an overrun is a fault.
 */
#pragma once

#include "bulkhead.h"
#include <stdbool.h>
#include <stdint.h>

#define AREA_BYTES   (1ull << 36)
#define AREA_MODULE  0x800000000ull /* 4 GiB for each module */
#define AREA_PROGRAM 0x1000000000ull
#define AREA_STACK   0x2000000000ull
#define AREA_HEAP    0x3000000000ull
#define AREA_ROM     0x4000000000ull
#define AREA_WINDOW  0x5000000000ull
#define WINDOW_BYTES (SPACE_LIMIT - AREA_WINDOW)
#define LAYOUT_BLOCK 0x200000ull /* size and alignment of a block of stage 2 */

struct layout_sizes {
	uint64_t program, heap, rom, window;
	uint64_t rom_pa; /* the address of ROM has the same offset in a block, so that blocks can be mapped */
	uint64_t modules[MODULE_MAX];
	unsigned module_count;
};

struct layout {
	uint64_t program, stack, heap, rom, window; /* first addresses, whole pages; window: whole blocks */
	uint64_t modules[MODULE_MAX];
};

/* What the random words of a start are used for. */
enum layout_use { USE_GUARD, USE_PROGRAM = 2, USE_STACK, USE_HEAP, USE_ROM, USE_WINDOW, USE_MODULE };

/* A random word for one use in one start of a process. It reveals neither the key nor any other word. */
uint64_t layout_random(const uint8_t key[16], uint32_t slot, uint32_t starts, unsigned use);

/* Chooses all places. False: something is larger than its area. */
bool layout_make(struct layout *layout, const struct layout_sizes *sizes, const uint8_t key[16], uint32_t slot,
		 uint32_t starts);
