/* SPDX-License-Identifier: Apache-2.0 */
#include "sched.h"
#include "bulkhead/kernel.h"
#include "log.h"
#include "slots.h"
#include <errno.h>

static char policy_letter(const struct thread_info *thread)
{
	return thread->policy == SCHED_FIFO_ ? 'f' : 'r';
}

/* Changes what is not 0. The kernel refuses what the description does not give that process. */
int sched_change(uint32_t by, const struct pm_sched *sched)
{
	struct thread_info old, now;
	int result;

	if (sched->slot == 0)
		return -EPERM; /* the log, and every answer, would depend on it */
	if (sched->slot >= PROCESS_MAX || sched->tid > INT32_MAX ||
	    ThreadInfo_r(sched->slot, (int)sched->tid, &old) != (int)sched->tid)
		return -ESRCH;
	result = SchedSet_r((int)sched->slot, (int)sched->tid, sched->priority ? sched->priority : old.base_priority,
			    sched->policy ? sched->policy : old.policy, sched->runmask);
	if (result < 0 || ThreadInfo_r(sched->slot, (int)sched->tid, &now) != (int)sched->tid)
		return result;
	log_line(SLOG_INFO, "%s, thread %u: priority %u%c, run mask 0x%x; before: %u%c, 0x%x; by %s",
		 slots[sched->slot].name, (unsigned)now.tid, (unsigned)now.base_priority, policy_letter(&now),
		 (unsigned)now.runmask, (unsigned)old.base_priority, policy_letter(&old), (unsigned)old.runmask,
		 slots[by].name);
	return result;
}
