/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"
#include "boot.h"
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include "slots.h"
#include "start.h"
#include <errno.h>

#define STACK_BYTES_OF_WORKER (16u << 10)

/* The first thread writes `job` and `order`, the worker the rest; `order` and `done` count jobs. */
static struct worker {
	enum job job;
	uint32_t order;
	uint32_t done;
	const char *step; /* that failed */
	int result;
	int coid; /* to our own channel; the first thread's */
} workers[PROCESS_MAX];

static void do_job(uint32_t number, struct worker *w, enum job job)
{
	w->step = "ProcessDestroy";
	w->result = job == JOB_START ? slot_build(number, &w->step) : ProcessDestroy_r(number);
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
		int result = 0;

		if (slots[i].kind == SLOT_EMPTY)
			continue;
		result = ConnectAttach_r(0, PROCMGR_CHID, 0);
		workers[i].coid = result;
		if (result >= 0)
			result =
			    thread_create(worker_thread, (void *)(uintptr_t)i, STACK_BYTES_OF_WORKER, sched->priority,
					  sched->runmask & ((1u << boot->cpus) - 1), slots[i].name);
		if (result < 0)
			return result;
	}
	return 0;
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
