/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a node of the board's tree, as the CPUs see them (Devicetree Specification 0.4, 2.3.6 and 2.3.8). */
#include "internal.h"
#include <libfdt.h>

/* Why registers have no address: the CPUs do not reach them. Every other reason is that the tree is not supported. */
static const char no_ranges[] = "its bus has no 'ranges': its registers cannot be reached from the CPUs";
static const char beyond_physical[] = "its registers lie beyond the last physical address";

/* Translates an address by one bus's `ranges`, towards the root. */
static const char *translate_once(const struct sys_board *board, int bus, int parent, struct sys_range *range)
{
	struct sys_cells here, above;
	int length;
	const void *ranges = fdt_getprop(board->dtb, board->nodes[bus].offset, "ranges", &length);
	unsigned stride;

	if (!ranges)
		return no_ranges;
	if (length == 0)
		return NULL; /* the same addresses above and below */
	if (!sys_cells_of(board, bus, &here) || !sys_cells_of(board, parent, &above))
		return "its bus has addresses of more than two cells, which is not supported";
	stride = here.address + above.address + here.size;
	for (unsigned i = 0; (i + 1) * stride * 4 <= (unsigned)length; i++) {
		uint64_t child = sys_cells_read(ranges, i * stride, here.address);
		uint64_t up = sys_cells_read(ranges, i * stride + here.address, above.address);
		uint64_t bytes = sys_cells_read(ranges, i * stride + here.address + above.address, here.size);

		if (range_holds(child, bytes, range->start, range->bytes)) {
			range->start = up + (range->start - child);
			return NULL;
		}
	}
	return "its registers lie in none of the 'ranges' of its bus";
}

static const char *translate_range(const struct sys_board *board, int bus, struct sys_range *range)
{
	const char *wrong = NULL;

	while (bus != 0 && !wrong) {
		int parent = (int)board->nodes[bus].parent;

		wrong = translate_once(board, bus, parent, range);
		bus = parent;
	}
	return wrong;
}

struct sys_registers sys_registers(const struct sys_board *board, int node)
{
	struct sys_registers r = {.board = board, .node = node, .bus = (int)board->nodes[node].parent};

	r.readable = node != 0 && sys_cells_of(board, r.bus, &r.cells) && r.cells.size != 0;
	return r;
}

/* The next one as the CPUs see it, or in `wrong` why they do not; false: there is no further one. */
bool sys_next_registers(struct sys_registers *r, struct sys_range *range, const char **wrong)
{
	if (!r->readable || !sys_reg(r->board, r->node, &r->cells, r->next++, range))
		return false;
	*wrong = translate_range(r->board, r->bus, range);
	if (!*wrong && !sys_physical(range))
		*wrong = beyond_physical;
	return true;
}

bool sys_unreachable(const char *wrong)
{
	return wrong == no_ranges || wrong == beyond_physical;
}
