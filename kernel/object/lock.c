/* SPDX-License-Identifier: Apache-2.0 */
#include "lock.h"

#include "arch.h"

void lock_acquire(struct lock *l)
{
	uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

void lock_release(struct lock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

bool lock_wanted(const struct lock *l)
{
	return __atomic_load_n(&l->next, __ATOMIC_RELAXED) != l->owner + 1;
}
