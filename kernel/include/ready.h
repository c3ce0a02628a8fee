/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking and getting ready, on the paths that matter: a thread blocks and wakes another, which takes its CPU over at
 * once, or one that is more important is woken and goes before it. Nothing is queued and nothing is picked;
 * kernel_leave() goes to it. Everything else is in sched.c.
 */
#pragma once

#include "calls.h"
#include "cpu.h"
#include "thread.h"

/* Its time on this CPU ends here, or is counted up to here. */
static inline void sched_account(struct cpu *c, struct thread *t)
{
	uint64_t now = arch_clock_ticks();

	WRITE_ONCE(t->cpu_ticks, t->cpu_ticks + (now - c->run_start));
	WRITE_ONCE(c->run_start, now);
}

/* The running thread stops: the kernel is left through kernel_leave() or cpu_leave(). */
static inline void sched_block(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	sched_account(c, t);
	t->slice_end = 0;
	WRITE_ONCE(c->current, NULL);
}

/*
 * The priority of who runs here, for other CPUs. Who has come because it was not above the old one is found in the
 * queue: it has looked after it came, and this CPU looks after it has said so.
 */
static inline void sched_show_prio(struct cpu *c, unsigned prio)
{
	bool lower = prio < READ_ONCE(c->prio);

	WRITE_ONCE(c->prio, (uint8_t)prio);
	if (!lower)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(c->rq.top) >= prio)
		c->own |= ATTENTION_SWITCH;
}

/* It may run: here, if it ran here last and is more important than all that waits and runs here; else where it suits
 * best. */
static inline void sched_ready(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	if (unlikely(t->cpu != c->id)) {
		sched_place(t, false);
	} else if (likely(!c->current && (t->runmask & BIT(c->id)) && !READ_ONCE(c->next) &&
			  t->prio > READ_ONCE(c->rq.top))) {
		WRITE_ONCE(t->state, STATE_RUNNING);
		WRITE_ONCE(c->current, t);
	} else {
		sched_wake(t);
	}
}

static inline void sched_set_prio(struct thread *t, unsigned prio)
{
	if (t->prio == prio)
		return;
	/* Blocked, it is nobody's but the kernel lock's. */
	if (READ_ONCE(t->state) - STATE_RECEIVE + 0u <= STATE_SYNC - STATE_RECEIVE) {
		WRITE_ONCE(t->prio, (uint8_t)prio);
		ipc_requeue(t);
	} else {
		sched_set(t, prio, t->policy, t->runmask);
	}
}

/* It has stopped, and waits in this state: arms the timeout that TimerTimeout asked for. */
static inline void thread_wait(struct thread *t, unsigned state)
{
	WRITE_ONCE(t->state, state);
	if (unlikely(t->timeout_flags))
		thread_timeout_arm(t);
}

/* The running thread waits. */
static inline void thread_block(struct thread *t, unsigned state)
{
	sched_block(t);
	thread_wait(t, state);
}

/* With the result of the call that it waits in. */
static inline void thread_wake(struct thread *t, int64_t result)
{
	if (unlikely(t->timeout_flags))
		thread_timeout_end(t);
	call_set_result(&t->frame, result);
	sched_ready(t);
}
