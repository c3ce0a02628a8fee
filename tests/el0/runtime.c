/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run-time library on the target: start, thread-local storage, threads that come and go, mutexes between CPUs, the
 * heap, string routines at every alignment, and standard output. Needs the ability `log`.
 */
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "check.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STACK   4096u
#define WORKERS 4u
#define ROUNDS  1000u
#define MS      1000000ull

static _Thread_local uint32_t initialized = 0x12345678;
static _Thread_local uint32_t zeroed;
static _Thread_local uint64_t aligned __attribute__((aligned(64))) = 77;
static int constructed;

__attribute__((constructor)) static void construct(void)
{
	constructed++;
}

static void test_start(int argc, char **argv)
{
	unsigned slot = 0;

	ThreadSelf_r(&slot);
	check_equal("constructors that ran", constructed, 1);
	check_that(argc >= 1 && argv[0] && argv[0][0], "argv[0]", argc);
	check_that(argv[argc] == NULL, "argv[argc] is NULL", argc);
	check_equal("own slot", process_args()->slot, slot);
	check_equal("tid of main", thread_self(), ThreadSelf_r(NULL));
}

/* Threads */

static uint32_t finished, bad_storage, wrong_tids;

static void worker(void *arg)
{
	if (initialized != 0x12345678 || zeroed != 0 || aligned != 77 || (uintptr_t)&aligned % 64 || errno != 0)
		__atomic_fetch_add(&bad_storage, 1, __ATOMIC_RELAXED);
	initialized = zeroed = 1;
	aligned = 0;
	errno = EBADF;
	if (thread_self() != ThreadSelf_r(NULL))
		__atomic_fetch_add(&wrong_tids, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
	word_wake(&finished, 1);
	if (arg)
		thread_exit();
}

static void wait_until(uint32_t *word, uint32_t value)
{
	for (uint32_t now; (now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < value;)
		if (word_wait(word, now, 20000 * MS) < 0)
			return;
}

/* Many times as many threads as the heap has room for at once: their stacks are used again. */
static void test_threads(void)
{
	size_t rounds = process_args()->heap_bytes / STACK * 2;
	int tid = 1;

	errno = 0;
	for (size_t i = 0; i < rounds && tid > 0; i++) {
		tid = thread_create(worker, (void *)(i & 1), STACK, 0, 0, "worker");
		if (tid > 0)
			wait_until(&finished, (uint32_t)i + 1);
	}
	check_that(tid > 0, "thread_create", tid);
	check_equal("threads that ended", finished, (int64_t)rounds);
	check_equal("threads with wrong storage", bad_storage, 0);
	check_equal("threads with a wrong tid", wrong_tids, 0);
	check_that(initialized == 0x12345678 && zeroed == 0 && aligned == 77 && errno == 0, "storage of main",
		   initialized);
	check_equal("thread_create with a huge stack", thread_create(worker, NULL, SIZE_MAX / 4, 0, 0, NULL), -ENOMEM);
	check_equal("thread_create with a bad priority", thread_create(worker, NULL, STACK, 255, 0, NULL), -EINVAL);
}

/* Mutexes, and malloc between threads */

static struct mutex mutex = MUTEX_INIT;
static uint32_t counter, at_work, bad_blocks;

static void contend(void *arg)
{
	unsigned char mark = (unsigned char)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		counter++; /* not atomic */
		mutex_unlock(&mutex);
		if (i % 16)
			continue;
		size_t bytes = 1 + i % 200;
		unsigned char *block = malloc(bytes);

		if (!block)
			continue;
		memset(block, mark, bytes);
		SchedYield_r();
		for (size_t k = 0; k < bytes; k++)
			if (block[k] != mark)
				__atomic_fetch_add(&bad_blocks, 1, __ATOMIC_RELAXED);
		free(block);
	}
	__atomic_fetch_add(&at_work, 1, __ATOMIC_RELEASE);
	word_wake(&at_work, 1);
}

static void test_mutexes(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		check_that(thread_create(contend, (void *)(uintptr_t)(i + 1), STACK, 0, 0, "contend") > 0,
			   "thread_create", i);
	wait_until(&at_work, WORKERS);
	check_equal("sum under a mutex", counter, WORKERS * ROUNDS);
	check_equal("blocks of the heap that another thread wrote", bad_blocks, 0);
	check_equal("a mutex at rest", mutex.word, 0);
	check_that(mutex_trylock(&mutex) && !mutex_trylock(&mutex), "mutex_trylock", mutex.word);
	mutex_unlock(&mutex);
}

static void test_heap(void)
{
	errno = 0;
	check_that(malloc(process_args()->heap_bytes) == NULL, "malloc of more than there is", 0);
	check_equal("errno of that", errno, ENOMEM);
	void *half = malloc(process_args()->heap_bytes / 4);

	check_that(half != NULL, "malloc of a quarter", 0);
	free(half);
}

static void test_time(void)
{
	uint32_t word = 0;
	uint64_t start = ClockTime();

	thread_sleep(5 * MS);
	check_that(ClockTime() - start >= 5 * MS, "thread_sleep", (int64_t)(ClockTime() - start));
	check_equal("word_wait with another value", word_wait(&word, 1, 0), 0);
	check_equal("word_wait that times out", word_wait(&word, 0, MS), -ETIMEDOUT);
}

/* The string routines are compiled otherwise here than for the unit tests: with unaligned accesses. */
static void test_strings(void)
{
	static unsigned char from[256], to[256];
	unsigned bad = 0;

	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i % 255 + 1);
	for (unsigned at = 0; at < 9; at++)
		for (unsigned shift = 0; shift < 9; shift++)
			for (unsigned n = 0; n < 100; n++) {
				memset(to, 0xee, sizeof(to));
				memcpy(to + at, from + shift, n);
				for (unsigned i = 0; i < n; i++)
					bad += to[at + i] != from[shift + i];
				bad += to[at + n] != 0xee || (at && to[at - 1] != 0xee);
				bad += memcmp(to + at, from + shift, n) != 0;
				memmove(to + at + 3, to + at, n);
				bad += memcmp(to + at + 3, from + shift, n) != 0;
				memmove(to + at, to + at + 3, n);
				bad += memcmp(to + at, from + shift, n) != 0;
				to[at + n] = 0;
				bad += memchr(to + at, 0, n + 1) != to + at + n;
				bad += strnlen((char *)to + at, 120) != strlen((char *)to + at);
			}
	check_equal("string routines", bad, 0);
}

/* Standard output */

static char seen[1024];
static size_t seen_bytes, seen_calls;

static void see(const char *text, size_t bytes)
{
	seen_calls++;
	if (bytes <= sizeof(seen) - seen_bytes)
		memcpy(seen + seen_bytes, text, bytes);
	seen_bytes += bytes;
}

static void test_output(void)
{
	stdio_redirect(see);
	printf("%s %d\n%c", "line", 1, 'x');
	check_equal("a line is written at its end", (int64_t)seen_calls, 1);
	fflush(stdout);
	check_that(seen_calls == 2 && seen_bytes == 8 && memcmp(seen, "line 1\nx", 8) == 0, "printf",
		   (int64_t)seen_bytes);
	printf("%500s", "");
	fflush(stderr);
	check_equal("a long line is written in parts", (int64_t)seen_bytes, 508);
	stdio_redirect(NULL);
}

int main(int argc, char **argv)
{
	test_start(argc, argv);
	test_threads();
	test_mutexes();
	test_heap();
	test_time();
	test_strings();
	test_output();
	return check_report("runtime");
}
