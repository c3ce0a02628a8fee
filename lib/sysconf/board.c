/* SPDX-License-Identifier: Apache-2.0 */
/* The board's memory and CPUs. */
#include "internal.h"
#include <libfdt.h>
#include <string.h>

static bool usable(const void *dtb, int node)
{
	int length;
	const char *status = fdt_stringlist_get(dtb, node, "status", 0, &length);

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

/* ---- the tree ---- */

/* Takes what of a property belongs into the index; false: the property is damaged. */
static bool index_property(struct sys_board *board, unsigned node, int offset)
{
	int length;
	const struct fdt_property *property = fdt_get_property_by_offset(board->dtb, offset, &length);
	const char *name = property ? fdt_string(board->dtb, (int)fdt32_to_cpu(property->nameoff)) : NULL;

	if (!name)
		return false;
	if (strcmp(name, "device_type") == 0)
		board->nodes[node].typed = true;
	else if (length == 4 && (strcmp(name, "phandle") == 0 || strcmp(name, "linux,phandle") == 0))
		board->nodes[node].phandle = (uint32_t)sys_cells_read(property->data, 0, 1);
	return true;
}

/* Once over the tree. What fdt_check_full() would look for on a walk of its own is found here: one root, around all. */
static const char *index_nodes(struct sys_board *board)
{
	static const char damaged[] = "this is not a device tree blob, or it is damaged";
	int offset = 0, next, node = -1;
	uint32_t tag;

	for (; (tag = fdt_next_tag(board->dtb, offset, &next)) != FDT_END; offset = next) {
		if (tag == FDT_BEGIN_NODE) {
			unsigned parent = node < 0 ? 0 : (unsigned)node;

			if (node < 0 && board->node_count)
				return damaged;
			if (board->node_count == SYS_NODES_MAX)
				return "it has more nodes than are supported (2048)";
			node = (int)board->node_count++;
			board->nodes[node].offset = offset;
			board->nodes[node].parent = parent;
			board->nodes[node].phandle = 0;
			board->nodes[node].typed = false;
		} else if (tag == FDT_END_NODE) {
			if (node < 0)
				return damaged;
			node = node == 0 ? -1 : (int)board->nodes[node].parent;
		} else if (tag == FDT_PROP) {
			if (node < 0 || !index_property(board, (unsigned)node, offset))
				return damaged;
		}
	}
	/* After a mistake libfdt says that it is the end, and which mistake it was. */
	return next >= 0 && node < 0 && board->node_count ? NULL : damaged;
}

/* As libfdt compares: what has no unit address matches any. */
static bool is_named(const char *node_name, const char *name, size_t bytes)
{
	return strncmp(node_name, name, bytes) == 0 &&
	       (node_name[bytes] == '\0' || (node_name[bytes] == '@' && !memchr(name, '@', bytes)));
}

int sys_node_child(const struct sys_board *board, int parent, const char *name, size_t bytes)
{
	for (unsigned i = 1; parent >= 0 && i < board->node_count; i++) {
		const char *here;

		if (board->nodes[i].parent != (unsigned)parent)
			continue;
		here = fdt_get_name(board->dtb, board->nodes[i].offset, NULL);
		if (here && is_named(here, name, bytes))
			return (int)i;
	}
	return -1;
}

int sys_node_path(const struct sys_board *board, const char *path)
{
	int node = 0;

	if (*path != '/')
		return -1;
	while (node >= 0 && *(path += strspn(path, "/")) != '\0') {
		size_t bytes = strcspn(path, "/");

		node = sys_node_child(board, node, path, bytes);
		path += bytes;
	}
	return node;
}

/* ---- memory and CPUs ---- */

/* Bytes in all `reg` entries of the children of `parent`; only those with that device_type, if one is given. */
static uint64_t sum_regs(const struct sys_board *board, int parent, const char *device_type)
{
	const void *dtb = board->dtb;
	struct sys_cells cells;
	struct sys_range range;
	uint64_t sum = 0;

	if (parent < 0 || !sys_cells_of(dtb, board->nodes[parent].offset, &cells) || cells.size == 0)
		return 0;
	for (unsigned n = 1; n < board->node_count; n++) {
		int node = board->nodes[n].offset;

		if (board->nodes[n].parent != (unsigned)parent ||
		    (device_type && (!board->nodes[n].typed || !sys_is(dtb, node, "device_type", device_type))) ||
		    !usable(dtb, node))
			continue;
		for (unsigned i = 0; sys_reg(dtb, node, &cells, i, &range); i++) {
			if (__builtin_add_overflow(sum, range.bytes, &sum))
				return 0;
		}
	}
	return sum;
}

static unsigned count_cpus(const struct sys_board *board)
{
	int cpus = sys_node_path(board, "/cpus");
	unsigned count = 0;

	for (unsigned n = 1; cpus >= 0 && n < board->node_count; n++) {
		int node = board->nodes[n].offset;

		count += board->nodes[n].parent == (unsigned)cpus && sys_is(board->dtb, node, "device_type", "cpu") &&
			 usable(board->dtb, node);
	}
	return count;
}

const char *sys_board_read(struct sys_board *board, const void *dtb, size_t bytes)
{
	const char *wrong;
	uint64_t reserved;

	board->dtb = dtb;
	board->node_count = 0;
	if (bytes < sizeof(struct fdt_header) || fdt_check_header(dtb) != 0 || fdt_totalsize(dtb) > bytes)
		return "this is not a device tree blob, or it is damaged";
	wrong = index_nodes(board);
	if (wrong)
		return wrong;
	reserved = sum_regs(board, sys_node_path(board, "/reserved-memory"), NULL);
	board->ram_bytes = sum_regs(board, 0, "memory");
	board->cpus = count_cpus(board);
	if (board->ram_bytes == 0)
		return "it describes no memory";
	if (board->cpus == 0)
		return "it describes no CPU";
	board->ram_bytes -= reserved < board->ram_bytes ? reserved : board->ram_bytes;
	return NULL;
}

/* ---- named regions ---- */

/* A node's name counts with its unit address or without. */
static bool named(const char *node_name, const char *name)
{
	size_t bytes = strlen(name);

	return strncmp(node_name, name, bytes) == 0 && (node_name[bytes] == '\0' || node_name[bytes] == '@');
}

bool sys_asinfo(const void *board_dtb, const char *name, uint64_t *start, uint64_t *bytes)
{
	int parent = fdt_path_offset(board_dtb, "/reserved-memory"), node;
	struct sys_cells cells;
	struct sys_range range;

	if (parent < 0 || !sys_cells_of(board_dtb, parent, &cells) || cells.size == 0)
		return false;
	fdt_for_each_subnode(node, board_dtb, parent)
	{
		const char *here = fdt_get_name(board_dtb, node, NULL);

		if (here && named(here, name) && sys_reg(board_dtb, node, &cells, 0, &range)) {
			*start = range.start;
			*bytes = range.bytes;
			return true;
		}
	}
	return false;
}
