/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on threads: their life, their scheduling, and waiting on a word of memory. */
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "process.h"
#include "vcpu.h"

#define WAKE_STEP 6u

static bool sched_params_ok(const struct process *p, uint64_t params)
{
	uint64_t prio = params & 0xff, policy = params >> 8;

	return prio && prio <= p->params.max_priority && (policy == SCHED_FIFO_ || policy == SCHED_RR_);
}

int64_t call_ThreadCreate(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	uint64_t mask = f->x[4] ? f->x[4] : t->runmask;
	int64_t tid;

	if (!sched_params_ok(p, f->x[3]) || !runmask_ok(p, mask))
		return -KE_INVAL;
	thread_create(p, f->x[0], f->x[1], f->x[2], f->x[5], f->x[3] & 0xff, (unsigned)(f->x[3] >> 8), (uint32_t)mask,
		      &tid);
	return tid;
}

int64_t call_ThreadDestroy(struct thread *t, struct frame *f)
{
	struct thread *other;

	if (f->x[0] == UINT64_MAX) {
		process_end(t->process, END_EXIT, f->x[1]);
		return 0;
	}
	if (f->x[0] == 0 || f->x[0] == t->tid) {
		if (t->process->threads_alive == 1)
			process_end(t->process, END_EXIT, f->x[1]);
		thread_kill(t);
		return 0;
	}
	other = thread_of(t->process, f->x[0]);
	if (!other)
		return -KE_SRCH;
	thread_kill(other);
	return 0;
}

int64_t call_ThreadCtl(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	char name[NAME_MAX_];

	switch (f->x[0]) {
	case THREADCTL_NAME:
		if (copy_in(p, name, f->x[1], NAME_MAX_))
			return -KE_FAULT;
		memcpy(t->name, name, NAME_MAX_);
		t->name[NAME_MAX_ - 1] = 0;
		return 0;
	case THREADCTL_RUNMASK:
		if (p->guest.sealed)
			return -KE_PERM;
		if (!runmask_ok(p, f->x[1]))
			return -KE_INVAL;
		t->runmask = (uint32_t)f->x[1];
		sched_runmask_changed(t);
		return 0;
	case THREADCTL_SELF: f->x[1] = p->slot; return t->tid;
	case THREADCTL_CONTROL: {
		struct channel *c = channel_of(p, f->x[1]);

		if (!c)
			return -KE_BADF;
		pulse_cancel(&p->signals);
		p->control = c;
		return 0;
	}
	default: return -KE_INVAL;
	}
}

/* The thread that SchedSet and SchedGet are about: of the caller's process, or with the ability of any. */
static int64_t target(const struct thread *t, const struct frame *f, struct process **p, struct thread **who)
{
	*p = f->x[0] == UINT64_MAX ? t->process : process_of(f->x[0]);
	if (*p != t->process && !able(t->process, ABLE_XSCHED))
		return -KE_PERM;
	*who = *p ? thread_of(*p, f->x[1]) : NULL;
	return *who ? 0 : -KE_SRCH;
}

int64_t call_SchedSet(struct thread *t, struct frame *f)
{
	struct process *p;
	struct thread *who;
	int64_t error = target(t, f, &p, &who);

	if (error)
		return error;
	if (p == t->process && p->guest.sealed)
		return -KE_PERM; /* others may, within its limits */
	if (!sched_params_ok(p, f->x[2]) || (f->x[3] && !runmask_ok(p, f->x[3])))
		return -KE_INVAL;
	who->base_prio = (uint8_t)f->x[2];
	who->policy = (uint8_t)(f->x[2] >> 8);
	if (who->state == STATE_RUNNING)
		sched_kick(who->cpu); /* it may have a time slice now */
	if (!who->kill)
		sched_set_prio(who, who->base_prio);
	if (f->x[3]) {
		who->runmask = (uint32_t)f->x[3];
		sched_runmask_changed(who);
	}
	return 0;
}

int64_t call_SchedGet(struct thread *t, struct frame *f)
{
	struct process *p;
	struct thread *who;
	int64_t error = target(t, f, &p, &who);

	if (error)
		return error;
	f->x[1] = who->runmask;
	return who->prio | who->policy << 8;
}

int64_t call_SchedYield(struct thread *t, struct frame *f)
{
	(void)f;
	sched_yield(t);
	return 0;
}

/* ---- waiting on a word ---- */

int64_t call_SyncWait(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	struct list *at = p->sync_waiters.prev;
	struct thread *owner;
	uint32_t word;

	if (f->x[0] & 3)
		return -KE_INVAL;
	if (copy_in(p, &word, f->x[0], sizeof(word)))
		return -KE_FAULT;
	if (word != (uint32_t)f->x[1])
		return -KE_AGAIN;
	owner = f->x[2] ? thread_of(p, f->x[2]) : NULL;
	if (owner && owner->prio < t->prio && owner->prio < p->params.max_priority)
		sched_set_prio(owner, t->prio < p->params.max_priority ? t->prio : p->params.max_priority);
	t->sync_addr = f->x[0];
	t->sync_count = ++p->sync_count;
	thread_block(t, STATE_SYNC);
	while (at != &p->sync_waiters && list_entry(at, struct thread, wait_link)->prio < t->prio)
		at = at->prev;
	list_insert_before(at->next, &t->wait_link);
	return CALL_BLOCKED;
}

/* Those who waited when the call began, not those who wait again already: it would never end. */
static uint32_t wake_some(struct thread *t, uint64_t address, uint64_t max)
{
	struct process *p = t->process;
	uint32_t woken = 0;

	list_for_each_safe (it, &p->sync_waiters) {
		struct thread *w = list_entry(it, struct thread, wait_link);

		if (woken == max)
			break;
		if (w->sync_addr != address || w->sync_count > t->sync_count)
			continue;
		list_del(&w->wait_link);
		thread_wake(w, 0);
		woken++;
	}
	return woken;
}

/*
 * A few at a time: who is woken and is more important runs in between. In the end the waker no longer owns what the
 * others wait for: what it inherited for it goes.
 */
int64_t call_SyncWake(struct thread *t, struct frame *f)
{
	uint64_t left = f->x[1] - t->woken;
	uint32_t woken;

	if (!t->woken)
		t->sync_count = t->process->sync_count;
	woken = wake_some(t, f->x[0], left < WAKE_STEP ? left : WAKE_STEP);
	t->woken += woken;
	if (woken == WAKE_STEP && left > WAKE_STEP)
		return CALL_RESTART;
	woken = t->woken;
	t->woken = 0;
	if (!t->serving && t->prio > t->base_prio && !t->kill)
		sched_set_prio(t, t->base_prio);
	return woken;
}
