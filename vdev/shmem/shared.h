/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of shmem-server: regions with names, made in the pools of the system description (`/shared-memory`). The
 * server brings the VMs together. What lies in a VM's own pools is all that it can reach, whatever it asks for.
 */
#pragma once

#include <qvm/vdev-core.h>

/* A region that the VM is in. */
struct shared_region {
	uint32_t handle;   /* names it in the calls below */
	uint32_t pages;    /* of 4096 bytes; what the first VM asked for */
	uint32_t index;    /* this client of it, 0 to 15 */
	uint32_t attached; /* bit n: client n is in it */
};

/*
 * Connects to the server, and waits for it: from GUEST_CONFIGURED on. `changed` is called, from a
 * thread that all vdevs of the VM share, when other clients have notified this one (bits of `from`), or when they come
 * and go (`attached`). 0, or a negative errno.
 */
int shared_open(vdev_t *vdp, void (*changed)(vdev_t *vdp, uint32_t handle, uint32_t from, uint32_t attached));

/* Bytes of the longest pool that the VM has; 0: it has none. May be called at any time. */
uint64_t shared_longest(void);

/*
 * Makes the region `name` with `pages` pages of zeros, or joins the one that is there. With `hold` the region is only
 * kept in being: no client, nobody is told, and nothing can be done with it but shared_leave(). Blocks while another
 * VM zeroes it, for at most 2 s: -ETIMEDOUT. -EINVAL: no such name; -ENOENT: no pool of this VM takes it; -ENOMEM;
 * -EMFILE: too many clients.
 */
int shared_join(vdev_t *vdp, const char *name, uint32_t pages, bool hold, struct shared_region *region);
/* Unmap it first. */
void shared_leave(uint32_t handle);

/* The region's memory at guest-physical `address`, or no longer. 0, or a negative errno. */
int shared_map(uint32_t handle, uint64_t address);
void shared_unmap(uint32_t handle, uint64_t address);

/* `changed` is called in the VMs of these clients, or of all of ~0. */
void shared_notify(uint32_t handle, uint32_t clients);
