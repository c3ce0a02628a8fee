/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks: waiters are served in order. The ranks are in docs/architecture.md: a CPU that holds a lock takes only
 * locks of a higher rank, which the native build checks.
 */
#pragma once

#include "arch.h"

struct lock {
	uint32_t next, owner;
	uint32_t rank;
};

enum lock_rank { RANK_KERNEL = 1, RANK_CPU, RANK_VCPU, RANK_CONSOLE };

#define LOCK_INIT(r)                               \
	{                                          \
		.next = 0, .owner = 0, .rank = (r) \
	}

static inline void ticket_acquire(struct lock *l)
{
	uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (unlikely(__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket))
		arch_lock_relax();
}

static inline void ticket_release(struct lock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

static inline bool ticket_wanted(const struct lock *l)
{
	return READ_ONCE(l->next) != l->owner + 1;
}

#if __STDC_HOSTED__
/* With ranks checked: kernel/arch/host/lock.c. */
void lock_acquire(struct lock *l);
void lock_release(struct lock *l);
bool lock_wanted(const struct lock *l);
#else
static inline void lock_acquire(struct lock *l)
{
	ticket_acquire(l);
}

static inline void lock_release(struct lock *l)
{
	ticket_release(l);
}

/* By its holder: does another CPU wait? */
static inline bool lock_wanted(const struct lock *l)
{
	return ticket_wanted(l);
}
#endif

extern struct lock kernel_lock;
