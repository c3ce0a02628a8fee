/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"
#include "siphash.h"
#include "start.h"
#include "sysplan.h"

uint64_t layout_random(const uint8_t key[16], uint32_t slot, uint32_t starts, unsigned use)
{
	return siphash(key, (uint64_t)starts << 32 | use << 16 | slot);
}

/* A place in an area, with at least one free page on each side; 0: there is no room. */
static uint64_t place_in_area(uint64_t random, uint64_t area, uint64_t area_bytes, uint64_t bytes, uint64_t align)
{
	if (bytes > area_bytes - 2 * align)
		return 0;
	return area + align + random % ((area_bytes - 2 * align - bytes) / align + 1) * align;
}

bool layout_make(struct layout *layout, const struct layout_sizes *sizes, const uint8_t key[16], uint32_t slot,
		 uint32_t starts)
{
	uint64_t random[USE_MODULE + MODULE_MAX];
	uint64_t rom_offset = sizes->rom_pa % LAYOUT_BLOCK;
	bool good;

	for (unsigned i = USE_PROGRAM; i < USE_MODULE + MODULE_MAX; i++)
		random[i] = layout_random(key, slot, starts, i);
	layout->program = place_in_area(random[USE_PROGRAM], AREA_PROGRAM, AREA_BYTES, sizes->program, PLAN_PAGE);
	layout->stack = place_in_area(random[USE_STACK], AREA_STACK, AREA_BYTES, STACK_BYTES, PLAN_PAGE);
	layout->heap = place_in_area(random[USE_HEAP], AREA_HEAP, AREA_BYTES, sizes->heap, PLAN_PAGE);
	layout->rom = place_in_area(random[USE_ROM], AREA_ROM, AREA_BYTES, rom_offset + sizes->rom, LAYOUT_BLOCK);
	layout->window = place_in_area(random[USE_WINDOW], AREA_WINDOW, WINDOW_BYTES, sizes->window, LAYOUT_BLOCK);
	good = layout->program != 0 && layout->heap != 0 && layout->rom != 0 && layout->window != 0;
	layout->rom += rom_offset;
	for (unsigned i = 0; i < sizes->module_count; i++) {
		layout->modules[i] = place_in_area(random[USE_MODULE + i], AREA_MODULE + i * (AREA_MODULE / MODULE_MAX),
						   AREA_MODULE / MODULE_MAX, sizes->modules[i], PLAN_PAGE);
		good = good && layout->modules[i] != 0;
	}
	return good;
}
