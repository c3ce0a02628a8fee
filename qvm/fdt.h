/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree that a guest finds in x0: made from the configuration, merged into the user's own tree if there is
 * one. Bindings: Devicetree Specification v0.4, and Linux, Documentation/devicetree/bindings.
 */
#pragma once

#include "qvm/load.h"
#include "qvm/memory.h"
#include <qvmconf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the nodes that are added take at most, without the command line. */
#define GUEST_FDT_EXTRA 0x8000u

struct guest_fdt {
	const struct qvm_config *config;
	const struct guest_memory *memory;
	const void *user; /* aligned to 8 bytes, or null */
	size_t user_bytes;
	uint64_t initrd_start, initrd_end; /* end 0: none */
	const uint8_t *seed_key; /* 16 random bytes, which the guest must not learn; null: there is no randomness */
	/* Has vdev `index` of the configuration call the functions of qvm/vdev-fdt.h. Null: no vdev has a node. */
	void (*describe)(unsigned index, int parent);
	char problem[160]; /* if guest_fdt_build() returns false */
};

/* Bytes that a buffer for guest_fdt_build() must have. */
size_t guest_fdt_room(const struct guest_fdt *in);

/* Builds the tree in the buffer; fdt_totalsize() says how long it became. False: in->problem says what is wrong. */
bool guest_fdt_build(struct guest_fdt *in, void *buffer, size_t room);
