/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the system description share. */
#pragma once

#include "sysconf.h"

struct sys_cells {
	unsigned address, size; /* 32-bit cells of an address and of a length: 1 or 2, a length also 0 */
};

/* report.c */
void sys_mistake(struct sys_report *report, const char *folder, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* cells.c */
bool sys_cells_of(const void *dtb, int bus, struct sys_cells *cells);
uint64_t sys_cells_read(const void *property, unsigned first, unsigned count);
bool sys_reg(const void *dtb, int node, const struct sys_cells *cells, unsigned index, struct sys_range *range);
bool sys_share_page(const struct sys_range *a, const struct sys_range *b);
bool sys_is(const void *dtb, int node, const char *property, const char *value);

/* board.c: nodes are indices, -1 for none */
int sys_node_child(const struct sys_board *board, int parent, const char *name, size_t bytes);
int sys_node_path(const struct sys_board *board, const char *path); /* "/", or names behind slashes */
