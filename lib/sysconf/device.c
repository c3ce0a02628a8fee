/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the board: their registers as the CPUs see them, and their interrupts. */
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
#define FLAGS_EDGES 3 /* bit 0: rising, bit 1: falling edge */

/* The path of the device that /chosen/stdout-path names, without the options behind a colon. */
static const char *stdout_name(const struct sys_board *board, char *name, size_t bytes)
{
	int chosen = sys_node_path(board, "/chosen"), length;
	const char *path =
	    chosen < 0 ? NULL : fdt_stringlist_get(board->dtb, board->nodes[chosen].offset, "stdout-path", 0, &length);
	size_t n = path ? strcspn(path, ":") : 0;

	if (n == 0 || n >= bytes)
		return NULL;
	memcpy(name, path, n);
	name[n] = '\0';
	return name;
}

static int find_node(const struct sys_board *board, const char *name)
{
	char buffer[SYS_PATH_MAX];

	if (strcmp(name, "stdout") == 0)
		name = stdout_name(board, buffer, sizeof(buffer));
	if (name && name[0] != '/') {
		int aliases = sys_node_path(board, "/aliases"), length;

		name =
		    aliases < 0 ? NULL : fdt_stringlist_get(board->dtb, board->nodes[aliases].offset, name, 0, &length);
	}
	return name ? sys_node_path(board, name) : -1;
}

/* False: too long. */
static bool get_path(const struct sys_board *board, int node, char *path, size_t bytes)
{
	size_t at = bytes - 1;

	path[at] = '\0';
	if (node == 0) {
		memcpy(path, "/", 2);
		return true;
	}
	for (; node != 0; node = (int)board->nodes[node].parent) {
		int length;
		const char *name = fdt_get_name(board->dtb, board->nodes[node].offset, &length);

		if (!name || (size_t)length + 1 > at)
			return false;
		at -= (size_t)length + 1;
		path[at] = '/';
		memcpy(path + at + 1, name, (size_t)length);
	}
	memmove(path, path + at, bytes - at);
	return true;
}

/* Carries an address over one bus's `ranges` towards the root. */
static const char *translate_once(const void *dtb, int bus, int parent, struct sys_range *range)
{
	struct sys_cells here, above;
	int length;
	const void *ranges = fdt_getprop(dtb, bus, "ranges", &length);
	unsigned stride;

	if (!ranges)
		return "its bus has no 'ranges': its registers cannot be reached from the CPUs";
	if (length == 0)
		return NULL; /* the same addresses above and below */
	if (!sys_cells_of(dtb, bus, &here) || !sys_cells_of(dtb, parent, &above))
		return "its bus has addresses of more than two cells, which is not supported";
	stride = here.address + above.address + here.size;
	for (unsigned i = 0; (i + 1) * stride * 4 <= (unsigned)length; i++) {
		uint64_t child = sys_cells_read(ranges, i * stride, here.address);
		uint64_t up = sys_cells_read(ranges, i * stride + here.address, above.address);
		uint64_t bytes = sys_cells_read(ranges, i * stride + here.address + above.address, here.size);

		if (range->start >= child && range->start - child < bytes &&
		    range->bytes <= bytes - (range->start - child)) {
			range->start = up + (range->start - child);
			return NULL;
		}
	}
	return "its registers lie in none of the 'ranges' of its bus";
}

static const char *translate(const struct sys_board *board, int bus, struct sys_range *range)
{
	const char *wrong = NULL;

	while (bus != 0 && !wrong) {
		int parent = (int)board->nodes[bus].parent;

		wrong = translate_once(board->dtb, board->nodes[bus].offset, board->nodes[parent].offset, range);
		bus = parent;
	}
	return wrong;
}

