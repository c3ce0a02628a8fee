/* SPDX-License-Identifier: Apache-2.0 */
/* What vdevs add to the tree: <qvm/vdev-fdt.h>. */
#include "qvm/arch.h"
#include "qvm/fdt_tree.h"
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <qvm/vdev-fdt.h>
#include <stdio.h>

/* The tree that is being built while vdevs describe themselves. */
static struct tree *building;

static int outcome(const struct tree *t, int node)
{
	return t->error < 0 ? -EINVAL : node;
}

uint32_t vdev_fdt_clock(uint32_t hz)
{
	struct tree *t = building;
	char name[TREE_NAME_MAX];
	uint32_t phandle;
	int node;

	snprintf(name, sizeof(name), "qvm-clock-%" PRIu32, hz);
	node = t->error < 0 ? 0 : fdt_subnode_offset(t->fdt, 0, name);
	if (node > 0)
		return fdt_get_phandle(t->fdt, node);
	phandle = tree_phandle(t, 0);
	node = tree_new_node(t, 0, name);
	tree_text(t, node, "compatible", "fixed-clock");
	TREE_CELLS(t, node, "#clock-cells", 0);
	TREE_CELLS(t, node, "clock-frequency", hz);
	tree_text(t, node, "clock-output-names", name);
	TREE_CELLS(t, node, "phandle", phandle);
	return phandle;
}

static void add_interrupts(struct tree *t, int node, const vdev_t *vdp)
{
	uint32_t value[QVM_VDEV_INTRS_MAX * ARCH_INTERRUPT_CELLS];
	unsigned count = 0;

	for (unsigned i = 0; i < QVM_VDEV_INTRS_MAX; i++) {
		const guest_intr_t intr = i == 0 ? vdp->v_intr : vdp->v_intr_more[i - 1];

		if (intr == GUEST_INTR_NONE)
			continue;
		arch_fdt_interrupt(intr, &value[count]);
		count += ARCH_INTERRUPT_CELLS;
	}
	if (count == 0)
		return;
	tree_cells(t, node, "interrupts", value, count);
	TREE_CELLS(t, node, "interrupt-parent", t->controller_phandle);
}

int vdev_fdt_node(vdev_t *vdp, int parent, const char *base)
{
	struct tree *t = building;
	char *path = t->vdev[1 + t->current].path;
	int node;

	if (snprintf(path, sizeof(t->vdev[0].path), "/%s@%" PRIx64, base, vdp->v_block.location) >=
	    (int)sizeof(t->vdev[0].path))
		tree_fail(t, -FDT_ERR_BADVALUE, "a node's name is too long:", base);
	node = tree_new_node(t, parent, path + 1);
	tree_reg(t, node, (const uint64_t[][2]){{vdp->v_block.location, vdp->v_block.length}}, 1);
	add_interrupts(t, node, vdp);
	if (t->vdev[1 + t->current].phandle != 0)
		TREE_CELLS(t, node, "phandle", t->vdev[1 + t->current].phandle);
	return outcome(t, node);
}

int vdev_fdt_bytes(int node, const char *property, const void *value, size_t count)
{
	tree_bytes(building, node, property, value, count);
	return outcome(building, 0);
}

int vdev_fdt_cells(int node, const char *property, const uint32_t *value, unsigned count)
{
	if (count > TREE_CELLS_MAX)
		tree_fail(building, -FDT_ERR_BADVALUE, "too many cells for", property);
	tree_cells(building, node, property, value, count);
	return outcome(building, 0);
}

int vdev_fdt_string(int node, const char *property, const char *value)
{
	tree_text(building, node, property, value);
	return outcome(building, 0);
}

int vdev_fdt_alias(vdev_t *vdp, const char *base)
{
	(void)vdp;
	building->vdev[1 + building->current].alias = base;
	return 0;
}

/* Nodes are put in front of their siblings, hence the countdown: readers meet the first vdev first. */
void tree_add_vdevs(struct tree *t)
{
	building = t;
	for (t->current = t->in->describe ? t->in->config->vdev_count : 0; t->current-- > 0;)
		t->in->describe(t->current, 0);
	building = NULL;
}
