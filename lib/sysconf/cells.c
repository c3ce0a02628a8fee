/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and lengths in device trees (Devicetree Specification 0.4, 2.3.5 and 2.3.6). */
#include "internal.h"
#include <libfdt.h>
#include <string.h>

/* How many cells addresses and lengths have in the children of `bus`; false if that is not supported. */
bool sys_cells_of(const struct sys_board *board, int bus, struct sys_cells *cells)
{
	cells->address = board->nodes[bus].address_cells;
	cells->size = board->nodes[bus].size_cells;
	return cells->address >= 1 && cells->address <= 2 && cells->size <= 2;
}

/* The number in `count` (0 to 2) cells, beginning with cell `first`. */
uint64_t sys_cells_read(const void *property, unsigned first, unsigned count)
{
	const uint8_t *bytes = (const uint8_t *)property + 4 * (size_t)first;
	uint64_t value = 0;

	for (unsigned i = 0; i < 4 * count; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* Does the range lie within the architecture's 52-bit physical addresses (Arm DDI 0487, D8.1.9)? */
bool sys_physical(const struct sys_range *range)
{
	return range_holds(0, 1ull << 52, range->start, range->bytes);
}

/* Entry `index` of a node's `reg`, cut off after the last address; false if there is none. */
bool sys_reg(const struct sys_board *board, int node, const struct sys_cells *cells, unsigned index,
	     struct sys_range *range)
{
	const char *reg = (const char *)board->dtb + board->nodes[node].reg;
	unsigned stride = cells->address + cells->size;

	if (board->nodes[node].reg_bytes / 4 / stride <= index)
		return false;
	range->start = sys_cells_read(reg, index * stride, cells->address);
	range->bytes = sys_cells_read(reg, index * stride + cells->address, cells->size);
	if (range->bytes > UINT64_MAX - range->start)
		range->bytes = UINT64_MAX - range->start;
	return true;
}

/* Do they share a page? Access is granted by the page, so such ranges cannot have two owners. */
bool sys_share_page(const struct sys_range *a, const struct sys_range *b)
{
	uint64_t a_first = a->start / QVM_PAGE, b_first = b->start / QVM_PAGE;

	if (a->bytes == 0 || b->bytes == 0)
		return false;
	return a_first <= (b->start + b->bytes - 1) / QVM_PAGE && b_first <= (a->start + a->bytes - 1) / QVM_PAGE;
}

/* Is `value` among the strings of a property? */
bool sys_is(const void *dtb, int node, const char *property, const char *value)
{
	return fdt_stringlist_search(dtb, node, property, value) >= 0;
}

bool sys_is_compatible(const struct sys_board *board, unsigned node, const char *value)
{
	const char *text = (const char *)board->dtb + board->nodes[node].compatible;
	const char *end = text + board->nodes[node].compatible_bytes, *stop;
	const size_t bytes = strlen(value) + 1;

	for (; text < end && (stop = memchr(text, '\0', (size_t)(end - text))); text = stop + 1) {
		if ((size_t)(stop + 1 - text) == bytes && memcmp(text, value, bytes) == 0)
			return true;
	}
	return false;
}
