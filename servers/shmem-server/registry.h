/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who shares which memory: the regions that guests have made in the pools of the system description, and the clients of
 * each region. A pure state machine; the server has none of the memory itself.
 *
 * A pool belongs to some VMs; the kernel gives its memory to them and nobody else. A name means a region of the first
 * pool of the sender's VM with a fitting pattern: VMs that have no pool in common never meet, whatever they call their
 * regions. The first client decides the size. It also zeroes the region, as what an earlier region has left there is
 * nobody's business; whoever attaches meanwhile waits. A region goes with its last client or holder.
 *
 * Regions are shared out evenly among the pools, and the places of a region among the VMs of its pool.
 *
 * A server that was started again does not know what the one before gave out, and guests that run still have it. So
 * nothing is made in a pool while one of its VMs lives that ran already when the server began.
 */
#pragma once

#include "bulkhead.h"
#include "bulkhead/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHM_POOLS_MAX 8
#define SHM_HOLDERS   16u /* of one region: one for each VM suffices */
#define SHM_PLACES    (SHM_CLIENTS + SHM_HOLDERS)
#define SHM_PAGE      4096u

struct shm_client {
	bool used, notified; /* notified: an event is on its way */
	uint32_t slot, scoid;
	int64_t rcvid; /* its attach waits for an answer; else 0 */
	uint32_t from; /* bit n: client n has notified it */
};

struct shm_region {
	char name[PROTO_NAME];       /* empty: free */
	uint32_t pool, pages, first; /* first page in the pool */
	int zeroing;                 /* place of the client that zeroes it, or -1 */
	struct shm_client place[SHM_PLACES];
};

struct shm_ops {
	void (*reply)(void *context, int64_t rcvid, int status, const struct shm_msg *msg);
	/* The event SHM_CHANGED; false: it cannot be kept now. */
	bool (*event)(void *context, uint32_t scoid, uint32_t handle);
	/* How often the VM in that slot has been started, if its guest runs; else 0. */
	uint32_t (*life)(void *context, uint32_t slot);
};

struct shm {
	const struct shm_ops *ops;
	void *context;
	struct pm_pool pool[SHM_POOLS_MAX];
	unsigned pool_count;
	struct shm_region region[SHM_REGIONS_MAX];
	uint32_t before[PROCESS_MAX]; /* life of the VM in that slot that is older than the server; or 0 */
};

/* Adds a pool. False: there are too many, or its patterns have no end. */
bool shm_pool_add(struct shm *s, const struct pm_pool *pool);

/* Called once, after the last pool and before the first message. */
void shm_begin(struct shm *s);

/* A message of `bytes` bytes from the process in `slot` over its connection `scoid`: answered now or later. */
void shm_message(struct shm *s, int64_t rcvid, uint32_t slot, uint32_t scoid, struct shm_msg *msg, size_t bytes);

/* A client that waits for the answer to its attach wants to be let go. */
void shm_unblock(struct shm *s, int64_t rcvid);

/* The process in `slot` is gone. */
void shm_forget(struct shm *s, uint32_t slot);
