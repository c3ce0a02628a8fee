/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel demands of a board (docs/porting.md), for the host tool. On the target the kernel has checked what it
 * needs to start, and procmgr checks the private interrupts. Each message is the kernel's, where it has one.
 */
#include "internal.h"
#include <bulkhead.h>
#include <libfdt.h>

#define BYTES_MAX         (2u << 20) /* of the tree */
#define DEPTH_MAX         16
#define REDISTRIBUTORS    4
#define PPI_MAINTENANCE   25
#define PPI_TIMER         26
#define PPI_VIRTUAL_TIMER 27
#define TIMER_VIRTUAL     2 /* places of interrupts in the timer's node: Linux's binding arm,arch_timer.yaml */
#define TIMER_HYPERVISOR  3

struct demands {
	const struct sys_board *board;
	void (*say)(void *context, const char *text);
	void *context;
};

static void missing(const struct demands *d, const char *text)
{
	d->say(d->context, text);
}

static int offset_of(const struct demands *d, unsigned node)
{
	return d->board->nodes[node].offset;
}

static bool is_enabled(const struct demands *d, unsigned node)
{
	return !fdt_getprop(d->board->dtb, offset_of(d, node), "status", NULL) ||
	       sys_is(d->board->dtb, offset_of(d, node), "status", "okay") ||
	       sys_is(d->board->dtb, offset_of(d, node), "status", "ok");
}

/* The first enabled node that is compatible, or -1. */
static int find_compatible(const struct demands *d, const char *compatible)
{
	for (unsigned n = 0; n < d->board->node_count; n++) {
		if (sys_is_compatible(d->board, n, compatible) && is_enabled(d, n))
			return (int)n;
	}
	return -1;
}

/* How many ranges of `reg` the CPUs can reach, from the first one on. */
static unsigned ranges_of(const struct demands *d, int node)
{
	struct sys_registers registers = sys_registers(d->board, node);
	struct sys_range range;
	const char *wrong = NULL;
	unsigned count = 0;

	while (sys_next_registers(&registers, &range, &wrong) && !wrong)
		count++;
	return count;
}

static uint32_t number(const struct demands *d, int node, const char *property, uint32_t standard)
{
	int length;
	const void *value = fdt_getprop(d->board->dtb, offset_of(d, (unsigned)node), property, &length);

	return value && length == 4 ? (uint32_t)sys_cells_read(value, 0, 1) : standard;
}

/* Is the interrupt whose cells begin with cell `at` of `interrupts` this private one? True if the node has none. */
static bool is_ppi(const struct demands *d, unsigned node, unsigned at, unsigned intid)
{
	int length;
	const void *cells = fdt_getprop(d->board->dtb, offset_of(d, node), "interrupts", &length);

	if (!cells)
		return true;
	return length >= 0 && (unsigned)length / 4 >= at + 2 && sys_cells_read(cells, at, 1) == 1 &&
	       sys_cells_read(cells, at + 1, 1) + 16 == intid;
}

const char *sys_board_interrupts(const struct sys_board *board)
{
	const struct demands d = {board, NULL, NULL};
	const int gic = find_compatible(&d, "arm,gic-v3");
	const unsigned cells = gic < 0 ? 3 : number(&d, gic, "#interrupt-cells", 3) & 15;
	bool good = gic < 0 || is_ppi(&d, (unsigned)gic, 0, PPI_MAINTENANCE);

	for (unsigned n = 0; n < board->node_count; n++) {
		if (sys_is_compatible(board, n, "arm,armv8-timer"))
			good = good && is_ppi(&d, n, TIMER_VIRTUAL * cells, PPI_VIRTUAL_TIMER) &&
			       is_ppi(&d, n, TIMER_HYPERVISOR * cells, PPI_TIMER);
	}
	return good ? NULL
		    : "a timer's or the GIC's private interrupt is not the one that the kernel expects (25, 26, 27)";
}

static void check_gic(const struct demands *d)
{
	static const char *const older[] = {"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic",
					    "arm,cortex-a7-gic"};
	const int gic = find_compatible(d, "arm,gic-v3");
	const char *text = "it has no GICv3 (QEMU: gic-version=3)";
	uint32_t regions;

	if (gic < 0) {
		for (unsigned i = 0; i < sizeof(older) / sizeof(older[0]); i++) {
			if (find_compatible(d, older[i]) >= 0)
				text = "its interrupt controller is a GICv2: a GICv3 is needed";
		}
		missing(d, text);
		return;
	}
	regions = number(d, gic, "#redistributor-regions", 1);
	if (regions == 0 || regions > REDISTRIBUTORS)
		missing(d, "its GIC has more than 4 redistributor regions");
	else if (ranges_of(d, gic) < 1 + regions)
		missing(d, "its GIC's node has no usable registers, or too few for the redistributors");
	text = sys_board_interrupts(d->board);
	if (text)
		missing(d, text);
}

static void check_psci(const struct demands *d)
{
	static const char *const versions[] = {"arm,psci-1.0", "arm,psci-0.2"};

	for (unsigned n = 0; n < d->board->node_count; n++) {
		for (unsigned i = 0; i < 2; i++) {
			if (sys_is_compatible(d->board, n, versions[i]) &&
			    (sys_is(d->board->dtb, offset_of(d, n), "method", "smc") ||
			     sys_is(d->board->dtb, offset_of(d, n), "method", "hvc")))
				return;
		}
	}
	missing(d, "it has no PSCI 0.2 or later");
}

static void check_smmu(const struct demands *d)
{
	const int smmu = find_compatible(d, "arm,smmu-v3");

	if (smmu >= 0 && ranges_of(d, smmu) == 0)
		missing(d, "its SMMU's node has no usable registers");
}

unsigned sys_board_cpus(const struct sys_board *board)
{
	const int cpus = sys_node_path(board, "/cpus");
	const struct demands d = {board, NULL, NULL};
	unsigned count = 0;

	for (unsigned n = 1; cpus >= 0 && n < board->node_count; n++) {
		const int node = board->nodes[n].offset;

		/* The CPU on which the firmware starts the kernel needs no enable-method. */
		if (board->nodes[n].parent == (unsigned)cpus && sys_is(board->dtb, node, "device_type", "cpu") &&
		    is_enabled(&d, n) && (count == 0 || sys_is(board->dtb, node, "enable-method", "psci")))
			count++;
	}
	return count < CPU_MAX ? count : CPU_MAX;
}

static unsigned depth_of(const struct demands *d, unsigned node)
{
	unsigned depth = 0;

	for (; node != 0; node = d->board->nodes[node].parent)
		depth++;
	return depth;
}

static void check_shape(const struct demands *d)
{
	unsigned deepest = 0;

	for (unsigned n = 0; n < d->board->node_count; n++) {
		unsigned depth = depth_of(d, n);

		deepest = depth > deepest ? depth : deepest;
	}
	if (deepest >= DEPTH_MAX)
		missing(d, "its nodes are nested more than 16 deep, which is the kernel's limit");
	if (fdt_totalsize(d->board->dtb) > BYTES_MAX)
		missing(d, "it is longer than 2 MiB, which is the kernel's limit");
	if (fdt_version(d->board->dtb) < 17)
		missing(d, "its version is older than 17; compile it with dtc again");
}

void sys_board_demands(const struct sys_board *board, void (*say)(void *context, const char *text), void *context)
{
	const struct demands d = {board, say, context};

	check_shape(&d);
	check_psci(&d);
	check_gic(&d);
	check_smmu(&d);
}