static const char *read_ranges(const struct sys_board *board, int node, struct sys_device *device)
{
	int bus = (int)board->nodes[node].parent;
	struct sys_cells cells;
	struct sys_range range;

	device->range_count = 0;
	if (node == 0 || !sys_cells_of(board->dtb, board->nodes[bus].offset, &cells) || cells.size == 0)
		return "its bus writes addresses in a way that is not supported";
	for (unsigned i = 0; sys_reg(board->dtb, board->nodes[node].offset, &cells, i, &range); i++) {
		const char *wrong = translate(board, bus, &range);

		if (wrong)
			return wrong;
		if (!sys_physical(&range))
			return "its registers lie beyond the last physical address";
		if (i == SYS_RANGES_MAX)
			return "it has more register ranges than are supported (4)";
		device->ranges[device->range_count++] = range;
	}
	return device->range_count ? NULL : "it has no registers ('reg') to be granted";
}

/* The offset of a node's interrupt controller: named by itself or by the nearest node above it that names one. */
static int interrupt_parent(const struct sys_board *board, int node)
{
	const void *phandle = NULL;
	int length = 0;

	while (!(phandle = fdt_getprop(board->dtb, board->nodes[node].offset, "interrupt-parent", &length)) &&
	       node != 0)
		node = (int)board->nodes[node].parent;
	for (unsigned i = 0; phandle && length == 4 && i < board->node_count; i++)
		if (board->nodes[i].phandle != 0 && board->nodes[i].phandle == sys_cells_read(phandle, 0, 1))
			return board->nodes[i].offset;
	return -FDT_ERR_NOTFOUND;
}

static bool is_gic(const void *dtb, int node)
{
	return sys_is(dtb, node, "compatible", "arm,gic-v3") || sys_is(dtb, node, "compatible", "arm,gic-400") ||
	       sys_is(dtb, node, "compatible", "arm,cortex-a15-gic");
}

static bool has_gic_cells(const void *dtb, int gic)
{
	int length;
	const void *cells = fdt_getprop(dtb, gic, "#interrupt-cells", &length);

	return !cells || (length == 4 && sys_cells_read(cells, 0, 1) == GIC_CELLS);
}

static bool read_interrupt(const void *cells, struct sys_interrupt *interrupt)
{
	uint64_t type = sys_cells_read(cells, 0, 1), number = sys_cells_read(cells, 1, 1);

	interrupt->edge = (sys_cells_read(cells, 2, 1) & FLAGS_EDGES) != 0;
	if (type == GIC_SPI && number < SPI_COUNT)
		interrupt->intid = (uint32_t)number + SPI_BASE;
	else if (type == GIC_PPI && number < PPI_COUNT)
		interrupt->intid = (uint32_t)number + PPI_BASE;
	else
		return false;
	return true;
}

static const char *read_interrupts(const struct sys_board *board, int index, struct sys_device *device)
{
	const void *dtb = board->dtb;
	int node = board->nodes[index].offset, length, parent;
	const uint8_t *cells = fdt_getprop(dtb, node, "interrupts", &length);

	device->interrupt_count = 0;
	if (fdt_getprop(dtb, node, "interrupts-extended", NULL))
		return "it has 'interrupts-extended', which is not supported";
	if (!cells)
		return NULL;
	parent = interrupt_parent(board, index);
	if (parent < 0 || !is_gic(dtb, parent))
		return "its interrupts do not go to the GIC";
	if (length % (4 * GIC_CELLS) || !has_gic_cells(dtb, parent))
		return "its 'interrupts' are not made of three cells each";
	for (; length > 0; length -= 4 * GIC_CELLS, cells += 4 * GIC_CELLS) {
		if (device->interrupt_count == SYS_INTRS_MAX)
			return "it has more interrupts than are supported (8)";
		if (!read_interrupt(cells, &device->interrupts[device->interrupt_count++]))
			return "one of its interrupts is neither an SPI nor a PPI";
	}
	return NULL;
}

/*
 * Whose registers say where the interrupts and the DMA of others go: the GIC, its ITS, which also writes tables of its
 * own wherever it is told to (IHI 0069, 5.2), and any SMMU.
 */
