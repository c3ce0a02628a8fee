/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition processes and threads are in. */
#pragma once

#include "aps.h"

/* The process that a message means, or -ESRCH. */
int aps_find_target(const struct aps_request *r);

/* The thread that it means; 0: all of the process. */
uint32_t aps_find_tid(const struct aps_request *r);

/* Fills in what the kernel says about a thread. Returns 0 or -ESRCH. */
int aps_find_thread(uint32_t slot, uint32_t tid, struct thread_info *thread);

/* SCHED_APS_JOIN_PARTITION. Returns the status of the reply. */
int aps_join(const struct aps_request *r);

/* SCHED_APS_MARK_CRITICAL and SCHED_APS_CLEAR_CRITICAL. */
int aps_mark_critical(const struct aps_request *r);

/* The slot's process is gone: its next one begins in the partition of the description again. */
void aps_forget(uint32_t slot);
