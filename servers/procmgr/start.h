/* SPDX-License-Identifier: Apache-2.0 */
/* From a slot to a process that runs, and what it needs of its RAM. */
#pragma once

#include "bulkhead/process.h"
#include "slots.h"

/*
 * Tells the kernel who may use a slot, and what it may use; before the seal. 0, or a negative errno after a message.
 */
int slot_define(uint32_t slot);

/*
 * Makes and starts the process of a slot, after the seal; a job of its worker. 0, or a negative errno and the step that
 * failed; nothing is left over then.
 */
int slot_build(uint32_t slot, const char **step);

/* The RAM that a process with a heap of `heap` bytes needs: code and constants are mapped from the archive. */
static inline uint64_t start_bytes(const struct slot *slot, uint64_t heap)
{
	uint64_t bytes = slot->image.copy_bytes + STACK_BYTES + heap;

	for (unsigned i = 0; i < slot->vdev_files.count; i++)
		bytes += slot->vdev_files.image[i].copy_bytes;
	return bytes;
}
