/* SPDX-License-Identifier: Apache-2.0 */
#include "threads.h"
#include <stdlib.h>

pthread_mutex_t stub_mutex = PTHREAD_MUTEX_INITIALIZER, stub_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t stub_changed = PTHREAD_COND_INITIALIZER;

void mutex_lock(struct mutex *m)
{
	(void)m;
	pthread_mutex_lock(&stub_mutex);
}

void mutex_unlock(struct mutex *m)
{
	(void)m;
	pthread_mutex_unlock(&stub_mutex);
}

int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	assert_int_equal(timeout_ns, 0);
	pthread_mutex_lock(&stub_lock);
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == expected)
		pthread_cond_wait(&stub_changed, &stub_lock);
	pthread_mutex_unlock(&stub_lock);
	return 0;
}

void word_wake(uint32_t *word, unsigned count)
{
	(void)word;
	(void)count;
	pthread_mutex_lock(&stub_lock);
	pthread_cond_broadcast(&stub_changed);
	pthread_mutex_unlock(&stub_lock);
}

struct start {
	void (*entry)(void *);
	void *arg;
};

static void *run(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	start.entry(start.arg);
	return NULL;
}

bool stub_thread(void (*entry)(void *), void *arg)
{
	struct start *start = malloc(sizeof(*start));
	pthread_t thread;

	*start = (struct start){entry, arg};
	return pthread_create(&thread, NULL, run, start) == 0 && pthread_detach(thread) == 0;
}
