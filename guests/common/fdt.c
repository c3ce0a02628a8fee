/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what these guests need of a flattened device tree (Devicetree Specification 0.4, chapter 5): bootargs of
 * /chosen, and the registers of the root's children. Every step is checked against the size in the header, which
 * itself is bounded.
 */
#include "guest.h"

#define FDT_MAGIC      0xd00dfeedu
#define FDT_MAX        (2u << 20)
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROP       3u
#define FDT_NOP        4u

/* Where a walk through the tree is: at a property, or at the beginning of a node. */
struct walk {
	const uint8_t *base, *end, *next, *strings;
	unsigned int depth;         /* of the node: 1 is the root */
	const uint8_t *node, *name; /* NUL-terminated, or ending with the tree; no name at the beginning of a node */
	const uint8_t *value;
	uint32_t length;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Does the NUL-terminated text at p, which ends before end, equal word? */
static bool text_is(const uint8_t *p, const uint8_t *end, const char *word)
{
	for (; p < end; p++, word++) {
		if (*p != (uint8_t)*word)
			return false;
		if (*p == 0)
			return true;
	}
	return false;
}

static bool walk_start(struct walk *w, const void *fdt)
{
	const uint8_t *base = fdt;

	if (!base || ((uintptr_t)base & 3) || be32(base) != FDT_MAGIC)
		return false;
	uint32_t size = be32(base + 4), structs = be32(base + 8), strings = be32(base + 12);
	if (size > FDT_MAX || structs >= size || strings >= size)
		return false;
	*w = (struct walk){.base = base, .end = base + size, .next = base + structs, .strings = base + strings};
	return true;
}

static void begin_node(struct walk *w)
{
	w->depth++;
	w->node = w->next;
	w->name = NULL;
	while (w->next < w->end && *w->next)
		w->next++;
	w->next += 4 - ((uintptr_t)(w->next - w->base) & 3);
}

static bool read_property(struct walk *w)
{
	if (w->end - w->next < 8)
		return false;
	uint32_t length = be32(w->next), name = be32(w->next + 4);

	w->next += 8;
	if (w->end < w->next || length > (size_t)(w->end - w->next) || name >= (size_t)(w->end - w->strings))
		return false;
	w->name = w->strings + name;
	w->value = w->next;
	w->length = length;
	w->next += ((size_t)length + 3) & ~(size_t)3;
	return true;
}

/* To the next property or node; false at the end of the tree, or where it is damaged. */
static bool walk_next(struct walk *w)
{
	while (w->end - w->next >= 4) {
		uint32_t token = be32(w->next);

		w->next += 4;
		if (token == FDT_BEGIN_NODE) {
			begin_node(w);
			return true;
		}
		if (token == FDT_PROP)
			return read_property(w);
		if (token == FDT_END_NODE ? w->depth-- <= 1 : token != FDT_NOP)
			return false;
	}
	return false;
}

static bool property_is(const struct walk *w, const char *name)
{
	return w->name && text_is(w->name, w->end, name);
}

void fdt_bootargs(const void *fdt, char *text, size_t bytes)
{
	struct walk w;
	size_t i = 0;

	if (walk_start(&w, fdt)) {
		while (walk_next(&w)) {
			if (w.depth != 2 || !text_is(w.node, w.end, "chosen") || !property_is(&w, "bootargs"))
				continue;
			for (; i + 1 < bytes && i < w.length && w.value[i]; i++)
				text[i] = (char)w.value[i];
			break;
		}
	}
	text[i] = 0;
}

/* Is word one of the NUL-terminated texts of the property? */
static bool list_has(const struct walk *w, const char *word)
{
	const uint8_t *p = w->value, *end = w->value + w->length;

	while (p < end) {
		if (text_is(p, end, word))
			return true;
		while (p < end && *p)
			p++;
		p++;
	}
	return false;
}

/* The address in entry `index` of a `reg` property. */
static uint64_t read_reg(const struct walk *w, unsigned int index, uint32_t address_cells, uint32_t size_cells)
{
	uint32_t at = index * (address_cells + size_cells) * 4;

	if (address_cells < 1 || address_cells > 2 || size_cells > 2 || at + address_cells * 4 > w->length)
		return 0;
	uint64_t high = address_cells == 2 ? be32(w->value + at) : 0;

	return high << 32 | be32(w->value + at + (address_cells - 1) * 4);
}

uint64_t fdt_reg(const void *fdt, const char *compatible, unsigned int index)
{
	uint32_t address_cells = 2, size_cells = 1; /* what holds if the root does not say (2.3.5) */
	uint64_t reg = 0;
	bool match = false;
	struct walk w;

	if (!walk_start(&w, fdt))
		return 0;
	while (walk_next(&w)) {
		if (w.depth == 1 && property_is(&w, "#address-cells") && w.length == 4)
			address_cells = be32(w.value);
		else if (w.depth == 1 && property_is(&w, "#size-cells") && w.length == 4)
			size_cells = be32(w.value);
		if (w.depth != 2)
			continue;
		if (!w.name) {
			reg = 0;
			match = false;
		} else if (property_is(&w, "compatible")) {
			match = list_has(&w, compatible);
		} else if (property_is(&w, "reg")) {
			reg = read_reg(&w, index, address_cells, size_cells);
		}
		if (match && reg)
			return reg;
	}
	return 0;
}
