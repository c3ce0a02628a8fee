/* SPDX-License-Identifier: Apache-2.0 */
/* A device tree that is being built, for the files that each put a part of it in. */
#pragma once

#include "qvm/fdt.h"

#define TREE_VDEVS     (1 + QVM_VDEVS_MAX) /* the interrupt controller and the vdevs */
#define TREE_NAME_MAX  40u
#define TREE_CELLS_MAX 16u

/* Every step does nothing once one has failed: `error` and in->problem tell the first failure. Names stay the caller's.
 */
struct tree {
	struct guest_fdt *in;
	void *fdt;
	int error;
	int address_cells, size_cells; /* of the root */
	uint32_t next_phandle, controller_phandle;
	struct {
		const char *name; /* null: the vdev has none */
		uint32_t phandle; /* 0: nobody refers to it yet */
		bool seen;
		const char *alias; /* without its number; null: none */
		char path[1 + TREE_NAME_MAX];
	} vdev[TREE_VDEVS]; /* 0 is the interrupt controller, 1 + n is vdev n of the configuration */
	unsigned current;   /* the vdev that describes itself */
};

/* The first failure: `what` and, unless it is empty, `name`. */
void tree_fail(struct tree *t, int error, const char *what, const char *name);
/* Fails if `result` is an error of libfdt. */
void tree_check(struct tree *t, int result, const char *name);

/* A property: at most TREE_CELLS_MAX cells; bytes; a string; no value. */
void tree_cells(struct tree *t, int node, const char *property, const uint32_t *value, unsigned count);
#define TREE_CELLS(t, node, property, ...) \
	tree_cells(t, node, property, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
void tree_bytes(struct tree *t, int node, const char *property, const void *value, size_t count);
void tree_text(struct tree *t, int node, const char *property, const char *value);
void tree_flag(struct tree *t, int node, const char *property);
/* A list of strings is one value with NULs between; the last NUL is the literal's own. */
#define TREE_TEXTS(t, node, property, literal) tree_bytes(t, node, property, literal, sizeof(literal))

/* `reg` of a child of the root: pairs of address and size, at most two. */
void tree_reg(struct tree *t, int node, const uint64_t (*pair)[2], unsigned pairs);

/* A new node: one of the same name is replaced. It goes before its siblings. */
int tree_new_node(struct tree *t, int parent, const char *name);
/* The child of the root of that name, made if there is none. */
int tree_keep_node(struct tree *t, const char *name);
/* The phandle that references will use: `taken`, a placeholder's, else a new one. */
uint32_t tree_phandle(struct tree *t, uint32_t taken);

/* fdt_user.c: begins with the user's tree, or an empty one. What the VM has of its own, and placeholders of vdevs, have
 * gone from it. */
void tree_open(struct tree *t, void *buffer, size_t room);

/* fdt_vdev.c: the nodes that vdevs describe themselves with. */
void tree_add_vdevs(struct tree *t);
