/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sys/sync.c */
/* CFLAGS: -DMUTEX_TEST */
/* Mutexes and waiting on words, with the host's threads and a kernel that keeps waiters in a list. */
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"

/* The host's <time.h>, below, has a macro of the same name. */
static const unsigned absolute = TIMER_ABSTIME;

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define THREADS 4
#define ROUNDS  20000

/* The kernel: one lock, one condition, and which word each waiter waits on. */
static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t kernel_wakes = PTHREAD_COND_INITIALIZER;
static const volatile void *waits_on[THREADS + 2];
static int last_owner, wait_calls, wake_calls;

static _Thread_local int self_tid = 1;
static _Thread_local uint64_t timeout;

uint32_t read_own_tid(void)
{
	return (uint32_t)self_tid;
}

uint64_t ClockTime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int TimerTimeout_r(unsigned flags, uint64_t ns)
{
	assert_true(flags & TIMEOUT_SYNC);
	timeout = flags & absolute ? ns : ClockTime() + ns;
	return 0;
}

static int block(void)
{
	struct timespec end = {.tv_sec = (time_t)(timeout / 1000000000u), .tv_nsec = (long)(timeout % 1000000000u)};

	if (timeout)
		return pthread_cond_timedwait(&kernel_wakes, &kernel_lock, &end);
	return pthread_cond_wait(&kernel_wakes, &kernel_lock);
}

int SyncWait_r(const volatile void *word, uint32_t expected, int owner)
{
	int status = 0;

	pthread_mutex_lock(&kernel_lock);
	wait_calls++;
	last_owner = owner;
	if (__atomic_load_n((const volatile uint32_t *)word, __ATOMIC_SEQ_CST) != expected)
		status = -EAGAIN;
	waits_on[self_tid] = status == 0 ? word : NULL;
	while (waits_on[self_tid] && status == 0)
		if (block() == ETIMEDOUT)
			status = -ETIMEDOUT;
	waits_on[self_tid] = NULL;
	timeout = 0;
	pthread_mutex_unlock(&kernel_lock);
	return status;
}

int SyncWake_r(const volatile void *word, unsigned count)
{
	unsigned woken = 0;

	pthread_mutex_lock(&kernel_lock);
	wake_calls++;
	for (unsigned i = 0; i < sizeof(waits_on) / sizeof(waits_on[0]) && woken < count; i++)
		if (waits_on[i] == word) {
			waits_on[i] = NULL;
			woken++;
		}
	pthread_cond_broadcast(&kernel_wakes);
	pthread_mutex_unlock(&kernel_lock);
	return (int)woken;
}

static struct mutex mutex = MUTEX_INIT;
static unsigned counter, inside;

static void *count_up(void *arg)
{
	self_tid = (int)(intptr_t)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 8 != 7 || !mutex_trylock(&mutex))
			mutex_lock(&mutex);
		/* Not atomic: the sanitizer and the sum both tell if the mutex lets two in. */
		inside++;
		if (inside != 1)
			abort();
		counter++;
		inside--;
		mutex_unlock(&mutex);
	}
	return NULL;
}

static void one_thread_has_the_mutex(void **state)
{
	(void)state;
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count_up, (void *)(intptr_t)(i + 2));
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, THREADS * ROUNDS);
	assert_int_equal(mutex.word, 0);
}

static void no_call_is_made_without_contention(void **state)
{
	(void)state;
	wait_calls = wake_calls = 0;
	mutex_lock(&mutex);
	assert_int_equal(mutex.word, 1);
	assert_false(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	assert_true(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	assert_int_equal(wait_calls + wake_calls, 0);
}

static void *lock_once(void *arg)
{
	self_tid = (int)(intptr_t)arg;
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	return NULL;
}

static bool is_waiting(int who)
{
	pthread_mutex_lock(&kernel_lock);
	bool waiting = waits_on[who] == &mutex.word;

	pthread_mutex_unlock(&kernel_lock);
	return waiting;
}

static void the_owner_inherits_the_priority(void **state)
{
	(void)state;
	pthread_t thread;

	mutex_lock(&mutex);
	pthread_create(&thread, NULL, lock_once, (void *)2);
	while (!is_waiting(2))
		;
	assert_int_equal(last_owner, 1);
	assert_int_equal(__atomic_load_n(&mutex.word, __ATOMIC_RELAXED), 1 | MUTEX_WAITERS);
	mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	assert_int_equal(mutex.word, 0);
}

static uint32_t word;

static void *wait_for_change(void *arg)
{
	self_tid = (int)(intptr_t)arg;
	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0)
		if (word_wait(&word, 0, 0) != 0)
			abort();
	return NULL;
}

static void a_word_wakes_who_waits_for_it(void **state)
{
	(void)state;
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, wait_for_change, (void *)(intptr_t)(i + 2));
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	word_wake(&word, THREADS);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(word_wait(&word, 0, 0), 0);
	uint64_t start = ClockTime();

	assert_int_equal(word_wait(&word, 1, 2000000), -ETIMEDOUT);
	assert_true(ClockTime() - start >= 2000000);
	start = ClockTime();
	thread_sleep(3000000);
	assert_true(ClockTime() - start >= 3000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_thread_has_the_mutex),
	    cmocka_unit_test(no_call_is_made_without_contention),
	    cmocka_unit_test(the_owner_inherits_the_priority),
	    cmocka_unit_test(a_word_wakes_who_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