static bool rules_others(const void *dtb, int node)
{
	return is_gic(dtb, node) || sys_is(dtb, node, "compatible", "arm,gic-v3-its") ||
	       sys_is(dtb, node, "compatible", "arm,smmu-v3") || fdt_getprop(dtb, node, "#iommu-cells", NULL);
}

/* What is the kernel's alone, or what could not work. What a node is within says so of the node, too. */
static const char *reason_to_refuse(const struct sys_board *board, int index)
{
	const void *dtb = board->dtb;

	if (rules_others(dtb, board->nodes[index].offset))
		return "it belongs to the kernel";
	for (; index != 0; index = (int)board->nodes[index].parent) {
		int length, node = board->nodes[index].offset;
		const char *status = fdt_stringlist_get(dtb, node, "status", 0, &length);

		if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0)
			return "the board's firmware has disabled it (its 'status' or that of its bus is not \"okay\")";
		if (fdt_getprop(dtb, node, "iommus", NULL))
			return "its DMA goes through an SMMU, which lets nothing through yet";
	}
	return NULL;
}

/* Could it reach all memory? A tree need not say so: what says nothing and is not known here counts as no. */
static bool does_dma(const void *dtb, int node)
{
	static const char *const known[] = {"virtio,mmio", "qemu,fw-cfg-mmio", "arm,pl080", "arm,pl330"};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (sys_is(dtb, node, "compatible", known[i]))
			return true;
	}
	return fdt_getprop(dtb, node, "dma-coherent", NULL) || fdt_getprop(dtb, node, "dma-ranges", NULL) ||
	       sys_is(dtb, node, "device_type", "pci");
}

const char *sys_device_find(const struct sys_board *board, const char *name, struct sys_device *device)
{
	int node = find_node(board, name);
	const char *wrong;

	if (node < 0)
		return "the board has no such device";
	if (!get_path(board, node, device->path, sizeof(device->path)))
		return "its path is longer than 127 bytes";
	if ((int)board->nodes[node].parent == sys_node_path(board, "/reserved-memory"))
		return "it is memory; name it in 'regions'";
	device->dma = does_dma(board->dtb, board->nodes[node].offset) &&
		      !fdt_getprop(board->dtb, board->nodes[node].offset, "iommu-map", NULL);
	wrong = reason_to_refuse(board, node);
	if (!wrong)
		wrong = read_ranges(board, node, device);
	return wrong ? wrong : read_interrupts(board, node, device);
}

bool sys_device_is_stdout(const struct sys_board *board, const char *name)
{
	int node = find_node(board, "stdout");

	return node >= 0 && node == find_node(board, name);
}

/* As for a device that is named, but a PCI host bridge may be reached if an SMMU holds all that is behind it. */
static const char *reason_to_refuse_page(const struct sys_board *board, int index, bool dma_allowed)
{
	const void *dtb = board->dtb;
	const int node = board->nodes[index].offset;
	const char *wrong;

	if (sys_is(dtb, node, "device_type", "memory"))
		return "it is memory";
	if (fdt_getprop(dtb, node, "iommu-map", NULL))
		return NULL;
	wrong = reason_to_refuse(board, index);
	return wrong || dma_allowed || !does_dma(dtb, node) ? wrong : "it can do DMA, which nothing bounds";
}

const char *sys_mmio_refused(const struct sys_board *board, const struct sys_range *range, const char *except,
			     bool dma_allowed, char path[SYS_PATH_MAX])
{
	struct sys_device device;

	for (int node = 1; node < (int)board->node_count; node++) {
		const char *wrong = NULL;

		/* What cannot be reached from the CPUs is in nobody's way. */
		read_ranges(board, node, &device);
		for (unsigned i = 0; i < device.range_count && !wrong; i++) {
			if (sys_share_page(&device.ranges[i], range))
				wrong = reason_to_refuse_page(board, node, dma_allowed);
		}
		if (wrong && get_path(board, node, path, SYS_PATH_MAX) && (!except || strcmp(path, except) != 0))
			return wrong;
	}
	return NULL;
}
