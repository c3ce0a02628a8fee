/* SPDX-License-Identifier: Apache-2.0 */
/* The board's memory and CPUs. */
#include "fdt_good.h"
#include "internal.h"
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static bool usable(const void *dtb, int node)
{
	int length;
	const char *status = fdt_stringlist_get(dtb, node, "status", 0, &length);

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

/* ---- the tree ---- */

#define CELLS_WRONG 0xff

/* Devicetree Specification 0.4, 2.3.5. */
static void index_cells(uint8_t *cells, const struct fdt_property *property, int length)
{
	uint64_t count = length == 4 ? sys_cells_read(property->data, 0, 1) : CELLS_WRONG;

	*cells = count <= FDT_MAX_NCELLS ? (uint8_t)count : CELLS_WRONG;
}

/* Puts a property into the index, if it belongs there; false: it is damaged. */
static bool index_property(struct sys_board *board, unsigned node, int offset)
{
	int length;
	const struct fdt_property *property = fdt_get_property_by_offset(board->dtb, offset, &length);
	const char *name = property ? fdt_string(board->dtb, (int)fdt32_to_cpu(property->nameoff)) : NULL;

	if (!name || length < 0)
		return false;
	if (strcmp(name, "device_type") == 0) {
		board->nodes[node].typed = true;
	} else if (strcmp(name, "reg") == 0) {
		board->nodes[node].reg = (int32_t)(property->data - (const char *)board->dtb);
		board->nodes[node].reg_bytes = (uint32_t)length;
	} else if (strcmp(name, "compatible") == 0) {
		board->nodes[node].compatible = (int32_t)(property->data - (const char *)board->dtb);
		board->nodes[node].compatible_bytes = (uint32_t)length;
	} else if (strcmp(name, "#address-cells") == 0) {
		index_cells(&board->nodes[node].address_cells, property, length);
	} else if (strcmp(name, "#size-cells") == 0) {
		index_cells(&board->nodes[node].size_cells, property, length);
	} else if (length == 4 && (strcmp(name, "phandle") == 0 || strcmp(name, "linux,phandle") == 0)) {
		board->nodes[node].phandle = (uint32_t)sys_cells_read(property->data, 0, 1);
	}
	return true;
}

/* One walk over the tree, which also makes the checks of fdt_good(): one root around everything, and no property that
 * is too long.
 */
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
			board->nodes[node].phandle = board->nodes[node].reg_bytes = 0;
			board->nodes[node].compatible_bytes = 0;
			board->nodes[node].address_cells = 2; /* the default */
			board->nodes[node].size_cells = 1;
			board->nodes[node].typed = false;
		} else if (tag == FDT_END_NODE) {
			if (node < 0)
				return damaged;
			node = node == 0 ? -1 : (int)board->nodes[node].parent;
		} else if (tag == FDT_PROP) {
			if (node < 0 || !index_property(board, (unsigned)node, offset))
				return damaged;
		}
		if (next <= offset)
			return damaged;
	}
	/* After an error libfdt reports the end of the tree, and `next` is the error. */
	return next >= 0 && node < 0 && board->node_count ? NULL : damaged;
}

/* As libfdt compares names: one without a unit address matches any. */
static bool is_named(const char *node_name, const char *name, size_t bytes)
{
	return strncmp(node_name, name, bytes) == 0 &&
	       (node_name[bytes] == '\0' || (node_name[bytes] == '@' && !memchr(name, '@', bytes)));
}

/* The name follows the node's tag. index_nodes() has checked that it ends; libfdt would check it again. */
static const char *name_of(const struct sys_board *board, unsigned node)
{
	return (const char *)board->dtb + fdt_off_dt_struct(board->dtb) + board->nodes[node].offset + FDT_TAGSIZE;
}

static int node_child(const struct sys_board *board, int parent, const char *name, size_t bytes)
{
	for (unsigned i = 1; parent >= 0 && i < board->node_count; i++) {
		if (board->nodes[i].parent == (unsigned)parent && is_named(name_of(board, i), name, bytes))
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

		node = node_child(board, node, path, bytes);
		path += bytes;
	}
	return node;
}

/* ---- memory and CPUs ---- */

