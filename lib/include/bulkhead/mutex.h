/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a mutex that nobody has, and giving it back to nobody, without a call. For thread.h only. */
#pragma once

/*
 * thread_self(), which the first four bytes of a thread's own block say (lib/sys/tls.h). They do not change, so the
 * compiler need not read them twice: all in one, and no memory that it knows of.
 */
#ifdef __aarch64__
static inline uint32_t read_own_tid(void)
{
	uint64_t block;

	__asm__("mrs %0, tpidr_el0\n\tldr %w0, [%0]" : "=r"(block));
	return (uint32_t)block;
}
#else
uint32_t read_own_tid(void); /* the test's */
#endif

/* The rest: somebody has it, or `word`, as it was, is not that of the caller alone. */
void mutex_lock_long(struct mutex *m);
void mutex_unlock_long(struct mutex *m, uint32_t word);

static inline bool mutex_trylock(struct mutex *m)
{
	uint32_t none = 0;

	return __atomic_compare_exchange_n(&m->word, &none, read_own_tid(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *m)
{
	if (__builtin_expect(!mutex_trylock(m), false))
		mutex_lock_long(m);
}

static inline void mutex_unlock(struct mutex *m)
{
	const uint32_t word = __atomic_exchange_n(&m->word, 0, __ATOMIC_RELEASE);

	if (__builtin_expect(word != read_own_tid(), false))
		mutex_unlock_long(m, word);
}
