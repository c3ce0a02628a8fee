/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of a node of the board's tree, one after the other (Devicetree Specification 0.4, 2.4). */
#include "internal.h"
#include <libfdt.h>

#define GIC_CELLS   3 /* type, number, flags: Linux's binding arm,gic-v3.yaml */
#define GIC_SPI     0
#define GIC_PPI     1
#define SPI_BASE    32
#define PPI_BASE    16
#define SPI_COUNT   988
#define PPI_COUNT   16
#define FLAGS_EDGES 3 /* bit 0: rising, bit 1: falling edge */

static const char no_gic[] = "its interrupts do not go to the GIC";

bool sys_is_gic(const void *dtb, int node)
{
	return sys_is(dtb, node, "compatible", "arm,gic-v3") || sys_is(dtb, node, "compatible", "arm,gic-400") ||
	       sys_is(dtb, node, "compatible", "arm,cortex-a15-gic");
}

/* The offset of the node with that phandle. */
static int find_phandle(const struct sys_board *board, uint64_t phandle)
{
	for (unsigned i = 0; i < board->node_count; i++)
		if (board->nodes[i].phandle != 0 && board->nodes[i].phandle == phandle)
			return board->nodes[i].offset;
	return -FDT_ERR_NOTFOUND;
}

/* The offset of a node's interrupt controller: named by itself or by the nearest node above it that names one. */
static int interrupt_parent(const struct sys_board *board, int node)
{
	const void *phandle = NULL;
	int length = 0;

	while (!(phandle = fdt_getprop(board->dtb, board->nodes[node].offset, "interrupt-parent", &length)) &&
	       node != 0)
		node = (int)board->nodes[node].parent;
	return phandle && length == 4 ? find_phandle(board, sys_cells_read(phandle, 0, 1)) : -FDT_ERR_NOTFOUND;
}

/* Cells of an interrupt at this controller; 0: it does not say so. */
static unsigned cells_at(const void *dtb, int controller)
{
	int length = 0;
	const void *cells = controller < 0 ? NULL : fdt_getprop(dtb, controller, "#interrupt-cells", &length);

	if (!cells && controller >= 0 && sys_is_gic(dtb, controller))
		return GIC_CELLS;
	return cells && length == 4 && sys_cells_read(cells, 0, 1) < 16 ? (unsigned)sys_cells_read(cells, 0, 1) : 0;
}

struct sys_interrupts sys_interrupts(const struct sys_board *board, int node)
{
	struct sys_interrupts i = {.board = board, .parent = -1};
	int length;

	/* Where both are, this one counts (2.4.1). */
	i.cells = fdt_getprop(board->dtb, board->nodes[node].offset, "interrupts-extended", &length);
	i.extended = i.cells != NULL;
	if (!i.extended)
		i.cells = fdt_getprop(board->dtb, board->nodes[node].offset, "interrupts", &length);
	if (!i.cells || length <= 0)
		return i;
	i.left = (unsigned)length / 4;
	i.odd = length % 4 != 0;
	if (!i.extended)
		i.parent = interrupt_parent(board, node);
	return i;
}

static const char *decode(const uint8_t *cells, struct sys_interrupt *interrupt)
{
	uint64_t type = sys_cells_read(cells, 0, 1), number = sys_cells_read(cells, 1, 1);

	interrupt->edge = (sys_cells_read(cells, 2, 1) & FLAGS_EDGES) != 0;
	if (type == GIC_SPI && number < SPI_COUNT)
		interrupt->intid = (uint32_t)number + SPI_BASE;
	else if (type == GIC_PPI && number < PPI_COUNT)
		interrupt->intid = (uint32_t)number + PPI_BASE;
	else
		return "one of its interrupts is neither an SPI nor a PPI";
	return NULL;
}

/* Nothing behind what cannot be read can be. */
static bool give_up(struct sys_interrupts *i, const char **wrong, const char *text)
{
	i->left = 0;
	*wrong = text;
	return true;
}

bool sys_next_interrupt(struct sys_interrupts *i, struct sys_interrupt *interrupt, const char **wrong)
{
	const void *dtb = i->board->dtb;
	const uint8_t *cells;
	unsigned count;

	if (i->left == 0)
		return false;
	if (i->extended) {
		i->parent = find_phandle(i->board, sys_cells_read(i->cells, 0, 1));
		i->cells += 4;
		i->left--;
	}
	count = cells_at(dtb, i->parent);
	if (i->parent < 0 || (!sys_is_gic(dtb, i->parent) && (!i->extended || count == 0)))
		return give_up(i, wrong, no_gic);
	if (i->odd || count > i->left || (sys_is_gic(dtb, i->parent) && (count != GIC_CELLS || i->left < GIC_CELLS)))
		return give_up(i, wrong, "its 'interrupts' are not made of three cells each");
	cells = i->cells;
	i->cells += 4 * (size_t)count;
	i->left -= count;
	*wrong = sys_is_gic(dtb, i->parent) ? decode(cells, interrupt) : no_gic;
	return true;
}
