/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of flattened device trees (Devicetree Specification 0.4, chapter 5) that trusts nothing in the blob: every
 * offset is checked where it is used, nothing recurses, and every loop ends with the blob. It also runs with the MMU
 * off, so it reads bytes.
 */
#pragma once

#include "types.h"

#define FDT_BYTES_MAX (2u << 20) /* as Linux's boot protocol has it */
#define FDT_DEPTH_MAX 16

struct fdt {
	const uint8_t *blob;
	uint32_t bytes; /* of the whole blob */
	uint32_t struct_at, struct_bytes;
	uint32_t strings_at, strings_bytes;
	uint32_t reserve_at;
	bool whole; /* fdt_open() has seen all of it: names are terminated */
};

struct fdt_node {
	const char *name;              /* with its unit address; empty for the root */
	int depth;                     /* 0: the root */
	uint32_t props[FDT_DEPTH_MAX]; /* where the properties of each ancestor start, and at [depth] its own */
};

struct fdt_value {
	const uint8_t *data;
	uint32_t bytes;
};

/* Bytes of the blob as its header says, 0 if this is no device tree that we read. Looks at the first 40 bytes only. */
uint32_t fdt_blob_bytes(const void *blob);
/* Checks the structure of the whole blob. False: it is damaged. */
bool fdt_open(struct fdt *fdt, const void *blob);
/* The n-th entry of the memory reservation block. False: there are no more. */
bool fdt_reserved(const struct fdt *fdt, unsigned n, struct range *r);

/* All nodes in the order of the blob, children after their parent: the first one is that after FDT_START. */
#define FDT_START ((struct fdt_node){.depth = -1})
bool fdt_next(const struct fdt *fdt, struct fdt_node *node);
/* An absolute path, up to a colon. A component without a unit address matches any. */
bool fdt_path(const struct fdt *fdt, struct fdt_node *node, const char *path);

/* A property of the node. False: there is no such one. */
bool fdt_prop(const struct fdt *fdt, const struct fdt_node *node, const char *name, struct fdt_value *value);
/* A property that is a string; NULL: there is no such one. Its name, too, ends at a colon. */
const char *fdt_text(const struct fdt *fdt, const struct fdt_node *node, const char *name);
/* Is `text` one of the strings of the property? */
bool fdt_has_string(const struct fdt *fdt, const struct fdt_node *node, const char *name, const char *text);
bool fdt_is_compatible(const struct fdt *fdt, const struct fdt_node *node, const char *text);
bool fdt_is_enabled(const struct fdt *fdt, const struct fdt_node *node);
uint64_t fdt_number(const struct fdt_value *value); /* of one or two cells, else UINT64_MAX */

/* The n-th `reg` entry as the node's parent counts, and translated to a physical address through each bus's `ranges`.
 */
bool fdt_reg_bus(const struct fdt *fdt, const struct fdt_node *node, unsigned n, struct range *r);
bool fdt_reg(const struct fdt *fdt, const struct fdt_node *node, unsigned n, struct range *r);
