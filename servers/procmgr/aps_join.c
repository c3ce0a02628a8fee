/* SPDX-License-Identifier: Apache-2.0 */
#include "aps_join.h"
#include "aps_rules.h"
#include "bulkhead/kernel.h"
#include "log.h"
#include "slots.h"
#include <errno.h>

int aps_find_target(const struct aps_request *r)
{
	const uint32_t pid = r->message->pid != 0 ? r->message->pid : r->slot;

	return pid < PROCESS_MAX && slots[pid].kind != SLOT_EMPTY ? (int)pid : -ESRCH;
}

uint32_t aps_find_tid(const struct aps_request *r)
{
	return r->message->pid == 0 && r->message->tid == 0 ? r->tid : r->message->tid;
}

int aps_find_thread(uint32_t slot, uint32_t tid, struct thread_info *thread)
{
	return tid != 0 && tid <= INT32_MAX && ThreadInfo_r(slot, (int)tid, thread) == (int)tid ? 0 : -ESRCH;
}

/* Puts a thread where it is to begin to be billed, critical or not. */
static int put_thread(uint32_t slot, uint32_t tid, uint32_t partition)
{
	return SchedPartition_r(PARTITION_JOIN, slot, tid, partition);
}

/* All that it has, and what it will have. */
static int join_process(uint32_t slot, uint32_t id)
{
	struct thread_info thread;
	int result = put_thread(slot, 0, id);

	for (int tid = 1; result >= 0; tid++) {
		tid = ThreadInfo_r(slot, tid, &thread);
		if (tid < 0)
			break;
		result = put_thread(slot, (uint32_t)tid, id | (thread.base_partition & PARTITION_CRITICAL));
		result = result == -ESRCH ? 0 : result; /* it has just ended */
	}
	if (result >= 0)
		slots[slot].partition = id;
	return result;
}

static int join_thread(uint32_t slot, uint32_t tid, uint32_t id)
{
	struct thread_info thread;
	int result = aps_find_thread(slot, tid, &thread);

	return result < 0 ? result : put_thread(slot, tid, id | (thread.base_partition & PARTITION_CRITICAL));
}

/*
 * What the operator does, always. A process's own joins once in its life: it could join without end; a qvm's never: its
 * configuration says them.
 */
static void log_join(uint32_t by, uint32_t slot, uint32_t tid, uint32_t id)
{
	if (!slot_is_operator(&slots[by])) {
		if (slots[by].join_told || slots[by].kind == SLOT_VM)
			return;
		slots[by].join_told = true;
	}
	if (tid == 0)
		log_line(SLOG_INFO, "%s joins partition %s (%u); by %s", slots[slot].name, aps.of[id].name,
			 (unsigned)id, slots[by].name);
	else
		log_line(SLOG_INFO, "%s, thread %u, joins partition %s (%u); by %s", slots[slot].name, (unsigned)tid,
			 aps.of[id].name, (unsigned)id, slots[by].name);
}

int aps_join(const struct aps_request *r)
{
	const uint32_t tid = aps_find_tid(r);
	const int slot = aps_find_target(r);
	uint32_t id;
	int result;

	if (slot < 0 || !aps_exists(r->message->id))
		return -ESRCH;
	id = (uint32_t)r->message->id;
	if (!aps_may_join(r->slot, (uint32_t)slot, tid, id))
		return -EPERM;
	result = tid == 0 ? join_process((uint32_t)slot, id) : join_thread((uint32_t)slot, tid, id);
	if (result < 0)
		return result;
	log_join(r->slot, (uint32_t)slot, tid, id);
	return 0;
}

void aps_forget(uint32_t slot)
{
	if (slots[slot].partition == slot_owner(&slots[slot])->partition)
		return;
	slots[slot].partition = slot_owner(&slots[slot])->partition;
	put_thread(slot, 0, slots[slot].partition);
}

int aps_mark_critical(const struct aps_request *r)
{
	const bool critical = r->message->command == SCHED_APS_MARK_CRITICAL;
	const int slot = aps_find_target(r);
	struct thread_info thread;
	int result;

	if (slot < 0)
		return slot;
	if (!aps_may_mark(r->slot, (uint32_t)slot))
		return -EPERM;
	result = aps_find_thread((uint32_t)slot, aps_find_tid(r), &thread);
	if (result >= 0)
		result =
		    put_thread((uint32_t)slot, thread.tid,
			       (thread.base_partition & ~PARTITION_CRITICAL) | (critical ? PARTITION_CRITICAL : 0));
	return result < 0 ? result : 0;
}
