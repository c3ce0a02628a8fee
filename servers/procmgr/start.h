/* SPDX-License-Identifier: Apache-2.0 */
/* What a new process needs of its RAM (region 0), and which region is what. */
#pragma once

#include "procmgr.h"

#define REGION_OWN   0
#define REGION_GUEST 1
#define REGION_ROM   2 /* the boot archive */

/* Of the boot archive, whole pages. */
uint64_t rom_bytes(void);

/* The least that a process with such a heap needs: code and constants are mapped from the archive. */
static inline uint64_t start_bytes(const struct slot *slot, uint64_t heap)
{
	uint64_t bytes = slot->image.copy_bytes + STACK_BYTES + heap;

	for (unsigned i = 0; i < slot->vdev_files.count; i++)
		bytes += slot->vdev_files.image[i].copy_bytes;
	return bytes;
}
