/* SPDX-License-Identifier: Apache-2.0 */
/* The file and line of each node and property of a device tree source, also of the files that it includes. */
#pragma once

#include "sysconf.h"

struct source_lines;

/* Reads the source as dtc prints it with positions at the end of each line (-T). NULL: no memory. */
struct source_lines *lines_read(const char *annotated);

/* "system.dts:12" of the property, else of the node, else of the nearest node above it; false: no place is known. */
bool lines_find(const struct source_lines *lines, const struct sys_place *place, char *text, size_t bytes);

/* NULL is allowed. */
void lines_free(struct source_lines *lines);
