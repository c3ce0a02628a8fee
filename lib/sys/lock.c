/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The locks that picolibc takes (malloc, environment, buffered files). Its recursive and its plain locks are one type
 * here: the same object may be used through both interfaces, and nothing in it relies on a plain one to deadlock.
 */
#include "bulkhead/thread.h"
#include <stdlib.h>
#include <sys/lock.h>

struct __lock {
	struct mutex mutex;
	int owner; /* tid; written by the owner only, so it equals the reader's tid only if the reader owns it */
	unsigned depth;
};

struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(**lock));
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	int self = thread_self();

	if (!lock)
		return;
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != self) {
		mutex_lock(&lock->mutex);
		__atomic_store_n(&lock->owner, self, __ATOMIC_RELAXED);
	}
	lock->depth++;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (!lock || --lock->depth)
		return;
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	mutex_unlock(&lock->mutex);
}

void __retarget_lock_init(_LOCK_T *lock)
{
	__retarget_lock_init_recursive(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
	__retarget_lock_close_recursive(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	__retarget_lock_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
	__retarget_lock_release_recursive(lock);
}
