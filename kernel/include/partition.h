/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adaptive partitions: guaranteed shares of the time of the shared CPUs, over a window that slides by slots of a
 * hundredth of it.
 *
 * An account is a partition's time, or the time that its critical threads take as such. Each CPU counts by itself. In
 * each slot the first CPU that asks finds out what was used in the last window, so what every account may use yet: its
 * pool. A CPU takes a portion out of it, for the rest of the slot at most, and its timer ends that. So the rank of a
 * thread is what its account is worth on that CPU, and then its priority.
 */
#pragma once

#include "bulkhead.h"
#include "lock.h"
#include "types.h"

struct cpu;
struct thread;

#define ACCOUNTS         64u
#define ACCOUNT_CRITICAL 32u /* + partition */
#define NOBODY           ACCOUNTS
#define NEVER            UINT64_MAX

/* Of what processes and threads are given: a partition, with PARTITION_CRITICAL. */
static inline unsigned account_of(uint64_t partition)
{
	return (partition % PARTITION_MAX) | (partition & PARTITION_CRITICAL ? ACCOUNT_CRITICAL : 0);
}

static inline uint32_t partition_of(unsigned account)
{
	return account % PARTITION_MAX | (account < ACCOUNT_CRITICAL ? 0 : PARTITION_CRITICAL);
}

/* What a rank begins with: no budget at all; it is used up; there is some; there is some for critical threads. */
#define RANK_SHIFT 8
enum level { LEVEL_ZERO = 1, LEVEL_OVER, LEVEL_BUDGET, LEVEL_CRITICAL };

/* Of a CPU. It alone changes it; `good`, and with it the ranks, under its lock. */
struct share {
	/*
	 * How long the account in `bill` may go on without a decision, ticks and the same as ns; NEVER: as long as it
	 * likes, for nobody waits, or there is one partition only.
	 */
	uint64_t decide, decide_ns;
	uint64_t slot_end;           /* of the slot that all this is of, ticks */
	uint64_t good;               /* accounts that have a portion here or, by what is known here, can get one */
	uint32_t bill;               /* whose time this is; NOBODY */
	uint32_t rank[ACCOUNTS];     /* of a thread of priority 0 */
	uint64_t left[ACCOUNTS + 1]; /* of a portion, ticks; NEVER */
	int64_t
	    spent[ACCOUNTS + 1]; /* ticks since the start; while it goes on, less busy_time() at its begin: below 0 */
};

struct partition {
	uint32_t budget, max; /* hundredths of a percent of all shared CPUs */
	uint32_t critical_us; /* in a window */
};

extern struct partitions {
	/* Under the kernel lock and this one. */
	struct partition of[PARTITION_MAX];
	uint32_t window_ms;
	uint32_t shared;  /* CPUs */
	uint32_t policy;  /* PARTITION_POLICY_* */
	bool active;      /* there is more than one */
	uint32_t version; /* of the settings that the past depends on */
	struct lock lock;
	uint64_t budget[ACCOUNTS]; /* ticks in a window */
	uint64_t with_budget;      /* accounts */
	/* Under this lock. */
	uint64_t window, slot_end; /* ticks */
	uint64_t sampled;          /* accounts whose pool is of this slot */
	uint64_t pool[ACCOUNTS];   /* what they may use in this slot yet */
} partitions;

/* CPUs that have no end of their portion because nobody waits; without a lock. Who waits, calls them. */
extern uint32_t partitions_open;

void partition_init_cpu(struct cpu *c); /* after sched_init_cpu() */
/* To another account, with the thread that has begun to run here at c->run_start. */
NAMED void partition_switch(struct cpu *c, unsigned account);
/*
 * The CPU's lock is held; `t` runs, or nobody. Before a thread is chosen: who would go before it has a portion, or
 * waits on with a lower rank. `look`: `decide` may have come.
 */
NAMED void partition_settle(struct cpu *c, const struct thread *t, bool look);
void partition_settings_changed(void); /* under the kernel lock */
/* Time of the running thread, on this CPU, was spent for another account. */
static inline void partition_charge(struct share *s, uint64_t ticks, unsigned account)
{
	WRITE_ONCE(s->spent[s->bill], s->spent[s->bill] - (int64_t)ticks);
	WRITE_ONCE(s->spent[account], s->spent[account] + (int64_t)ticks);
}

/* What PARTITION_STATS tells. */
void partition_stats(unsigned id, struct partition_stats *stats);
void partition_idle(struct partition_stats *stats); /* of shared CPUs; in a window: not counted */
NAMED void partition_call_open(void);               /* somebody waits, and `partitions_open` was not 0 */

bool sched_nobody_waits(void); /* anywhere: sched.c */
