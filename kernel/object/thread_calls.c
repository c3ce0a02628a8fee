/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on threads: their life, their scheduling, and waiting on a word of memory. */
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "process.h"
#include "vcpu.h"

#define WAKE_STEP 4u

static bool sched_params_ok(const struct process *p, uint64_t prio, uint64_t policy)
{
	return prio && prio <= p->params.max_priority && (policy == SCHED_FIFO_ || policy == SCHED_RR_);
}

int64_t call_ThreadCreate(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	uint64_t mask = ThreadCreate_runmask(f) ? ThreadCreate_runmask(f) : t->runmask;
	int64_t tid;

	if (!sched_params_ok(p, ThreadCreate_priority(f), ThreadCreate_policy(f)) || !thread_runmask_ok(p, mask))
		return -KE_INVAL;
	thread_make(p, ThreadCreate_entry(f), ThreadCreate_arg(f), ThreadCreate_stack_top(f), ThreadCreate_tls(f),
		    (unsigned)ThreadCreate_priority(f), (unsigned)ThreadCreate_policy(f), (uint32_t)mask, &tid);
	return tid;
}

int64_t call_ThreadDestroy(struct thread *t, struct frame *f)
{
	uint64_t tid = ThreadDestroy_tid(f);
	struct thread *who = tid ? thread_of(t->process, tid) : t;

	if (tid == UINT64_MAX || (who == t && t->process->threads_alive == 1))
		process_end(t->process, END_EXIT, ThreadDestroy_status(f));
	else if (who)
		thread_kill(who);
	else
		return -KE_SRCH;
	return 0;
}

int64_t call_ThreadCtl(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	char name[NAME_MAX_];

	switch (ThreadCtl_command(f)) {
	case THREADCTL_NAME:
		if (copy_in(p, name, ThreadCtl_value(f), NAME_MAX_))
			return -KE_FAULT;
		memcpy(t->name, name, NAME_MAX_);
		t->name[NAME_MAX_ - 1] = 0;
		return 0;
	case THREADCTL_RUNMASK:
		if (p->guest.sealed)
			return -KE_PERM;
		if (!thread_runmask_ok(p, ThreadCtl_value(f)))
			return -KE_INVAL;
		sched_set(t, t->standing, t->policy, (uint32_t)ThreadCtl_value(f));
		return 0;
	case THREADCTL_SELF: ThreadCtl_set_slot(f, p->slot); return t->tid;
	case THREADCTL_CONTROL: {
		struct channel *c = channel_of(p, ThreadCtl_value(f));

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
static int64_t target(const struct thread *t, uint64_t slot, uint64_t tid, struct thread **who)
{
	const struct process *p = slot == UINT64_MAX ? t->process : process_of(slot);

	if (p != t->process && !able(t->process, ABLE_XSCHED))
		return -KE_PERM;
	*who = p ? thread_of(p, tid) : NULL;
	return *who ? 0 : -KE_SRCH;
}

int64_t call_SchedSet(struct thread *t, struct frame *f)
{
	struct thread *who;
	int64_t error = target(t, SchedSet_slot(f), SchedSet_tid(f), &who);
	struct process *p;

	if (error)
		return error;
	p = who->process;
	if (p == t->process && p->guest.sealed)
		return -KE_PERM; /* others may, within its limits */
	if (!sched_params_ok(p, SchedSet_priority(f), SchedSet_policy(f)) ||
	    (SchedSet_runmask(f) && !thread_runmask_ok(p, SchedSet_runmask(f))))
		return -KE_INVAL;
	who->base_prio = (uint8_t)SchedSet_priority(f);
	sched_set(who, who->kill ? who->standing : who->own, (unsigned)SchedSet_policy(f),
		  SchedSet_runmask(f) ? (uint32_t)SchedSet_runmask(f) : who->runmask);
	return 0;
}

int64_t call_SchedGet(struct thread *t, struct frame *f)
{
	struct thread *who;
	int64_t error = target(t, SchedGet_slot(f), SchedGet_tid(f), &who);

	if (error)
		return error;
	SchedGet_set_runmask(f, who->runmask);
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
	struct thread *owner;
	uint32_t word;

	if (SyncWait_word(f) & 3)
		return -KE_INVAL;
	if (copy_in(p, &word, SyncWait_word(f), sizeof(word)))
		return -KE_FAULT;
	if (word != (uint32_t)SyncWait_expected(f))
		return -KE_AGAIN;
	owner = SyncWait_owner(f) ? thread_of(p, SyncWait_owner(f)) : NULL;
	if (owner && owner->prio < t->prio && owner->prio < p->params.max_priority)
		sched_set_prio(owner, t->prio < p->params.max_priority ? t->prio : p->params.max_priority);
	t->sync_addr = SyncWait_word(f);
	t->sync_count = ++p->sync_count;
	thread_block(t, STATE_SYNC);
	ipc_add_waiter(&p->sync_waiters, t);
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
	uint64_t left = SyncWake_count(f) - t->woken;
	uint32_t woken;

	if (!t->woken)
		t->sync_count = t->process->sync_count;
	woken = wake_some(t, SyncWake_word(f), left < WAKE_STEP ? left : WAKE_STEP);
	t->woken += woken;
	if (woken == WAKE_STEP && left > WAKE_STEP)
		return CALL_RESTART;
	woken = t->woken;
	t->woken = 0;
	if (!t->serving && t->prio > t->base_prio && !t->kill)
		sched_set_prio(t, t->base_prio);
	return woken;
}
