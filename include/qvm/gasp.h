/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's address space, as a vdev that reads and writes its memory sees it (as a device does DMA). */
#pragma once

#include <qvm/vdev-core.h>

/*
 * Where [address, address + bytes) of the guest's memory lies in this process, or null if not all of it is `ram` or
 * `rom` of one range. The guest changes it at any time: copy first, then check the copy.
 */
void *gasp_pointer(uint64_t address, uint64_t bytes);

/* Makes what was written here to memory of the guest visible to a guest that runs with its caches off. */
void gasp_clean(const void *start, uint64_t bytes);

/*
 * More addresses for an instance, which nothing else of the VM uses: `bytes`, whole pages. In VDEV_CTRL_ASSIGN, once
 * for each instance. Accesses of the guest to what is not mapped there reach reg_read and reg_write, with offsets that
 * go on where v_block ends; without these two they are left to `unsupported reference`. 0 and *address; -EINVAL: these
 * are not whole pages, the instance has a window, or it is too late; -ENOMEM: the guest has no such range of addresses.
 */
int gasp_window(vdev_t *vdp, uint64_t bytes, uint64_t *address);
