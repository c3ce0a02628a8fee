/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads with thread-local storage, mutexes and waiting on words. Everything here returns 0 or above, or a negative
 * errno; errno itself is not touched.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THREAD_STACK_MIN 4096u

/*
 * Starts entry(arg) on a new stack of at least `stack_bytes` bytes out of the heap. `priority` 0 means the caller's,
 * and so does `runmask` 0; the policy is the caller's. `name` is cut off at NAME_MAX_ - 1 characters
 * and may be NULL. Returns the tid, 1 or above. -ENOMEM: heap or kernel memory is used up. The thread ends by
 * returning, or by thread_exit(); its stack is used again by a later thread_create().
 */
int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name);
_Noreturn void thread_exit(void);

/* Own tid, without a kernel call. */
int thread_self(void);

/* Name of the calling thread, for pidin. */
int thread_name(const char *name);

/* Blocks the caller for at least that long. */
void thread_sleep(uint64_t ns);

/*
 * A mutex with priority inheritance, not recursive. The word holds the owner's tid, and MUTEX_WAITERS if the owner must
 * wake somebody. Locking or unlocking it wrongly ends the process by abort().
 */
struct mutex {
	uint32_t word;
};
#define MUTEX_INIT \
	{          \
		0  \
	}
#define MUTEX_WAITERS (1u << 31)

/* A mutex is not recursive; mutex_lock() waits, mutex_trylock() returns false instead. */
void mutex_init(struct mutex *m);
#if defined(__aarch64__) || defined(MUTEX_TEST)
#include "bulkhead/mutex.h"
#else
/* Native builds of tests bring their own. */
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
#endif

/*
 * Waits while *word equals `expected`, at most `timeout_ns` unless that is 0. Returns 0 after a wake or if the word
 * differs already, or -ETIMEDOUT. Wakes may be spurious: look at the word again.
 */
int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns);

/* Change the word first; wakes at most `count` threads. */
void word_wake(uint32_t *word, unsigned count);
