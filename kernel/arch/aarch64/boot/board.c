/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board, from firmware's device tree. MMU off: see boot.h. Whatever the kernel cannot do without is refused with a
 * message; whatever it can do without is left out with a line.
 */
#include "board.h"
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/sysreg.h"
#include "boot/fdt.h"
#include "boot/ranges.h"
#include "console.h"

static void add_reserved(struct range r)
{
	if (!range_ok(r.start, r.bytes))
		return;
	if (board.reserved_count == BOARD_RESERVED_MAX)
		boot_refuse("firmware reserves more than 32 ranges of memory");
	board.reserved[board.reserved_count++] = r;
}

/* A range that its node says is reserved; where firmware wants nobody to map it even a speculative access may fail. */
static void read_reserved(const struct fdt *fdt, const struct fdt_node *node)
{
	struct fdt_value value;
	struct range r;

	for (unsigned i = 0; fdt_reg(fdt, node, i, &r); i++) {
		add_reserved(r);
		if (fdt_prop(fdt, node, "no-map", &value))
			ranges_remove(board.ram, &board.ram_count, r);
	}
}

static void read_memory(const struct fdt *fdt)
{
	const struct range beyond = {.start = RAM_LIMIT, .bytes = 0 - RAM_LIMIT - PAGE_SIZE};
	struct fdt_node node = FDT_START;
	struct range r;

	while (fdt_next(fdt, &node)) {
		if (!fdt_has_string(fdt, &node, "device_type", "memory") || !fdt_is_enabled(fdt, &node))
			continue;
		for (unsigned i = 0; fdt_reg(fdt, &node, i, &r); i++)
			ranges_add(board.ram, &board.ram_count, r);
	}
	ranges_remove(board.ram, &board.ram_count, beyond);
	for (unsigned i = 0; fdt_reserved(fdt, i, &r); i++)
		add_reserved(r);
	if (!fdt_path(fdt, &node, "/reserved-memory"))
		return;
	for (int depth = node.depth; fdt_next(fdt, &node) && node.depth > depth;) {
		if (fdt_is_enabled(fdt, &node))
			read_reserved(fdt, &node);
	}
}

static void add_cpu(const struct fdt *fdt, const struct fdt_node *node, uint64_t own)
{
	struct range reg;

	if (!fdt_reg_bus(fdt, node, 0, &reg) || reg.start == own)
		return;
	if (!fdt_has_string(fdt, node, "enable-method", "psci"))
		printk("CPU %s is left out: its enable-method is not psci\n", node->name);
	else if (board.cpu_count == CPU_MAX)
		printk("CPU %s is left out: the kernel has room for %u\n", node->name, CPU_MAX);
	else
		board.arch.cpu_mpidr[board.cpu_count++] = reg.start & ARCH_AFFINITY_MASK;
}

/* The CPU that firmware chose is number 0; the others follow as the tree lists them. */
static void read_cpus(const struct fdt *fdt)
{
	struct fdt_node node;
	uint64_t own = sysreg_read(mpidr_el1) & ARCH_AFFINITY_MASK;

	board.cpu_count = 1;
	board.arch.cpu_mpidr[0] = own;
	if (!fdt_path(fdt, &node, "/cpus"))
		return;
	for (int depth = node.depth; fdt_next(fdt, &node) && node.depth > depth;) {
		if (node.depth == depth + 1 && fdt_has_string(fdt, &node, "device_type", "cpu") &&
		    fdt_is_enabled(fdt, &node))
			add_cpu(fdt, &node, own);
	}
}

static void read_gic(const struct fdt *fdt, const struct fdt_node *node)
{
	struct fdt_value value;
	uint64_t regions = fdt_prop(fdt, node, "#redistributor-regions", &value) ? fdt_number(&value) : 1;

	if (!fdt_reg(fdt, node, 0, &board.devices[BOARD_GICD]))
		boot_refuse("the GIC's node has no usable reg");
	if (regions == 0 || regions > BOARD_GICR_MAX)
		boot_refuse("the GIC has more than 4 redistributor regions");
	for (unsigned i = 0; i < regions; i++) {
		if (!fdt_reg(fdt, node, 1 + i, &board.devices[BOARD_GICR + i]))
			boot_refuse("the GIC's node has no usable redistributor");
	}
}

static void read_psci(const struct fdt *fdt, const struct fdt_node *node)
{
	if (!fdt_is_compatible(fdt, node, "arm,psci-1.0") && !fdt_is_compatible(fdt, node, "arm,psci-0.2"))
		return;
	if (fdt_has_string(fdt, node, "method", "hvc"))
		board.arch.conduit = CONDUIT_HVC;
	else if (fdt_has_string(fdt, node, "method", "smc"))
		board.arch.conduit = CONDUIT_SMC;
}

