/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking and getting ready, on the paths that matter: a thread that blocks, and another that is woken, in one call.
 * Nothing is queued and nothing is picked: whoever is to run next on this CPU is remembered, and kernel_leave() goes to
 * it. Everything else is in sched.c.
 */
#pragma once

#include "cpu.h"
#include "thread.h"

/* Its time on this CPU ends here, or is counted up to here. */
static inline void sched_account(struct cpu *c, struct thread *t)
{
	uint64_t now = clock_ticks();

	t->cpu_ticks += now - c->run_start;
	c->run_start = now;
}

/* The running thread stops. */
static inline void sched_block(struct thread *t)
{
	struct cpu *c = this_cpu();

	sched_account(c, t);
	t->slice_end = 0;
	c->current = NULL;
	c->attention |= ATTENTION_SWITCH;
}

/* It may run: as the next one here, if it ran here last and is the most important one, else where it suits best. */
static inline void sched_ready(struct thread *t)
{
	struct cpu *c = this_cpu();

	if (likely(t->cpu == c->id && (t->runmask & BIT(c->id)) && !c->next && t->prio > c->rq.top &&
		   (!c->current || t->prio > c->current->prio))) {
		t->state = STATE_READY;
		c->next = t;
		c->attention |= ATTENTION_SWITCH;
	} else {
		sched_place(t);
	}
}

/* Arms the timeout that TimerTimeout asked for. */
static inline void thread_block(struct thread *t, unsigned state)
{
	if (t->state == STATE_RUNNING)
		sched_block(t);
	t->state = (uint8_t)state;
	if (unlikely(t->timeout_flags))
		thread_timeout_arm(t);
}

/* With the result of the call that it waits in. */
static inline void thread_wake(struct thread *t, int64_t result)
{
	if (unlikely(t->timeout_flags))
		thread_timeout_end(t);
	t->frame.x[0] = (uint64_t)result;
	sched_ready(t);
}
