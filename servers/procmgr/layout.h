/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things lie in a new process: each in an area of its own, at a place that is another one for each start. Who
 * knows the address of one thing knows nothing of the others. Nothing is mapped around them: running over is a fault.
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
#define WINDOW_BYTES (3 * AREA_BYTES) /* to the end of what can be mapped, 39 bits */
#define LAYOUT_BLOCK 0x200000ull      /* stage 2 can map so many bytes at once, aligned to as many */

struct layout_sizes {
	uint64_t program, heap, rom, window;
	uint64_t rom_pa; /* ROM lies so that blocks of it can be mapped at once */
	uint64_t modules[MODULE_MAX];
	unsigned module_count;
};

struct layout {
	uint64_t program, stack, heap, rom, window; /* first addresses, whole pages; window: whole blocks */
	uint64_t modules[MODULE_MAX];
};

/* What is made of a start's randomness, by its number. */
enum layout_use { USE_GUARD, USE_PROGRAM = 2, USE_STACK, USE_HEAP, USE_ROM, USE_WINDOW, USE_MODULE };

/* A secret for one start of a process. It tells nothing of the key, nor of any other. */
uint64_t layout_random(const uint8_t key[16], uint32_t slot, uint32_t starts, unsigned use);

/* False: something is larger than its area. */
bool layout_make(struct layout *layout, const struct layout_sizes *sizes, const uint8_t key[16], uint32_t slot,
		 uint32_t starts);
