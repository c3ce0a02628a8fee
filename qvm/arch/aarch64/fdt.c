/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest's tree says of CPUs, firmware, timer and GIC. Bindings: Linux, Documentation/devicetree/bindings, arm
 * and interrupt-controller/arm,gic-v3.yaml.
 */
#include "qvm/arch.h"
#include "qvm/fdt_tree.h"
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>

#define GIC_SPI        0u
#define GIC_PPI        1u
#define IRQ_LEVEL_HIGH 4u

static void remove_compatible(struct tree *t, const char *compatible)
{
	int node;

	while (t->error >= 0 && (node = fdt_node_offset_by_compatible(t->fdt, 0, compatible)) > 0)
		tree_check(t, fdt_del_node(t->fdt, node), compatible);
}

void arch_fdt_remove(struct tree *t)
{
	remove_compatible(t, "arm,armv8-timer");
	remove_compatible(t, "arm,psci-1.0");
	remove_compatible(t, "arm,psci-0.2");
	remove_compatible(t, "arm,psci");
}

void arch_fdt_interrupt(unsigned interrupt, uint32_t cells[ARCH_INTERRUPT_CELLS])
{
	cells[0] = GIC_SPI;
	cells[1] = interrupt - QVM_SPI_FIRST;
	cells[2] = IRQ_LEVEL_HIGH;
}

const char *arch_fdt_controller(const struct tree *t)
{
	return t->in->config->gic.name;
}

static void add_cpus(struct tree *t)
{
	char name[16];
	int cpus = tree_new_node(t, 0, "cpus"), node;

	TREE_CELLS(t, cpus, "#address-cells", 1);
	TREE_CELLS(t, cpus, "#size-cells", 0);
	/* A new node goes before its siblings, hence the countdown: readers meet the boot CPU first. */
	for (uint32_t i = t->in->config->cpu_count; i-- > 0;) {
		snprintf(name, sizeof(name), "cpu@%" PRIx32, i);
		node = tree_new_node(t, cpus, name);
		tree_text(t, node, "device_type", "cpu");
		tree_text(t, node, "compatible", "arm,armv8");
		tree_text(t, node, "enable-method", "psci");
		TREE_CELLS(t, node, "reg", i);
	}
}

static void add_firmware(struct tree *t)
{
	int node = tree_new_node(t, 0, "psci");

	TREE_TEXTS(t, node, "compatible", "arm,psci-1.0\0arm,psci-0.2");
	tree_text(t, node, "method", "hvc");
}

/* Interrupts in the binding's order: secure physical, physical, virtual, hypervisor timer. */
static void add_timer(struct tree *t)
{
	int node = tree_new_node(t, 0, "timer");

	tree_text(t, node, "compatible", "arm,armv8-timer");
	TREE_CELLS(t, node, "interrupts", GIC_PPI, 13, IRQ_LEVEL_HIGH, GIC_PPI, 14, IRQ_LEVEL_HIGH, GIC_PPI, 11,
		   IRQ_LEVEL_HIGH, GIC_PPI, 10, IRQ_LEVEL_HIGH);
	TREE_CELLS(t, node, "interrupt-parent", t->controller_phandle);
	tree_flag(t, node, "always-on");
}

static void add_gic(struct tree *t)
{
	const struct qvm_gic *gic = &t->in->config->gic;
	const uint64_t redistributors = t->in->config->cpu_count * QVM_GICR_BYTES;
	char name[48];
	int node;

	snprintf(name, sizeof(name), "interrupt-controller@%" PRIx64, gic->gicd);
	node = tree_new_node(t, 0, name);
	tree_text(t, node, "compatible", "arm,gic-v3");
	tree_flag(t, node, "interrupt-controller");
	TREE_CELLS(t, node, "#interrupt-cells", 3);
	TREE_CELLS(t, node, "#address-cells", (uint32_t)t->address_cells);
	TREE_CELLS(t, node, "#size-cells", (uint32_t)t->size_cells);
	tree_flag(t, node, "ranges");
	TREE_CELLS(t, node, "#redistributor-regions", 1);
	tree_reg(t, node, (const uint64_t[][2]){{gic->gicd, QVM_GICD_BYTES}, {gic->gicr, redistributors}}, 2);
	TREE_CELLS(t, node, "phandle", t->controller_phandle);
}

void arch_fdt_add(struct tree *t)
{
	add_gic(t);
	add_timer(t);
	add_firmware(t);
	add_cpus(t);
}
