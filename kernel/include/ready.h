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

	t->cpu_ticks += now - c->run_start;
	c->run_start = now;
}

/* The running thread stops: the kernel is left through kernel_leave(). */
static inline void sched_block(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	sched_account(c, t);
	t->slice_end = 0;
	c->current = NULL;
}

/* It may run: here, if it ran here last and is more important than all that waits and runs here; else where it suits
 * best. */
static inline void sched_ready(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	bool here = t->cpu == c->id && (t->runmask & BIT(c->id)) && !c->next && t->prio > c->rq.top;

	if (likely(here && !c->current)) {
		t->state = STATE_RUNNING;
		c->current = t;
	} else if (likely(here && t->prio > c->current->prio)) {
		t->state = STATE_READY;
		c->next = t;
		c->attention |= ATTENTION_SWITCH;
	} else {
		sched_place(t);
	}
}

/* It has stopped, and waits in this state: arms the timeout that TimerTimeout asked for. */
static inline void thread_wait(struct thread *t, unsigned state)
{
	t->state = (uint8_t)state;
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
