/* SPDX-License-Identifier: Apache-2.0 */
/* The user's own tree, which the generated one is merged into. */
#include "fdt_good.h"
#include "qvm/arch.h"
#include "qvm/fdt_tree.h"
#include <libfdt.h>
#include <string.h>

static bool is_memory(const void *fdt, int node)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	int length;
	const char *type = fdt_getprop(fdt, node, "device_type", &length);

	return (name && (strcmp(name, "memory") == 0 || strncmp(name, "memory@", 7) == 0)) ||
	       (type && length == 7 && memcmp(type, "memory", 7) == 0);
}

/* Memory, timer and firmware are what this VM has, whatever the user's tree was written for. */
static void remove_replaced(struct tree *t)
{
	int node = fdt_first_subnode(t->fdt, 0);

	while (t->error >= 0 && node >= 0) {
		if (is_memory(t->fdt, node)) {
			tree_check(t, fdt_del_node(t->fdt, node), "memory");
			node = fdt_first_subnode(t->fdt, 0);
		} else {
			node = fdt_next_subnode(t->fdt, node);
		}
	}
	arch_fdt_remove(t);
}

static int vdev_named(const struct tree *t, const char *name)
{
	for (int i = 0; i < TREE_VDEVS; i++)
		if (t->vdev[i].name && strcmp(t->vdev[i].name, name) == 0)
			return i;
	return -1;
}

/*
 * A node with `qvm,vdev` stands for the vdev of that name: its phandle passes to the generated node, which redirects
 * every reference, and it goes away. Each turn removes a node, so there are no more turns than vdevs.
 */
static void take_placeholders(struct tree *t)
{
	for (int node = 0; t->error >= 0 && node >= 0;) {
		int length, which;
		const char *name = fdt_getprop(t->fdt, node, "qvm,vdev", &length);

		if (!name) {
			node = fdt_next_node(t->fdt, node, NULL);
			continue;
		}
		if (node == 0 || length < 2 || name[length - 1] != '\0') {
			tree_fail(t, -FDT_ERR_BADVALUE, "qvm,vdev must be a string in a node of its own", "");
			return;
		}
		which = vdev_named(t, name);
		if (which < 0) {
			tree_fail(t, -FDT_ERR_NOTFOUND, "qvm,vdev names a vdev that this VM does not have:", name);
			return;
		}
		if (t->vdev[which].seen) {
			tree_fail(t, -FDT_ERR_EXISTS, "two nodes have qvm,vdev for", name);
			return;
		}
		t->vdev[which].seen = true;
		t->vdev[which].phandle = fdt_get_phandle(t->fdt, node);
		tree_check(t, fdt_del_node(t->fdt, node), "qvm,vdev");
		node = 0;
	}
}

/* Without these two properties one reader takes the values of the specification, another one others: written, they are
 * the same to all. Whose root has children with registers was written for the specification's. */
static void write_cells(struct tree *t)
{
	int node, address = 2, size = 2;

	fdt_for_each_subnode(node, t->fdt, 0)
	{
		if (fdt_getprop(t->fdt, node, "reg", NULL) != NULL)
			size = 1; /* Devicetree Specification v0.4, 2.3.5 */
	}
	if (fdt_getprop(t->fdt, 0, "#address-cells", NULL) != NULL)
		size = 1;
	if (fdt_getprop(t->fdt, 0, "#size-cells", NULL) == NULL)
		TREE_CELLS(t, 0, "#size-cells", (uint32_t)size);
	if (fdt_getprop(t->fdt, 0, "#address-cells", NULL) == NULL)
		TREE_CELLS(t, 0, "#address-cells", (uint32_t)address);
}

/* Its nodes are to be merged into those of another tree, which only its author knows. */
static bool is_overlay(const void *fdt)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0)
	{
		if (fdt_subnode_offset(fdt, node, "__overlay__") >= 0)
			return true;
	}
	return fdt_subnode_offset(fdt, 0, "__fixups__") >= 0;
}

static void open_users(struct tree *t, void *buffer, size_t room)
{
	const struct guest_fdt *in = t->in;

	if (!fdt_good(in->user, in->user_bytes))
		tree_fail(t, -FDT_ERR_BADSTRUCTURE, "what was loaded is damaged, or not all of it is there", "");
	else if (is_overlay(in->user))
		tree_fail(
		    t, -FDT_ERR_BADOVERLAY,
		    "what was loaded is an overlay: apply it to its base tree with fdtoverlay, and load the result",
		    "");
	if (t->error >= 0)
		tree_check(t, fdt_open_into(in->user, buffer, (int)room), "(the file that was loaded)");
	if (t->error >= 0)
		write_cells(t);
}

static void open_any(struct tree *t, void *buffer, size_t room)
{
	t->fdt = buffer;
	if (!t->in->user) {
		tree_check(t, fdt_create_empty_tree(buffer, (int)room), "empty tree");
		TREE_CELLS(t, 0, "#address-cells", 2);
		TREE_CELLS(t, 0, "#size-cells", 2);
	} else {
		open_users(t, buffer, room);
	}
	if (t->error < 0)
		return;
	t->address_cells = fdt_address_cells(t->fdt, 0);
	t->size_cells = fdt_size_cells(t->fdt, 0);
	if (t->address_cells < 1 || t->address_cells > 2 || t->size_cells < 1 || t->size_cells > 2)
		tree_fail(t, -FDT_ERR_BADNCELLS, "the root must have one or two address and size cells", "");
	/* Taken before placeholders go, so that no new phandle equals one of theirs. */
	if (fdt_find_max_phandle(t->fdt, &t->next_phandle) < 0)
		tree_fail(t, -FDT_ERR_BADPHANDLE, "a phandle has a wrong value", "");
	t->next_phandle++;
}

void tree_open(struct tree *t, void *buffer, size_t room)
{
	open_any(t, buffer, room);
	take_placeholders(t);
	if (t->error >= 0)
		remove_replaced(t);
}