/* Gives `take` all `reg` entries of the children of `parent` with this device_type; NULL: with any. */
static const char *each_reg(struct sys_board *board, int parent, const char *device_type,
			    const char *(*take)(struct sys_board *board, const struct sys_range *range, int node))
{
	const void *dtb = board->dtb;
	const char *wrong = NULL;
	struct sys_cells cells;
	struct sys_range range;

	if (parent < 0 || !sys_cells_of(board, parent, &cells) || cells.size == 0)
		return NULL;
	for (unsigned n = 1; n < board->node_count && !wrong; n++) {
		int node = board->nodes[n].offset;

		if (board->nodes[n].parent != (unsigned)parent ||
		    (device_type && (!board->nodes[n].typed || !sys_is(dtb, node, "device_type", device_type))) ||
		    !usable(dtb, node))
			continue;
		for (unsigned i = 0; sys_reg(board, (int)n, &cells, i, &range) && !wrong; i++)
			wrong = take(board, &range, node);
	}
	return wrong;
}

static const char *take_memory(struct sys_board *board, const struct sys_range *range, int node)
{
	(void)node;
	if (range->bytes == 0)
		return NULL;
	if (board->ram_count == SYS_BOARD_RAM_MAX)
		return "it has more ranges of memory than are supported (16)";
	for (unsigned i = 0; i < board->ram_count; i++) {
		if (sys_share_page(&board->ram[i], range))
			return "it describes the same memory twice";
	}
	board->ram[board->ram_count++] = *range;
	return NULL;
}

static const char *take_reserved(struct sys_board *board, const struct sys_range *range, int node)
{
	const char *name = node >= 0 ? fdt_get_name(board->dtb, node, NULL) : "";
	struct sys_reserved *reserved = &board->reserved[board->reserved_count];
	size_t bytes = strcspn(name, "@");

	if (range->bytes == 0)
		return NULL;
	if (board->reserved_count == SYS_RESERVED_MAX)
		return "it reserves more ranges of memory than are supported (32)";
	if (bytes >= sizeof(reserved->name))
		bytes = sizeof(reserved->name) - 1;
	reserved->range = *range;
	reserved->no_map = node < 0 || fdt_getprop(board->dtb, node, "no-map", NULL);
	memcpy(reserved->name, name, bytes);
	reserved->name[bytes] = '\0';
	board->reserved_count++;
	return NULL;
}

static const char *read_reserved(struct sys_board *board)
{
	const char *wrong = each_reg(board, sys_node_path(board, "/reserved-memory"), NULL, take_reserved);

	/* Devicetree Specification 0.4, 5.3: entries of /memreserve/. */
	for (int i = 0; i < fdt_num_mem_rsv(board->dtb) && !wrong; i++) {
		struct sys_range range;

		if (fdt_get_mem_rsv(board->dtb, i, &range.start, &range.bytes) != 0 ||
		    range.bytes > UINT64_MAX - range.start)
			return "its list of reserved memory is damaged";
		wrong = take_reserved(board, &range, -1);
	}
	return wrong;
}

/* Bytes of `range` that lie in RAM. */
static uint64_t within_ram(const struct sys_board *board, const struct sys_range *range)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < board->ram_count; i++) {
		const struct sys_range *ram = &board->ram[i];
		uint64_t from = range->start > ram->start ? range->start : ram->start;
		uint64_t ram_end = ram->start + ram->bytes, end = range->start + range->bytes;

		end = end < ram_end ? end : ram_end;
		bytes += end > from ? end - from : 0;
	}
	return bytes;
}

