/* SPDX-License-Identifier: Apache-2.0 */
/* May libfdt read a flattened device tree that comes from outside? libfdt 1.6 itself takes, with fdt_check_full() too,
 * trees that it then reads beyond their end, or for ever.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Does a tree of a version that libfdt reads without a fault begin at `tree`, 8-byte aligned, is it there to its end,
 * and are its blocks aligned (Devicetree Specification 0.4, 5.2 and 5.6)? `bytes`: how many may be read there.
 */
bool fdt_good_header(const void *tree, size_t bytes);

/* The same, and the whole tree is sound: each function of libfdt that only reads ends, and stays within it. */
bool fdt_good(const void *tree, size_t bytes);
