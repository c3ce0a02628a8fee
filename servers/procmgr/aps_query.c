/* SPDX-License-Identifier: Apache-2.0 */
#include "aps_query.h"
#include "aps_join.h"
#include "bulkhead/kernel.h"
#include "slots.h"
#include <errno.h>
#include <string.h>

static union {
	struct sched_aps_info info;
	struct sched_aps_partition_info partition;
	struct sched_aps_query_thread_parms thread;
	struct sched_aps_query_process_parms process;
	struct sched_aps_partition_stats stats[PARTITION_MAX];
	struct sched_aps_overall_stats overall;
} reply;

static uint32_t count_partitions(void)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < PARTITION_MAX; i++)
		count += aps.of[i].exists;
	return count;
}

static void set_reply(struct aps_request *r, size_t bytes)
{
	r->reply = &reply;
	r->reply_bytes = bytes;
}

static int query_parms(struct aps_request *r)
{
	struct system_info system;
	int result = SystemInfo_r(&system);

	reply.info = (struct sched_aps_info){
	    .cycles_per_ms = result < 0 ? 0 : system.counter_hz / 1000,
	    .windowsize_ms = aps.window_ms,
	    .windowsize2_ms = aps.window_ms * 10,
	    .windowsize3_ms = aps.window_ms * 100,
	    .scheduling_policy_flags = aps.policy,
	    .sec_flags = aps.sec_flags,
	    .bankruptcy_policy = SCHED_APS_BNKR_BASIC,
	    .num_partitions = count_partitions(),
	    .max_partitions = PARTITION_MAX,
	    .shared_cpus = aps.shared_cpus,
	};
	set_reply(r, sizeof(reply.info));
	return result;
}

static int query_partition(struct aps_request *r)
{
	const struct aps_partition *p = &aps.of[0];
	uint32_t children = 0;

	if (!aps_exists(r->message->id))
		return -ESRCH;
	p += r->message->id;
	for (unsigned i = 1; i < PARTITION_MAX; i++)
		children += aps.of[i].exists && &aps.of[aps.of[i].parent] == p ? aps.of[i].budget : 0;
	reply.partition = (struct sched_aps_partition_info){
	    .id = r->message->id,
	    .parent_id = r->message->id == SCHED_APS_SYSTEM_PARTITION_ID ? -1 : (int32_t)p->parent,
	    .budget = p->budget,
	    .max_budget = p->max,
	    .budget_of_children = children,
	    .critical_budget_us = p->critical_us,
	};
	memcpy(reply.partition.name, p->name, sizeof(p->name));
	set_reply(r, sizeof(reply.partition));
	return 0;
}

static int query_thread(struct aps_request *r)
{
	const int slot = aps_find_target(r);
	struct thread_info thread;
	int result;

	if (slot < 0)
		return slot;
	result = aps_find_thread((uint32_t)slot, aps_find_tid(r), &thread);
	if (result < 0)
		return result;
	reply.thread = (struct sched_aps_query_thread_parms){
	    .pid = (uint32_t)slot,
	    .tid = thread.tid,
	    .id = (int32_t)(thread.base_partition & ~PARTITION_CRITICAL),
	    .inherited_id = (int32_t)(thread.partition & ~PARTITION_CRITICAL),
	};
	if (thread.base_partition & PARTITION_CRITICAL)
		reply.thread.crit_state_flags |= SCHED_APS_QTHREAD_ALWAYS_CRITICAL;
	if (thread.partition & PARTITION_CRITICAL)
		reply.thread.crit_state_flags |= SCHED_APS_QTHREAD_CRITICAL;
	set_reply(r, sizeof(reply.thread));
	return 0;
}

static int query_process(struct aps_request *r)
{
	const int slot = aps_find_target(r);

	if (slot < 0)
		return slot;
	reply.process =
	    (struct sched_aps_query_process_parms){.pid = (uint32_t)slot, .id = (int32_t)slots[slot].partition};
	set_reply(r, sizeof(reply.process));
	return 0;
}

static int query_stats(uint32_t id, struct sched_aps_partition_stats *stats)
{
	struct partition_stats from;
	int result = SchedPartition_r(PARTITION_STATS, id, 0, (uintptr_t)&from);

	if (result < 0)
		return result;
	*stats = (struct sched_aps_partition_stats){
	    .id = (int32_t)id,
	    .time_ns = ClockTime(),
	    .run_time_ns = from.used_in_window,
	    .critical_time_ns = from.critical_in_window,
	    .total_run_time_ns = from.used,
	    .total_critical_time_ns = from.critical,
	};
	return result;
}

static int partition_stats(struct aps_request *r)
{
	const uint32_t count = r->message->count;
	uint32_t done = 0;
	int result = 0;

	if (count == 0 || count > PARTITION_MAX)
		return -EINVAL;
	if (!aps_exists(r->message->id))
		return -ESRCH;
	for (uint32_t id = (uint32_t)r->message->id; id < PARTITION_MAX && done < count && result >= 0; id++)
		if (aps.of[id].exists)
			result = query_stats(id, &reply.stats[done++]);
	for (; done < count; done++)
		reply.stats[done] = (struct sched_aps_partition_stats){.id = -1};
	set_reply(r, count * sizeof(reply.stats[0]));
	return result < 0 ? result : 0;
}

static int overall_stats(struct aps_request *r)
{
	struct sched_aps_partition_stats idle;
	int result = query_stats(PARTITION_IDLE, &idle);

	if (result < 0)
		return result;
	reply.overall = (struct sched_aps_overall_stats){idle.time_ns, idle.run_time_ns, idle.total_run_time_ns};
	set_reply(r, sizeof(reply.overall));
	return 0;
}

int aps_answer(struct aps_request *r)
{
	/* Text that is compared and printed. */
	if (strnlen(r->message->name, sizeof(r->message->name)) == sizeof(r->message->name))
		return -EINVAL;
	switch (r->message->command) {
	case SCHED_APS_QUERY_PARMS: return query_parms(r);
	case SCHED_APS_SET_PARMS: return aps_set(r);
	case SCHED_APS_ADD_SECURITY: return aps_secure(r);
	case SCHED_APS_CREATE_PARTITION: return aps_create(r);
	case SCHED_APS_MODIFY_PARTITION: return aps_modify(r);
	case SCHED_APS_LOOKUP: return aps_find(r->message->name);
	case SCHED_APS_QUERY_PARTITION: return query_partition(r);
	case SCHED_APS_JOIN_PARTITION: return aps_join(r);
	case SCHED_APS_QUERY_THREAD: return query_thread(r);
	case SCHED_APS_QUERY_PROCESS: return query_process(r);
	case SCHED_APS_PARTITION_STATS: return partition_stats(r);
	case SCHED_APS_OVERALL_STATS: return overall_stats(r);
	case SCHED_APS_MARK_CRITICAL:
	case SCHED_APS_CLEAR_CRITICAL: return aps_mark_critical(r);
	default: return -EINVAL;
	}
}
