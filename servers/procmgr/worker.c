/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"
#include "boot.h"
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include "slots.h"
#include "start.h"
#include <errno.h>

#define STACK_BYTES_OF_WORKER (16u << 10)
#define HELPERS_MAX           3 /* of a slot: zeroing on more CPUs does not make memory faster */

/*
 * The first thread writes `job` and `order`, the worker the rest; `order` and `done` count jobs, `help` how often the
 * helpers were called.
 */
static struct worker {
	enum job job;
	uint32_t order;
	uint32_t done;
	const char *step; /* that failed */
	int result;
	int coid; /* to our own channel; the first thread's */
	unsigned helpers;
	uint32_t help;
} workers[PROCESS_MAX];

/* What nobody has of the slot's memory becomes zero, on as many CPUs as there are helpers, and this one. */
static int zero_memory(uint32_t number, struct worker *w)
{
	if (w->helpers > 0) {
		__atomic_store_n(&w->help, w->help + 1, __ATOMIC_RELEASE);
		word_wake(&w->help, w->helpers);
	}
	return ProcessZero_r(number);
}

/* One that comes late finds nothing to do: what a process has is not zeroed. */
static void helper_thread(void *arg)
{
	const uint32_t number = (uint32_t)(uintptr_t)arg;
	uint32_t told = 0;

	for (;;) {
		if (__atomic_load_n(&workers[number].help, __ATOMIC_ACQUIRE) == told) {
			word_wait(&workers[number].help, told, 0);
			continue;
		}
		told = __atomic_load_n(&workers[number].help, __ATOMIC_ACQUIRE);
		ProcessZero_r(number);
	}
}

static void do_job(uint32_t number, struct worker *w, enum job job)
{
	w->step = "ProcessDestroy";
	w->result = job == JOB_END ? ProcessDestroy_r(number) : 0;
	if (w->result < 0)
		return;
	w->step = "ProcessZero";
	w->result = zero_memory(number, w);
	if (w->result >= 0 && job == JOB_START)
		w->result = slot_build(number, &w->step);
}

static void worker_thread(void *arg)
{
	const uint32_t number = (uint32_t)(uintptr_t)arg;
	struct worker *w = &workers[number];

	for (;;) {
		uint32_t told = __atomic_load_n(&w->order, __ATOMIC_ACQUIRE);

		if (told == w->done) {
			word_wait(&w->order, told, 0);
			continue;
		}
		do_job(number, w, w->job);
		__atomic_store_n(&w->done, told, __ATOMIC_RELEASE);
		MsgSendPulse_r(w->coid, -1, PULSE_WORKER, number);
	}
}

int worker_make_all(void)
{
	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		const struct sys_sched *sched = &slots[i].sched;
		const uint32_t cpus = sched->runmask & ((1u << boot->cpus) - 1);
		int result = 0;

		if (slots[i].kind == SLOT_EMPTY)
			continue;
		result = ConnectAttach_r(0, PROCMGR_CHID, 0);
		workers[i].coid = result;
		if (result >= 0)
			result = thread_create(worker_thread, (void *)(uintptr_t)i, STACK_BYTES_OF_WORKER,
					       sched->priority, cpus, slots[i].name);
		if (result < 0)
			return result;
	}
	return 0;
}

void worker_make_helpers(void)
{
	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		const uint32_t cpus = slots[i].sched.runmask & ((1u << boot->cpus) - 1);
		const unsigned further = slots[i].kind == SLOT_VM ? (unsigned)__builtin_popcount(cpus) - 1 : 0;
		unsigned *count = &workers[i].helpers;

		for (*count = 0; *count < further && *count < HELPERS_MAX; ++*count)
			if (thread_create(helper_thread, (void *)(uintptr_t)i, THREAD_STACK_MIN,
					  slots[i].sched.priority, cpus, slots[i].name) < 0)
				return;
	}
}

void worker_begin(uint32_t number, enum job job)
{
	struct worker *w = &workers[number];

	slots[number].job = job;
	w->job = job;
	__atomic_store_n(&w->order, w->order + 1, __ATOMIC_RELEASE);
	word_wake(&w->order, 1);
}

bool worker_done(uint32_t number, int *result, const char **step)
{
	struct worker *w = &workers[number];

	if (slots[number].job == JOB_NONE || __atomic_load_n(&w->done, __ATOMIC_ACQUIRE) != w->order)
		return false;
	*result = w->result;
	*step = w->step;
	return true;
}
