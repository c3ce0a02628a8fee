/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adaptive partitions: what procmgr keeps of them, and what it answers to SchedCtl(). The kernel is told numbers and
 * budgets, whenever they change; who may change what is in aps_rules.h.
 */
#pragma once

#include "aps_table.h"
#include "bulkhead/proto.h"
#include <stddef.h>
#include <stdint.h>

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

/* Commands of SchedCtl() that change partitions, and what holds for all of them. They return the status of the reply.
 */
int aps_set(const struct aps_request *r);
int aps_secure(const struct aps_request *r);
int aps_create(const struct aps_request *r);
int aps_modify(const struct aps_request *r);
