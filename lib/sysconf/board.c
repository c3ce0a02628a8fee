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

/* Bytes in all `reg` entries of the children of `parent`; only those with that device_type, if one is given. */
static uint64_t sum_regs(const void *dtb, int parent, const char *device_type)
{
	struct sys_cells cells;
	struct sys_range range;
	uint64_t sum = 0;
	int node;

	if (parent < 0 || !sys_cells_of(dtb, parent, &cells) || cells.size == 0)
		return 0;
	fdt_for_each_subnode(node, dtb, parent)
	{
		if (!usable(dtb, node) || (device_type && !sys_is(dtb, node, "device_type", device_type)))
			continue;
		for (unsigned i = 0; sys_reg(dtb, node, &cells, i, &range); i++) {
			if (__builtin_add_overflow(sum, range.bytes, &sum))
				return 0;
		}
	}
	return sum;
}

static unsigned count_cpus(const void *dtb)
{
	int cpus = fdt_path_offset(dtb, "/cpus"), node;
	unsigned count = 0;

	if (cpus < 0)
		return 0;
	fdt_for_each_subnode(node, dtb, cpus)
	{
		if (usable(dtb, node) && sys_is(dtb, node, "device_type", "cpu"))
			count++;
	}
	return count;
}

const char *sys_board_read(struct sys_board *board, const void *dtb, size_t bytes)
{
	uint64_t reserved;

	if (fdt_check_full(dtb, bytes) != 0)
		return "this is not a device tree blob, or it is damaged";
	reserved = sum_regs(dtb, fdt_path_offset(dtb, "/reserved-memory"), NULL);
	board->dtb = dtb;
	board->ram_bytes = sum_regs(dtb, 0, "memory");
	board->cpus = count_cpus(dtb);
	if (board->ram_bytes == 0)
		return "it describes no memory";
	if (board->cpus == 0)
		return "it describes no CPU";
	board->ram_bytes -= reserved < board->ram_bytes ? reserved : board->ram_bytes;
	return NULL;
}

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
