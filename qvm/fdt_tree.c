/* SPDX-License-Identifier: Apache-2.0 */
/* Properties and nodes of a tree that is being built. */
#include "qvm/fdt_tree.h"
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

void tree_fail(struct tree *t, int error, const char *what, const char *name)
{
	if (t->error >= 0) {
		t->error = error;
		snprintf(t->in->problem, sizeof(t->in->problem), "device tree: %s%s%s", what, name[0] ? " " : "", name);
	}
}

void tree_check(struct tree *t, int result, const char *name)
{
	if (result < 0)
		tree_fail(t, result, fdt_strerror(result), name);
}

void tree_cells(struct tree *t, int node, const char *property, const uint32_t *value, unsigned count)
{
	fdt32_t big[TREE_CELLS_MAX];

	for (unsigned i = 0; i < count && i < TREE_CELLS_MAX; i++)
		big[i] = cpu_to_fdt32(value[i]);
	if (t->error >= 0)
		tree_check(t, fdt_setprop(t->fdt, node, property, big, (int)(count * sizeof(big[0]))), property);
}

void tree_bytes(struct tree *t, int node, const char *property, const void *value, size_t count)
{
	if (t->error >= 0)
		tree_check(t, fdt_setprop(t->fdt, node, property, value, (int)count), property);
}

void tree_text(struct tree *t, int node, const char *property, const char *value)
{
	tree_bytes(t, node, property, value, strlen(value) + 1);
}

void tree_flag(struct tree *t, int node, const char *property)
{
	tree_bytes(t, node, property, "", 0);
}

/* A fresh node: one of the same name is replaced. */
int tree_new_node(struct tree *t, int parent, const char *name)
{
	int node;

	if (t->error < 0)
		return 0;
	node = fdt_add_subnode(t->fdt, parent, name); /* looks for one of that name itself */
	if (node == -FDT_ERR_EXISTS) {
		tree_check(t, fdt_del_node(t->fdt, fdt_subnode_offset(t->fdt, parent, name)), name);
		node = fdt_add_subnode(t->fdt, parent, name);
	}
	tree_check(t, node, name);
	return node;
}

/* The node of that name, made if there is none. */
int tree_keep_node(struct tree *t, const char *name)
{
	int node;

	if (t->error < 0)
		return 0;
	node = fdt_add_subnode(t->fdt, 0, name);
	if (node == -FDT_ERR_EXISTS)
		node = fdt_subnode_offset(t->fdt, 0, name);
	tree_check(t, node, name);
	return node;
}

static unsigned encode_number(struct tree *t, uint32_t *out, int width, uint64_t value)
{
	if (width == 1 && value >> 32)
		tree_fail(t, -FDT_ERR_BADVALUE,
			  "an address or size does not fit in the one cell that the root gives it", "");
	if (width == 2)
		*out++ = (uint32_t)(value >> 32);
	*out = (uint32_t)value;
	return (unsigned)width;
}

/* `reg` of a child of the root: pairs of address and size. */
void tree_reg(struct tree *t, int node, const uint64_t (*pair)[2], unsigned pairs)
{
	uint32_t value[8];
	unsigned at = 0;

	/* After an error the widths may be anything. */
	for (unsigned i = 0; i < pairs && t->error >= 0; i++) {
		at += encode_number(t, value + at, t->address_cells, pair[i][0]);
		at += encode_number(t, value + at, t->size_cells, pair[i][1]);
	}
	tree_cells(t, node, "reg", value, at);
}

/* The phandle that references will use: the placeholder's, else a new one. */
uint32_t tree_phandle(struct tree *t, uint32_t taken)
{
	if (taken != 0)
		return taken;
	if (t->next_phandle > FDT_MAX_PHANDLE)
		tree_fail(t, -FDT_ERR_NOPHANDLES, "no phandle is left", "");
	return t->next_phandle++;
}
