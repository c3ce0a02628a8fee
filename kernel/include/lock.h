/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks: waiters are served in order. The ranks are in docs/architecture.md: a CPU that holds a lock takes only
 * locks of a higher rank, which the native build checks.
 */
#pragma once

#include "arch.h"

struct lock {
	union {
		uint32_t tickets; /* both at once: to draw one costs no second look */
		struct {
			uint16_t owner, next;
		};
	};
	uint32_t rank;
};

enum lock_rank { RANK_KERNEL = 1, RANK_CPU, RANK_PARTITION, RANK_VCPU, RANK_CONSOLE };

#define LOCK_INIT(r)        \
	{                   \
		.rank = (r) \
	}

static inline void ticket_acquire(struct lock *l)
{
	uint32_t drawn = __atomic_fetch_add(&l->tickets, 1u << 16, __ATOMIC_ACQUIRE);
	uint32_t differ = drawn ^ (drawn >> 16 | drawn << 16); /* 0: its turn has come */

	__asm__("" : "+r"(differ)); /* no comparison: it is one already */
	if (likely(!differ))
		return;
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != drawn >> 16)
		arch_lock_relax();
}

/* `owner`: l->owner, which only its holder changes, while others draw tickets beside it. */
static inline void ticket_release(struct lock *l, uint16_t owner)
{
	__atomic_store_n(&l->owner, (uint16_t)(owner + 1), __ATOMIC_RELEASE);
}

/* By its holder: does another CPU wait? */
static inline bool ticket_wanted(const struct lock *l)
{
	return READ_ONCE(l->next) != (uint16_t)(READ_ONCE(l->owner) + 1);
}

#if __STDC_HOSTED__
/* With ranks checked: kernel/arch/host/lock.c. */
void lock_acquire(struct lock *l);
void lock_release(struct lock *l);
bool lock_wanted(const struct lock *l);
#else
#define lock_acquire ticket_acquire
#define lock_wanted  ticket_wanted

static inline void lock_release(struct lock *l)
{
	ticket_release(l, l->owner);
}
#endif

extern struct lock kernel_lock;
