/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of a node of the board's tree, one after the other (Devicetree Specification 0.4, 2.4). */
#include "internal.h"
#include <libfdt.h>
#include <string.h>

#define GIC_CELLS   3 /* type, number, flags: Linux's binding arm,gic-v3.yaml */
#define GIC_SPI     0
#define GIC_PPI     1
#define SPI_BASE    32
#define PPI_BASE    16
#define SPI_COUNT   988
#define PPI_COUNT   16
#define FLAGS_EDGES 3  /* bit 0: rising, bit 1: falling edge */
#define CELLS_MAX   16 /* of an interrupt at any controller */
#define ADDRESS_MAX 4  /* cells of an address */
#define MAPS_MAX    4  /* from bus to bus */

static const char no_gic[] = "its interrupts do not go to the GIC";
static const char bad_map[] = "the 'interrupt-map' of its bus does not say where its interrupts go";

bool sys_is_gic(const void *dtb, int node)
{
	return sys_is(dtb, node, "compatible", "arm,gic-v3") || sys_is(dtb, node, "compatible", "arm,gic-400") ||
	       sys_is(dtb, node, "compatible", "arm,cortex-a15-gic");
}

static int offset_of(const struct sys_board *board, int node)
{
	return board->nodes[node].offset;
}

static const uint8_t *property(const struct sys_board *board, int node, const char *name, unsigned *cells)
{
	int length = 0;
	const uint8_t *value = fdt_getprop(board->dtb, offset_of(board, node), name, &length);

	*cells = value && length > 0 ? (unsigned)length / 4 : 0;
	return value;
}

/* The node with that phandle, or -1. */
static int find_phandle(const struct sys_board *board, uint64_t phandle)
{
	for (unsigned i = 0; i < board->node_count; i++)
		if (board->nodes[i].phandle != 0 && board->nodes[i].phandle == phandle)
			return (int)i;
	return -1;
}

/* Cells of an interrupt at this controller, or bus with an 'interrupt-map'; 0: it does not say so. */
static unsigned cells_at(const struct sys_board *board, int controller)
{
	unsigned count = 0;
	const uint8_t *cells = controller < 0 ? NULL : property(board, controller, "#interrupt-cells", &count);

	if (!cells && controller >= 0 && sys_is_gic(board->dtb, offset_of(board, controller)))
		return GIC_CELLS;
	return count == 1 && sys_cells_read(cells, 0, 1) < CELLS_MAX ? (unsigned)sys_cells_read(cells, 0, 1) : 0;
}

/*
 * The node that a node's interrupts go to, or -1: the first one with `#interrupt-cells` on the way up. An
 * `interrupt-parent` replaces the parent on that way. After as many rounds as there are nodes the way is a circle.
 */
static int interrupt_parent(const struct sys_board *board, int node)
{
	for (unsigned round = 0; round < board->node_count; round++) {
		unsigned count;
		const uint8_t *phandle = property(board, node, "interrupt-parent", &count);

		if (phandle ? count != 1 : node == 0)
			return -1;
		node = phandle ? find_phandle(board, sys_cells_read(phandle, 0, 1)) : (int)board->nodes[node].parent;
		if (node < 0 || cells_at(board, node) != 0)
			return node;
	}
	return -1;
}

struct sys_interrupts sys_interrupts(const struct sys_board *board, int node)
{
	struct sys_interrupts i = {.board = board, .node = node, .parent = -1};
	int length;

	/* If a node has both, this one counts (2.4.1). */
	i.cells = fdt_getprop(board->dtb, offset_of(board, node), "interrupts-extended", &length);
	i.extended = i.cells != NULL;
	if (!i.extended)
		i.cells = fdt_getprop(board->dtb, offset_of(board, node), "interrupts", &length);
	if (!i.cells || length <= 0)
		return i;
	i.left = (unsigned)length / 4;
	i.odd = length % 4 != 0;
	if (!i.extended)
		i.parent = interrupt_parent(board, node);
	return i;
}

static const char *decode_gic(const uint8_t *cells, struct sys_interrupt *interrupt)
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

/* ---- interrupt-map: 2.4.3 ---- */

/* What is looked up in a map: an address on that bus, then an interrupt. */
struct specifier {
	int controller;
	unsigned address_cells, cells;
	uint32_t value[ADDRESS_MAX + CELLS_MAX];
};

static unsigned address_cells(const struct sys_board *board, int node, unsigned standard)
{
	unsigned count;
	const uint8_t *value = property(board, node, "#address-cells", &count);

	return value && count == 1 ? (unsigned)sys_cells_read(value, 0, 1) : standard;
}

static void copy_cells(uint32_t *to, const uint8_t *from, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		to[i] = (uint32_t)sys_cells_read(from, first + i, 1);
}

