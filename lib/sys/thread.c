/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads. One allocation holds a thread's record, its thread-local storage and its stack. A thread that ends still
 * stands on its stack, so it only puts the record on a list; a later thread_create() frees those whose tid the kernel
 * does not know any more.
 */
#include "bulkhead/thread.h"
#include "bulkhead/kernel.h"
#include "lib/sys/start.h"
#include "lib/sys/tls.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct thread {
	struct thread *next;
	void (*entry)(void *);
	void *arg;
	uint32_t tid; /* of a thread that has ended */
	char name[NAME_MAX_];
};

static _Thread_local struct thread *self;
static struct mutex ended_lock = MUTEX_INIT;
static struct thread *ended;

int thread_name(const char *name)
{
	char padded[NAME_MAX_] = {0};

	strncpy(padded, name, sizeof(padded) - 1);
	return ThreadCtl_r(THREADCTL_NAME, (uint64_t)(uintptr_t)padded);
}

static void free_ended(void)
{
	struct thread **link = &ended;

	mutex_lock(&ended_lock);
	while (*link) {
		struct thread *thread = *link;

		/* A tid that was given out again looks alive: then it is freed when that thread has ended too. */
		if (SchedGet_r(-1, (int)thread->tid, NULL) == -ESRCH) {
			*link = thread->next;
			free(thread);
		} else {
			link = &thread->next;
		}
	}
	mutex_unlock(&ended_lock);
}

static void thread_main(void *arg)
{
	self = arg;
	thread_self_init();
	if (self->name[0])
		thread_name(self->name);
	self->entry(self->arg);
	thread_exit();
}

_Noreturn void thread_exit(void)
{
	struct thread *thread = self;

	/* The first thread has no record: its stack is not of the heap. */
	if (thread) {
		thread->tid = (uint32_t)thread_self();
		mutex_lock(&ended_lock);
		thread->next = ended;
		ended = thread;
		mutex_unlock(&ended_lock);
	}
	for (;;)
		ThreadDestroy_r(0, 0);
}

int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name)
{
	size_t head = (sizeof(struct thread) + 15) & ~(size_t)15;
	int sched = SchedGet_r(-1, thread_self(), NULL);

	if (sched < 0)
		return sched;
	free_ended();
	if (stack_bytes < THREAD_STACK_MIN)
		stack_bytes = THREAD_STACK_MIN;
	if (stack_bytes > PTRDIFF_MAX / 2)
		return -ENOMEM;
	stack_bytes = (stack_bytes + 15) & ~(size_t)15;
	char *memory = aligned_alloc(16, head + tls_bytes() + stack_bytes);

	if (!memory)
		return -ENOMEM;
	struct thread *thread = (struct thread *)(void *)memory;

	*thread = (struct thread){.entry = entry, .arg = arg};
	if (name)
		strncpy(thread->name, name, sizeof(thread->name) - 1);
	int tid = ThreadCreate_r(thread_main, thread, memory + head + tls_bytes() + stack_bytes,
				 priority ? priority : (unsigned)sched & 0xff, (unsigned)sched >> 8, runmask,
				 tls_make(memory + head));

	if (tid < 0)
		free(thread);
	return tid;
}
