/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes, and waiting on words. Without contention no kernel call is made. */
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include <errno.h>
#include <stdlib.h>

void mutex_init(struct mutex *m)
{
	m->word = 0;
}

/*
 * The mutex is taken with MUTEX_WAITERS set, since others may wait beside us: at worst that costs one wake of nobody.
 */
void mutex_lock_long(struct mutex *m)
{
	uint32_t self = read_own_tid();

	for (;;) {
		uint32_t word = __atomic_load_n(&m->word, __ATOMIC_RELAXED);

		if (word == 0) {
			if (__atomic_compare_exchange_n(&m->word, &word, self | MUTEX_WAITERS, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return;
			continue;
		}
		if ((word & ~MUTEX_WAITERS) == self)
			abort();
		if (!(word & MUTEX_WAITERS) && !__atomic_compare_exchange_n(&m->word, &word, word | MUTEX_WAITERS,
									    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		word |= MUTEX_WAITERS;
		SyncWait_r(&m->word, word, (int)(word & ~MUTEX_WAITERS));
	}
}

void mutex_unlock_long(struct mutex *m, uint32_t word)
{
	if (word != (read_own_tid() | MUTEX_WAITERS))
		abort();
	SyncWake_r(&m->word, 1);
}

int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	if (timeout_ns)
		TimerTimeout_r(TIMEOUT_SYNC, timeout_ns);
	int status = SyncWait_r(word, expected, 0);

	return status == -EAGAIN || status == -EINTR ? 0 : status;
}

void word_wake(uint32_t *word, unsigned count)
{
	SyncWake_r(word, count);
}

void thread_sleep(uint64_t ns)
{
	uint64_t end = ClockTime() + ns;
	uint32_t word = 0;

	if (ns == 0)
		return;
	do {
		TimerTimeout_r(TIMEOUT_SYNC | TIMER_ABSTIME, end);
		SyncWait_r(&word, 0, 0);
	} while (ClockTime() < end);
}