/* Does the entry of a map at cell `at` equal what is looked up, in the bits of the mask? */
static bool entry_fits(const struct specifier *s, const uint8_t *map, unsigned at, const uint8_t *mask)
{
	for (unsigned i = 0; i < s->address_cells + s->cells; i++) {
		uint32_t look = mask ? (uint32_t)sys_cells_read(mask, i, 1) : UINT32_MAX;

		if ((s->value[i] ^ (uint32_t)sys_cells_read(map, at + i, 1)) & look)
			return false;
	}
	return true;
}

/* Looks it up in the map of one bus. False: it has no matching entry, or one that is not supported. */
static bool map_once(const struct sys_board *board, struct specifier *s)
{
	unsigned count, mask_count, own = s->address_cells + s->cells;
	const uint8_t *map = property(board, s->controller, "interrupt-map", &count);
	const uint8_t *mask = property(board, s->controller, "interrupt-map-mask", &mask_count);

	if (!map || (mask && mask_count != own))
		return false;
	for (unsigned at = 0; at + own < count;) {
		struct specifier next = {.controller = find_phandle(board, sys_cells_read(map, at + own, 1))};
		unsigned from = at + own + 1;

		next.cells = cells_at(board, next.controller);
		if (next.cells == 0)
			return false;
		/* Here, and only here, the default is 0 (2.4.3.1). */
		next.address_cells = address_cells(board, next.controller, 0);
		if (next.address_cells > ADDRESS_MAX || next.address_cells + next.cells > count - from)
			return false;
		if (entry_fits(s, map, at, mask)) {
			copy_cells(next.value, map, from, next.address_cells + next.cells);
			*s = next;
			return true;
		}
		at = from + next.address_cells + next.cells;
	}
	return false;
}

/* Follows the maps from the controller of `s` to the GIC: its cells are then at the end of `s`. */
static const char *through_maps(const struct sys_interrupts *i, struct specifier *s)
{
	const struct sys_board *board = i->board;
	unsigned count;
	const uint8_t *reg = property(board, i->node, "reg", &count);

	s->address_cells = address_cells(board, s->controller, 2);
	if (s->address_cells > ADDRESS_MAX)
		return bad_map;
	memmove(s->value + s->address_cells, s->value, s->cells * sizeof(s->value[0]));
	memset(s->value, 0, s->address_cells * sizeof(s->value[0]));
	copy_cells(s->value, reg, 0, count < s->address_cells ? count : s->address_cells);
	for (unsigned step = 0; step < MAPS_MAX; step++) {
		if (!map_once(board, s))
			return bad_map;
		if (sys_is_gic(board->dtb, offset_of(board, s->controller)))
			return NULL;
	}
	return bad_map;
}

/* ---- one after the other ---- */

/* After an interrupt that cannot be read, no further one can be. */
static bool give_up(struct sys_interrupts *i, const char **wrong, const char *text)
{
	i->left = 0;
	*wrong = text;
	return true;
}

static const char *resolve_specifier(const struct sys_interrupts *i, const uint8_t *cells, unsigned count,
				     struct sys_interrupt *interrupt)
{
	struct specifier s = {.controller = i->parent, .cells = count};
	uint8_t gic[4 * GIC_CELLS];
	unsigned unused;
	const char *wrong;

	if (sys_is_gic(i->board->dtb, offset_of(i->board, i->parent)))
		return decode_gic(cells, interrupt);
	if (!property(i->board, i->parent, "interrupt-map", &unused))
		return no_gic;
	copy_cells(s.value, cells, 0, count);
	wrong = through_maps(i, &s);
	if (wrong || s.cells != GIC_CELLS)
		return wrong ? wrong : bad_map;
	for (unsigned cell = 0; cell < GIC_CELLS; cell++) {
		for (unsigned byte = 0; byte < 4; byte++)
			gic[4 * cell + byte] = (uint8_t)(s.value[s.address_cells + cell] >> (24 - 8 * byte));
	}
	return decode_gic(gic, interrupt);
}

bool sys_next_interrupt(struct sys_interrupts *i, struct sys_interrupt *interrupt, const char **wrong)
{
	const uint8_t *cells;
	unsigned count;
	bool gic;

	if (i->left == 0)
		return false;
	if (i->extended) {
		i->parent = find_phandle(i->board, sys_cells_read(i->cells, 0, 1));
		i->cells += 4;
		i->left--;
	}
	count = cells_at(i->board, i->parent);
	gic = i->parent >= 0 && sys_is_gic(i->board->dtb, offset_of(i->board, i->parent));
	if (i->parent < 0 || (!gic && count == 0))
		return give_up(i, wrong, no_gic);
	if (i->odd || count > i->left || (gic && count != GIC_CELLS))
		return give_up(i, wrong, "each of its 'interrupts' must have three cells");
	cells = i->cells;
	i->cells += 4 * (size_t)count;
	i->left -= count;
	*wrong = resolve_specifier(i, cells, count, interrupt);
	return true;
}
