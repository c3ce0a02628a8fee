/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the board: their registers as the CPUs see them, and their interrupts. */
#include "internal.h"
#include <libfdt.h>
#include <string.h>

/* The path of the device that /chosen/stdout-path names, without the options after a colon. */
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

bool sys_device_is(const struct sys_board *board, const char *name, const char *compatible)
{
	int node = find_node(board, name);

	return node >= 0 && sys_is_compatible(board, (unsigned)node, compatible);
}

/* False: too long. */
static bool get_path(const struct sys_board *board, int node, char path[SYS_PATH_MAX])
{
	size_t at = SYS_PATH_MAX - 1;

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
	memmove(path, path + at, SYS_PATH_MAX - at);
	return true;
}

void sys_path_of(const struct sys_board *board, int node, char path[SYS_PATH_MAX])
{
	static const char long_path[] = "a device whose path is longer than 127 bytes";

	if (!get_path(board, node, path))
		memcpy(path, long_path, sizeof(long_path));
}

static const char *read_ranges(const struct sys_board *board, int node, struct sys_device *device)
{
	struct sys_registers registers = sys_registers(board, node);
	struct sys_range range;
	const char *wrong;

	device->range_count = 0;
	if (!registers.readable)
		return "the '#address-cells' or '#size-cells' of its bus are not supported";
	while (sys_next_registers(&registers, &range, &wrong)) {
		if (wrong)
			return wrong;
		if (device->range_count == SYS_RANGES_MAX)
			return "it has more register ranges than are supported (4)";
		device->ranges[device->range_count++] = range;
	}
	return device->range_count ? NULL : "it has no registers ('reg')";
}

static const char *read_interrupts(const struct sys_board *board, int node, struct sys_device *device)
{
	struct sys_interrupts interrupts = sys_interrupts(board, node);
	struct sys_interrupt interrupt;
	const char *wrong;

	device->interrupt_count = 0;
	while (sys_next_interrupt(&interrupts, &interrupt, &wrong)) {
		if (wrong)
			return wrong;
		if (device->interrupt_count == SYS_INTRS_MAX)
			return "it has more interrupts than are supported (8)";
		device->interrupts[device->interrupt_count++] = interrupt;
	}
	return NULL;
}

/*
 * Devices whose registers control interrupts or DMA of others: the GIC, its ITS, which also writes its tables to any
 * address that its registers name (IHI 0069, 5.2), and any SMMU.
 */
static bool rules_others(const void *dtb, int node)
{
	return sys_is_gic(dtb, node) || sys_is(dtb, node, "compatible", "arm,gic-v3-its") ||
	       sys_is(dtb, node, "compatible", "arm,smmu-v3") || fdt_getprop(dtb, node, "#iommu-cells", NULL);
}

/* Why nobody may have the node: it belongs to the kernel, or it could not work. A reason of a node above it counts,
 * too. */
static const char *reason_to_refuse(const struct sys_board *board, int index)
{
	const void *dtb = board->dtb;

	if (rules_others(dtb, board->nodes[index].offset))
		return "it belongs to the kernel";
	if (sys_is(dtb, board->nodes[index].offset, "device_type", "memory"))
		return "it is memory";
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

/* Could it reach all memory by DMA? A tree need not say so: a device that neither says it nor is in the list counts as
 * no. */
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
		return strcmp(name, "stdout") == 0
			   ? "the board's tree has no /chosen/stdout-path, or it names no device"
			   : "the board has no such device";
	if (!get_path(board, node, device->path))
		return "its path is longer than 127 bytes";
	if ((int)board->nodes[node].parent == sys_node_path(board, "/reserved-memory") ||
	    sys_is(board->dtb, board->nodes[node].offset, "device_type", "memory"))
		return "it is memory; name it in 'regions'";
	device->dma = does_dma(board->dtb, board->nodes[node].offset) &&
		      !fdt_getprop(board->dtb, board->nodes[node].offset, "iommu-map", NULL);
	wrong = reason_to_refuse(board, node);
	if (!wrong)
		wrong = read_ranges(board, node, device);
	return wrong ? wrong : read_interrupts(board, node, device);
}

