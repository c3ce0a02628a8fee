/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of flattened device trees. See fdt.h. */
#include "fdt.h"

#define FDT_MAGIC   0xd00dfeedu
#define FDT_VERSION 17u /* and what says it is compatible with it */

enum token { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROP = 3, TOKEN_NOP = 4, TOKEN_STOP = 9, TOKEN_BAD = 0 };

#define DEPTH_DAMAGED (-2)

struct item {
	enum token token;
	const char *name; /* of a node or a property */
	struct fdt_value value;
};

/* A cell. The tree begins at a multiple of 8 and all cells in it at multiples of 4: with the MMU off they must. */
static uint32_t be32(const uint8_t *p)
{
	return __builtin_bswap32(*(const uint32_t *)(const void *)p);
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* A name in the tree has no colon: after one, the text says something else (stdout-path). */
static bool ends_name(char c)
{
	return c == '\0' || c == ':';
}

/* Is the name the text? Besides where they end by themselves, they end at these characters. */
static bool same_until(const char *name, char name_end, const char *text, char text_end)
{
	while (*name != '\0' && *name == *text) {
		name++;
		text++;
	}
	return (*name == '\0' || *name == name_end) && (ends_name(*text) || *text == text_end);
}

static bool same(const char *name, const char *text)
{
	return same_until(name, '\0', text, '\0');
}

uint32_t fdt_blob_bytes(const void *blob)
{
	const uint8_t *header = blob;
	uint32_t bytes;

	if (!is_aligned((uintptr_t)blob, 8))
		return 0;
	bytes = be32(header + 4);
	if (be32(header) != FDT_MAGIC || be32(header + 20) < FDT_VERSION || be32(header + 24) > FDT_VERSION)
		return 0;
	return bytes < 40 || bytes > FDT_BYTES_MAX ? 0 : bytes;
}

/* Bytes of the string at an offset of an area, with its NUL; 0 if it does not end inside. */
static uint32_t string_bytes(const struct fdt *fdt, uint32_t area, uint32_t area_bytes, uint32_t at)
{
	const uint8_t *block = fdt->blob + area;

	for (uint32_t i = at; i < area_bytes; i++) {
		if (block[i] == '\0')
			return i + 1 - at;
	}
	return 0;
}

/* Reads the item at *at of the structure block and moves *at after it. */
static struct item read_item(const struct fdt *fdt, uint32_t *at)
{
	const uint8_t *block = fdt->blob + fdt->struct_at;
	struct item item = {.token = TOKEN_BAD};
	uint32_t token, left, bytes, name;

	do {
		if (*at > fdt->struct_bytes || fdt->struct_bytes - *at < 4)
			return item;
		token = be32(block + *at);
		*at += 4;
	} while (token == TOKEN_NOP);
	left = fdt->struct_bytes - *at;
	if (token == TOKEN_BEGIN) {
		item.name = (const char *)block + *at;
		bytes = string_bytes(fdt, fdt->struct_at, fdt->struct_bytes, *at);
		if (bytes == 0)
			return item;
		*at += (uint32_t)align_up(bytes, 4);
	} else if (token == TOKEN_PROP) {
		if (left < 8 || be32(block + *at) > left - 8)
			return item;
		item.value = (struct fdt_value){.data = block + *at + 8, .bytes = be32(block + *at)};
		name = be32(block + *at + 4);
		if (!fdt->whole && string_bytes(fdt, fdt->strings_at, fdt->strings_bytes, name) == 0)
			return item;
		item.name = (const char *)fdt->blob + fdt->strings_at + name;
		*at += 8 + (uint32_t)align_up(item.value.bytes, 4);
	} else if (token != TOKEN_END && token != TOKEN_STOP) {
		return item;
	}
	item.token = (enum token)token;
	return item;
}

bool fdt_next(const struct fdt *fdt, struct fdt_node *node)
{
	uint32_t at = node->depth < 0 ? 0 : node->props[node->depth];

	for (;;) {
		struct item item = read_item(fdt, &at);

		if (item.token == TOKEN_STOP && node->depth == -1)
			return false;
		if (item.token == TOKEN_BEGIN && node->depth + 1 < FDT_DEPTH_MAX) {
			node->name = item.name;
			node->props[++node->depth] = at;
			return true;
		}
		if (node->depth == -1 || (item.token != TOKEN_END && item.token != TOKEN_PROP)) {
			node->depth = DEPTH_DAMAGED;
			return false;
		}
		node->depth -= item.token == TOKEN_END;
	}
}

bool fdt_open(struct fdt *fdt, const void *blob)
{
	struct fdt_node node = FDT_START;

	fdt->blob = blob;
	fdt->bytes = fdt_blob_bytes(blob);
	if (fdt->bytes == 0)
		return false;
	fdt->struct_at = be32(fdt->blob + 8);
	fdt->strings_at = be32(fdt->blob + 12);
	fdt->reserve_at = be32(fdt->blob + 16);
	fdt->strings_bytes = be32(fdt->blob + 32);
	fdt->struct_bytes = be32(fdt->blob + 36);
	if (!is_aligned(fdt->struct_at | fdt->reserve_at, 4) ||
	    !range_holds(0, fdt->bytes, fdt->struct_at, fdt->struct_bytes) ||
	    !range_holds(0, fdt->bytes, fdt->strings_at, fdt->strings_bytes))
		return false;
	fdt->whole = false;
	while (fdt_next(fdt, &node))
		;
	fdt->whole = node.depth == -1;
	return fdt->whole;
}

bool fdt_reserved(const struct fdt *fdt, unsigned n, struct range *r)
{
	uint64_t at = fdt->reserve_at + 16ull * n;

	if (at + 16 > fdt->bytes)
		return false;
	*r = (struct range){.start = be64(fdt->blob + at), .bytes = be64(fdt->blob + at + 8)};
	return r->start != 0 || r->bytes != 0;
}

bool fdt_path(const struct fdt *fdt, struct fdt_node *node, const char *path)
{
	*node = FDT_START;
	if (!fdt_next(fdt, node))
		return false;
	/* `matched`: depth up to which the nodes above match. A unit address counts only where the path has one. */
	for (int matched = 0;; matched++) {
		while (*path == '/')
			path++;
		if (ends_name(*path))
			return true;
		do {
			if (!fdt_next(fdt, node) || node->depth <= matched)
				return false;
		} while (node->depth != matched + 1 || !same_until(node->name, '@', path, '/'));
		while (!ends_name(*path) && *path != '/')
			path++;
	}
}

static bool prop_at(const struct fdt *fdt, uint32_t at, const char *name, struct fdt_value *value)
{
	struct item item;

	while ((item = read_item(fdt, &at)).token == TOKEN_PROP) {
		*value = item.value;
		if (same(item.name, name))
			return true;
	}
	return false;
}

bool fdt_prop(const struct fdt *fdt, const struct fdt_node *node, const char *name, struct fdt_value *value)
{
	return prop_at(fdt, node->props[node->depth], name, value);
}

uint64_t fdt_number(const struct fdt_value *value)
{
	return value->bytes == 4 ? be32(value->data) : value->bytes == 8 ? be64(value->data) : UINT64_MAX;
}

static uint32_t u32_at(const struct fdt *fdt, uint32_t at, const char *name, uint32_t missing)
{
	struct fdt_value value;

	return prop_at(fdt, at, name, &value) && value.bytes == 4 ? be32(value.data) : missing;
}

static bool is_text(const struct fdt_value *value)
{
	return value->bytes != 0 && value->data[value->bytes - 1] == '\0';
}

const char *fdt_text(const struct fdt *fdt, const struct fdt_node *node, const char *name)
{
	struct fdt_value value;

	return fdt_prop(fdt, node, name, &value) && is_text(&value) ? (const char *)value.data : NULL;
}

bool fdt_has_string(const struct fdt *fdt, const struct fdt_node *node, const char *name, const char *text)
{
	struct fdt_value value;

	if (!fdt_prop(fdt, node, name, &value) || !is_text(&value))
		return false;
	for (uint32_t at = 0; at < value.bytes;) {
		const char *entry = (const char *)value.data + at;

		if (same(entry, text))
			return true;
		at += (uint32_t)strlen(entry) + 1;
	}
	return false;
}

bool fdt_is_compatible(const struct fdt *fdt, const struct fdt_node *node, const char *text)
{
	return fdt_has_string(fdt, node, "compatible", text);
}

/* Devicetree Specification 2.3.4: no status means okay. */
bool fdt_is_enabled(const struct fdt *fdt, const struct fdt_node *node)
{
	struct fdt_value value;

	return !fdt_prop(fdt, node, "status", &value) || fdt_has_string(fdt, node, "status", "okay") ||
	       fdt_has_string(fdt, node, "status", "ok");
}

/* Cells of an address and of a size below a bus. Devicetree Specification 2.3.5: 2 and 1 where it does not say. */
struct cells {
	uint32_t address, size;
};

static bool cells_of(const struct fdt *fdt, uint32_t bus, struct cells *cells)
{
	cells->address = u32_at(fdt, bus, "#address-cells", 2);
	cells->size = u32_at(fdt, bus, "#size-cells", 1);
	return cells->address >= 1 && cells->address <= 2 && cells->size <= 2;
}

static uint64_t cells_value(const uint8_t *cell, uint32_t cells)
{
	return cells == 0 ? 0 : cells == 1 ? be32(cell) : be64(cell);
}

bool fdt_reg_bus(const struct fdt *fdt, const struct fdt_node *node, unsigned n, struct range *r)
{
	struct fdt_value reg;
	struct cells c;

	if (node->depth < 1 || !cells_of(fdt, node->props[node->depth - 1], &c) || !fdt_prop(fdt, node, "reg", &reg))
		return false;
	uint32_t entry = 4 * (c.address + c.size);
	if (n >= reg.bytes / entry)
		return false;
	r->start = cells_value(reg.data + (size_t)n * entry, c.address);
	r->bytes = cells_value(reg.data + (size_t)n * entry + (size_t)4 * c.address, c.size);
	return true;
}

/* One step of Devicetree Specification 2.3.8: an address below `bus` becomes one below `parent`. */
static bool translate_address(const struct fdt *fdt, uint32_t bus, uint32_t parent, struct range *r)
{
	struct fdt_value ranges;
	struct cells c, above;

	if (!prop_at(fdt, bus, "ranges", &ranges) || !cells_of(fdt, bus, &c) || !cells_of(fdt, parent, &above))
		return false;
	if (ranges.bytes == 0)
		return true;
	uint32_t entry = 4 * (c.address + above.address + c.size);
	for (uint32_t at = 0; ranges.bytes - at >= entry; at += entry) {
		const uint8_t *cell = ranges.data + at;
		uint64_t child = cells_value(cell, c.address);
		uint64_t base = cells_value(cell + (size_t)4 * c.address, above.address);
		uint64_t length = cells_value(cell + 4 * ((size_t)c.address + above.address), c.size);

		if (range_holds(child, length, r->start, r->bytes)) {
			r->start = base + (r->start - child);
			return true;
		}
	}
	return false;
}

bool fdt_reg(const struct fdt *fdt, const struct fdt_node *node, unsigned n, struct range *r)
{
	if (!fdt_reg_bus(fdt, node, n, r))
		return false;
	for (int bus = node->depth - 1; bus > 0; bus--) {
		if (!translate_address(fdt, node->props[bus], node->props[bus - 1], r))
			return false;
	}
	return r->start + r->bytes >= r->start;
}
