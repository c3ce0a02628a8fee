/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adaptive partitions: what procmgr keeps of them, and what it answers to SchedCtl(). The kernel is told numbers and
 * budgets, whenever they change; who may change what is in aps_rules.h.
 */
#pragma once

#include "bulkhead.h"
#include "bulkhead/proto.h"
#include "bulkhead/sched_aps.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aps_partition {
	bool exists;
	char name[SCHED_APS_NAME_BYTES];
	uint32_t parent;      /* of System: itself */
	uint32_t budget, max; /* hundredths of a percent; budget: without what its children have taken */
	uint32_t critical_us; /* in a window. Of System: APS_NO_BOUND */
};

#define APS_NO_BOUND UINT32_MAX

struct aps {
	struct aps_partition of[PARTITION_MAX];
	uint32_t window_ms;
	uint32_t policy;      /* SCHED_APS_SCHEDPOL_* */
	uint32_t sec_flags;   /* SCHED_APS_SEC_* */
	uint32_t shared_cpus; /* run mask */
};

extern struct aps aps;

/* A message about partitions, of thread `tid` of slot `slot`. */
struct aps_request {
	uint32_t slot, tid;
	const struct pm_aps *message;
	const void *reply; /* out: valid until the next request */
	size_t reply_bytes;
};

/* Makes the partitions of the description, before the slots are defined. Returns 0, or the kernel's negative error. */
int aps_begin(void);

/* From now on: the flags that hold while the system runs. */
void aps_seal(void);

/* Is there a partition of that id? Any number may be asked for. */
bool aps_exists(int32_t id);

/* The id of the partition of that name, or -ESRCH. */
int aps_find(const char *name);

/* Commands of SchedCtl() that change partitions, and what holds for all of them. They return the status of the reply.
 */
int aps_set(const struct aps_request *r);
int aps_secure(const struct aps_request *r);
int aps_create(const struct aps_request *r);
int aps_modify(const struct aps_request *r);
