/* SPDX-License-Identifier: Apache-2.0 */
/* The adaptive partitions, as procmgr knows them. Only aps.c changes them. */
#pragma once

#include "bulkhead.h"
#include "bulkhead/sched_aps.h"
#include <stdbool.h>
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

/* Is there a partition of that id? Any number may be asked for. */
bool aps_exists(int32_t id);

/* The id of the partition of that name, or -ESRCH. */
int aps_find(const char *name);
