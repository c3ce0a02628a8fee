/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's address space, as a vdev that reads and writes its memory sees it (as a device does DMA). */
#pragma once

#include <qvm/types.h>

/*
 * Where [address, address + bytes) of the guest's memory lies in this process, or null if not all of it is `ram` or
 * `rom` of one range. The guest changes it at any time: copy first, then check the copy.
 */
void *gasp_pointer(uint64_t address, uint64_t bytes);