static void read_smmu(const struct fdt *fdt, const struct fdt_node *node)
{
	if (board.devices[BOARD_SMMU].bytes != 0)
		printk("%s: a second SMMU is not used, and the devices behind it are not contained\n", node->name);
	else if (!fdt_reg(fdt, node, 0, &board.devices[BOARD_SMMU]))
		boot_refuse("the SMMU's node has no usable reg");
}

static void read_devices(const struct fdt *fdt)
{
	struct fdt_node node = FDT_START;

	/* PSCI first, so that a refusal can switch the board off. */
	while (board.arch.conduit == CONDUIT_NONE && fdt_next(fdt, &node))
		read_psci(fdt, &node);
	if (board.arch.conduit == CONDUIT_NONE)
		boot_refuse("the device tree has no PSCI 0.2 or later");
	node = FDT_START;
	while (fdt_next(fdt, &node)) {
		if (!fdt_is_enabled(fdt, &node))
			continue;
		if (board.devices[BOARD_GICD].bytes == 0 && fdt_is_compatible(fdt, &node, "arm,gic-v3"))
			read_gic(fdt, &node);
		else if (fdt_is_compatible(fdt, &node, "arm,smmu-v3"))
			read_smmu(fdt, &node);
	}
}

/* stdout-path is a path or an alias, and options after a colon (Devicetree Specification 3.6). */
static void read_console(const struct fdt *fdt, const struct fdt_node *chosen)
{
	const char *path = fdt_text(fdt, chosen, "stdout-path");
	struct fdt_node node;
	struct range r;

	if (path && path[0] != '/')
		path = fdt_path(fdt, &node, "/aliases") ? fdt_text(fdt, &node, path) : NULL;
	if (!path || !fdt_path(fdt, &node, path) || !fdt_reg(fdt, &node, 0, &r))
		return;
	if (!fdt_is_compatible(fdt, &node, "arm,pl011") && !fdt_is_compatible(fdt, &node, "arm,sbsa-uart"))
		return;
	board.console = r;
	console_early();
}

static void read_initrd(const struct fdt *fdt, const struct fdt_node *chosen)
{
	struct fdt_value from, to;

	if (!fdt_prop(fdt, chosen, "linux,initrd-start", &from) || !fdt_prop(fdt, chosen, "linux,initrd-end", &to))
		return;
	if (fdt_number(&to) <= fdt_number(&from))
		boot_refuse("linux,initrd-start and -end in /chosen are no range");
	board.initrd = (struct range){.start = fdt_number(&from), .bytes = fdt_number(&to) - fdt_number(&from)};
}

/* Firmware's randomness is the kernel's: it is folded into the seed and wiped where every reader of the tree sees it.
 */
static void take_seed(const struct fdt *fdt, const struct fdt_node *chosen, const char *name)
{
	struct fdt_value value;

	if (!fdt_prop(fdt, chosen, name, &value))
		return;
	for (uint32_t i = 0; i < value.bytes; i++) {
		board.seed[i % sizeof(board.seed)] ^= value.data[i];
		*(volatile uint8_t *)&value.data[i] = 0;
	}
	cache_clean(value.data, value.bytes);
}

/* EL2 reaches these through its map of RAM. */
static void check_in_ram(const struct range *r, const char *why)
{
	if (r->bytes != 0 && !ranges_hold(board.ram, board.ram_count, r->start, r->bytes))
		boot_refuse(why);
}

void board_parse(const void *dtb)
{
	struct fdt_node chosen;
	struct fdt fdt;

	if (!fdt_open(&fdt, dtb))
		boot_refuse("the device tree is damaged");
	board.dtb = (struct range){.start = (paddr_t)dtb, .bytes = fdt.bytes};
	if (fdt_path(&fdt, &chosen, "/chosen")) {
		read_console(&fdt, &chosen);
		read_initrd(&fdt, &chosen);
		take_seed(&fdt, &chosen, "rng-seed");
		take_seed(&fdt, &chosen, "kaslr-seed");
	}
	read_devices(&fdt);
	read_memory(&fdt);
	read_cpus(&fdt);
	if (board.devices[BOARD_GICD].bytes == 0)
		boot_refuse("the device tree has no GICv3 (QEMU: gic-version=3)");
	if (board.ram_count == 0)
		boot_refuse("the device tree has no memory");
	check_in_ram(&board.image, "the kernel was not loaded into RAM that the device tree describes");
	check_in_ram(&board.dtb, "the device tree does not lie in RAM that it describes");
	check_in_ram(&board.initrd, "the boot archive (initrd) does not lie in RAM that the device tree describes");
	if (ranges_overlap(board.image.start, board.image.bytes, board.dtb.start, board.dtb.bytes) ||
	    ranges_overlap(board.image.start, board.image.bytes, board.initrd.start, board.initrd.bytes))
		boot_refuse("the device tree or the boot archive overlaps the kernel");
}
