/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vdev adds to the guest's device tree, while VDEV_CTRL_GEN_FDT is being handled. A node is a number, valid
 * until the next node is made: make the node, then set its properties. 0 or above, or a negative errno value; the first
 * failure also fails the tree, with a message, so results may be left alone.
 */
#pragma once

#include <qvm/vdev-core.h>

/*
 * A node `base@ADDRESS` under `parent` for the instance, with `reg`, and for its interrupts `interrupts` and
 * `interrupt-parent`; references to the instance's name lead there. Returns the node.
 */
int vdev_fdt_node(vdev_t *vdp, int parent, const char *base);

/* A property: bytes as they are; cells of 32 bits in the host's byte order; a string. */
int vdev_fdt_bytes(int node, const char *property, const void *value, size_t bytes);
int vdev_fdt_cells(int node, const char *property, const uint32_t *cells, unsigned count);
int vdev_fdt_string(int node, const char *property, const char *text);

/* The phandle of a clock with a fixed rate; instances that want the same rate share it. Before vdev_fdt_node(). */
uint32_t vdev_fdt_clock(uint32_t hz);

/*
 * An alias for the instance's node: `base` and the next number, in the order of the configuration. The first `serial`
 * becomes the guest's console unless its own tree says otherwise. `base` stays where it is until the tree is done.
 */
int vdev_fdt_alias(vdev_t *vdp, const char *base);
