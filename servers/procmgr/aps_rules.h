/* SPDX-License-Identifier: Apache-2.0 */
/* Who may change what of adaptive partitions: the flags SCHED_APS_SEC_*, and the rules for virtual machines. */
#pragma once

#include "aps_table.h"

/* May the process of that slot change window and policies? */
bool aps_may_set(uint32_t slot);

/* May it add flags? */
bool aps_may_secure(uint32_t slot);

/* May it make a partition out of `parent` with that budget and that critical budget? */
bool aps_may_create(uint32_t slot, uint32_t parent, uint32_t budget, uint32_t critical_us);

/* May it change partition `id` so? What stays as it is is given as it is. */
bool aps_may_modify(uint32_t slot, uint32_t id, const struct aps_partition *to);

/*
 * May it put thread `tid` of the process `target` into partition `id`, or with a tid of 0 all of that process? A qvm
 * puts its own threads where the description has a partition, until its guest may run.
 */
bool aps_may_join(uint32_t slot, uint32_t target, uint32_t tid, uint32_t id);

/* May it say whether a thread of `target` is critical? */
bool aps_may_mark(uint32_t slot, uint32_t target);