/* A range that is reserved twice counts twice: the kernel finds at least this much free. */
static const char *sum_ram(struct sys_board *board)
{
	uint64_t reserved = 0;

	board->ram_bytes = 0;
	for (unsigned i = 0; i < board->ram_count; i++) {
		if (__builtin_add_overflow(board->ram_bytes, board->ram[i].bytes, &board->ram_bytes))
			return "it describes more memory than there are addresses";
	}
	for (unsigned i = 0; i < board->reserved_count; i++) {
		if (__builtin_add_overflow(reserved, within_ram(board, &board->reserved[i].range), &reserved))
			reserved = UINT64_MAX;
	}
	board->ram_bytes -= reserved < board->ram_bytes ? reserved : board->ram_bytes;
	return board->ram_count ? NULL : "it describes no memory";
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

static const char *read_memory(struct sys_board *board, const struct sys_range *memory, unsigned count)
{
	const char *wrong = count == 0 ? each_reg(board, 0, "memory", take_memory) : NULL;

	for (unsigned i = 0; i < count && !wrong; i++)
		wrong = take_memory(board, &memory[i], -1);
	return wrong;
}

const char *sys_board_read(struct sys_board *board, const void *dtb, size_t bytes)
{
	return sys_board_read_with(board, dtb, bytes, NULL, 0);
}

const char *sys_board_read_with(struct sys_board *board, const void *dtb, size_t bytes, const struct sys_range *memory,
				unsigned count)
{
	const char *wrong;

	board->dtb = dtb;
	board->intid_limit = SYS_SPI_LAST + 1;
	board->node_count = board->ram_count = board->reserved_count = 0;
	if (!fdt_good_header(dtb, bytes))
		return "this is not a device tree blob, or it is damaged";
	wrong = index_nodes(board);
	if (!wrong)
		wrong = read_memory(board, memory, count);
	if (!wrong)
		wrong = read_reserved(board);
	if (!wrong)
		wrong = sum_ram(board);
	if (wrong)
		return wrong;
	board->cpus = count_cpus(board);
	return board->cpus ? NULL : "it describes no CPU";
}

bool sys_board_is(const struct sys_board *board, const char *compatible)
{
	return sys_is_compatible(board, 0, compatible);
}

/* ---- named regions ---- */

static bool owner_has(const struct sys_owner *owner, const char *name)
{
	for (unsigned i = 0; i < owner->region_count; i++) {
		if (strcmp(owner->regions[i], name) == 0)
			return true;
	}
	return false;
}

bool sys_asinfo(const struct sys_config *config, const struct sys_owner *owner, const struct sys_board *board,
		const char *name, uint64_t *start, uint64_t *bytes)
{
	if (owner && !owner_has(owner, name))
		return false;
	for (unsigned i = 0; owner && i < config->region_count; i++) {
		const struct sys_region *region = &config->regions[i];

		if (strcmp(region->name, name) == 0) {
			/* Without a `start`, which sys_check() reports: a place that no other region has. */
			*start =
			    region->start == SYS_ANYWHERE ? (uint64_t)(i + 1) << 40 : region->start & ~(QVM_PAGE - 1);
			*bytes = region->bytes;
			return true;
		}
	}
	for (unsigned i = 0; board && i < board->reserved_count; i++) {
		if (*name && strcmp(board->reserved[i].name, name) == 0) {
			*start = board->reserved[i].range.start;
			*bytes = board->reserved[i].range.bytes;
			return true;
		}
	}
	return false;
}

static bool anybody_has(const struct sys_config *config, const struct sys_board *board, const char *name)
{
	bool found = false;

	for (unsigned i = 0; i < config->region_count; i++)
		found |= strcmp(config->regions[i].name, name) == 0;
	for (unsigned i = 0; board && i < board->reserved_count; i++)
		found |= strcmp(board->reserved[i].name, name) == 0;
	return found;
}

void sys_asinfo_why(const struct sys_config *config, const struct sys_vm *vm, const struct sys_board *board,
		    const struct sys_report *report, const char *name, char *text, size_t bytes)
{
	const struct sys_place node = {"vms", vm->own.name, NULL};
	char where[SYS_WHERE_MAX];

	sys_where(report, &node, where);
	if (!anybody_has(config, board, name))
		snprintf(text, bytes, "memory region '%.64s': %s", name,
			 board ? "neither /memory nor the board's /reserved-memory has it"
			       : "/memory does not have it, and what the board has is known only with --board");
	else
		snprintf(text, bytes, "memory region '%.64s': /vms/%s%s does not name it in 'regions'", name,
			 vm->own.name, where);
}

uint32_t sys_present_cpus(const struct sys_board *board)
{
	return board->cpus >= CPU_MAX ? (1u << CPU_MAX) - 1 : (1u << board->cpus) - 1;
}