static bool has_registers(const struct sys_board *board, int node, const struct sys_claim *claim)
{
	struct sys_registers registers = sys_registers(board, node);
	const struct sys_range range = {claim->start, claim->bytes};
	struct sys_range own;
	const char *wrong;

	while (sys_next_registers(&registers, &own, &wrong)) {
		if (!wrong && sys_share_page(&own, &range))
			return true;
	}
	return false;
}

static bool has_interrupt(const struct sys_board *board, int node, const struct sys_claim *claim)
{
	struct sys_interrupts interrupts = sys_interrupts(board, node);
	struct sys_interrupt own;
	const char *wrong;

	while (sys_next_interrupt(&interrupts, &own, &wrong)) {
		if (!wrong && own.intid == claim->start)
			return true;
	}
	return false;
}

bool sys_claim_is_of(const struct sys_board *board, int node, const struct sys_claim *claim)
{
	if (claim->what == SYS_MEMORY)
		return false;
	return claim->what == SYS_INTERRUPT ? has_interrupt(board, node, claim) : has_registers(board, node, claim);
}

bool sys_owns_stdout(const struct sys_board *board, const struct sys_claims *claims, unsigned owner)
{
	int node = find_node(board, "stdout");

	for (unsigned i = 0; node >= 0 && i < claims->count; i++) {
		if (claims->claim[i].owner == owner && claims->claim[i].what == SYS_MMIO &&
		    sys_claim_is_of(board, node, &claims->claim[i]))
			return true;
	}
	return false;
}

const char *sys_interrupt_refused(const struct sys_board *board, int node)
{
	return fdt_getprop(board->dtb, board->nodes[node].offset, "iommu-map", NULL) ? NULL
										     : reason_to_refuse(board, node);
}

/* As for a device that is named, except a PCI host bridge with an SMMU, which blocks the DMA of all its devices. */
static const char *reason_to_refuse_page(const struct sys_board *board, int index, bool dma_allowed)
{
	const void *dtb = board->dtb;
	const int node = board->nodes[index].offset;
	const char *wrong;

	if (fdt_getprop(dtb, node, "iommu-map", NULL))
		return NULL;
	wrong = reason_to_refuse(board, index);
	return wrong || dma_allowed || !does_dma(dtb, node) ? wrong : "it can do DMA, which nothing bounds";
}

/*
 * Why a node forbids `range`, or NULL. Registers that the CPUs cannot reach forbid nothing. If registers of the
 * kernel's devices cannot be read, every range is forbidden.
 */
static const char *in_the_way(const struct sys_board *board, int node, const struct sys_range *range, bool dma_allowed)
{
	struct sys_registers registers = sys_registers(board, node);
	struct sys_range own;
	bool all = registers.readable;
	const char *wrong;

	while (sys_next_registers(&registers, &own, &wrong)) {
		all &= !wrong || sys_unreachable(wrong);
		if (!wrong && sys_share_page(&own, range)) {
			wrong = reason_to_refuse_page(board, node, dma_allowed);
			if (wrong)
				return wrong;
		}
	}
	if (!all && board->nodes[node].reg_bytes && rules_others(board->dtb, board->nodes[node].offset))
		return "it belongs to the kernel, and the tree does not say where its registers are";
	return NULL;
}

const char *sys_mmio_refused(const struct sys_board *board, const struct sys_range *range, const char *except,
			     bool dma_allowed, char path[SYS_PATH_MAX])
{
	for (int node = 1; node < (int)board->node_count; node++) {
		const char *wrong = in_the_way(board, node, range, dma_allowed);

		if (!wrong)
			continue;
		sys_path_of(board, node, path);
		if (!except || strcmp(path, except) != 0)
			return wrong;
	}
	return NULL;
}
