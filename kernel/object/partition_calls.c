/* SPDX-License-Identifier: Apache-2.0 */
/* SchedPartition: the settings of adaptive partitions, and what they have used. */
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "process.h"
#include "thread.h"

static int64_t set_params(uint64_t window_ms, uint64_t shared, uint64_t policy)
{
	if (window_ms < WINDOW_MS_MIN || window_ms > WINDOW_MS_MAX || shared >> board.cpu_count ||
	    (policy & ~(uint64_t)PARTITION_POLICY_RATIO))
		return -KE_INVAL;
	partitions.window_ms = (uint32_t)window_ms;
	partitions.shared = (uint32_t)shared;
	partitions.policy = (uint32_t)policy;
	partitions.version++; /* other CPUs, or other times: what was used before counts no more */
	partition_settings_changed();
	return 0;
}

static int64_t set_budget(uint64_t id, uint64_t budget, uint64_t critical_us)
{
	uint32_t least = (uint16_t)budget, max = (uint32_t)(budget >> 16);

	if (id >= PARTITION_MAX || budget >> 32 || least > max || max > PARTITION_PERCENT ||
	    critical_us > (uint64_t)WINDOW_MS_MAX * 1000 * CPU_MAX)
		return -KE_INVAL;
	partitions.of[masked(id, PARTITION_MAX)] = (struct partition){least, max, (uint32_t)critical_us};
	partitions.active |= id != 0;
	partition_settings_changed();
	return 0;
}

/* What it does for somebody else it goes on with. */
static void join_thread(struct thread *t, uint64_t partition)
{
	unsigned before = t->base_account;

	t->base_account = (uint8_t)account_of(partition);
	if (t->account == before && !t->kill)
		sched_set_standing(t, (unsigned)t->base_account << 8 | t->prio);
}

static int64_t join_partition(uint64_t slot, uint64_t tid, uint64_t partition)
{
	struct process *p = process_of(slot);
	struct thread *t = p && tid ? thread_of(p, tid) : NULL;

	if (!p || (tid && !t))
		return -KE_SRCH;
	if ((partition & ~(uint64_t)PARTITION_CRITICAL) >= PARTITION_MAX)
		return -KE_INVAL;
	if (t)
		join_thread(t, partition);
	else
		p->params.partition = (uint32_t)partition;
	return 0;
}

static int64_t tell_stats(struct thread *t, uint64_t id, uint64_t address)
{
	struct partition_stats stats = {0};

	if (id > PARTITION_IDLE)
		return -KE_INVAL;
	if (id == PARTITION_IDLE)
		partition_idle(&stats);
	else
		partition_stats((unsigned)masked(id, PARTITION_MAX), &stats);
	return copy_out(t->process, address, &stats, sizeof(stats));
}

int64_t call_SchedPartition(struct thread *t, struct frame *f)
{
	uint64_t subject = SchedPartition_subject(f), value = SchedPartition_value(f), more = SchedPartition_more(f);

	switch (SchedPartition_command(f)) {
	case PARTITION_PARAMS: return set_params(subject, value, more);
	case PARTITION_BUDGET: return set_budget(subject, value, more);
	case PARTITION_JOIN: return join_partition(subject, value, more);
	case PARTITION_STATS: return tell_stats(t, subject, more);
	default: return -KE_INVAL;
	}
}
