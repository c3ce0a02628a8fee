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
 * `next` of a CPU: who was woken for it, or preempted there, and goes before all that wait in its queue; among equals
 * first. Any CPU may put a thread there while nobody is; only the CPU itself takes it. If other CPUs may have it, it is
 * seen to at once: it runs or goes to the queue, where they find it.
 */
static inline bool sched_put_next(struct cpu *c, struct thread *t)
{
	struct thread *nobody = NULL;

	__atomic_store_n(&t->state, STATE_READY, __ATOMIC_RELEASE); /* it is in no list: sched_set() */
	return __atomic_compare_exchange_n(&c->next, &nobody, t, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline struct thread *sched_next(const struct cpu *c)
{
	return __atomic_load_n(&c->next, __ATOMIC_ACQUIRE);
}

/* What a thread is worth on a CPU. */
static inline unsigned sched_rank(const struct cpu *c, const struct thread *t)
{
	return READ_ONCE(c->share.rank[arch_load_byte(&t->account)]) | (unsigned)arch_load_byte(&t->prio);
}

/* Highest rank that waits on a CPU; 0: none. */
static inline unsigned sched_waiting_rank(const struct cpu *c)
{
	const struct thread *next = READ_ONCE(c->next);
	unsigned top = READ_ONCE(c->rq.top), rank = next ? sched_rank(c, next) : 0;

	return rank > top ? rank : top;
}

/* When who runs here must make room for one of its rank, or its account needs a decision, ns. After it was shown. */
static inline uint64_t sched_slice_deadline(const struct cpu *c)
{
	struct thread *t = c->current;
	uint64_t decide = c->share.decide_ns, slice;

	if (!t)
		return UINT64_MAX;
	if (likely(sched_waiting_rank(c) != READ_ONCE(c->rank)))
		return decide;
	slice = sched_slice_end(c, t);
	return slice < decide ? slice : decide;
}

/* Is it for one CPU only? */
static inline bool sched_is_pinned(const struct thread *t)
{
	uint32_t mask = READ_ONCE(t->runmask);

	return !(mask & (mask - 1));
}

/* It runs here since c->run_start. */
static inline void sched_bill(struct cpu *c, const struct thread *t)
{
	if (unlikely(c->share.bill != (uint32_t)arch_load_byte(&t->account)))
		partition_switch(c, t->account);
}

/* It goes on. */
static inline void sched_rebill(struct cpu *c, struct thread *t)
{
	if (likely(c->share.bill == (uint32_t)arch_load_byte(&t->account)))
		return;
	sched_account(c, t);
	partition_switch(c, t->account);
}

static inline void sched_start(struct cpu *c, struct thread *t)
{
	WRITE_ONCE(t->state, STATE_RUNNING);
	WRITE_ONCE(c->current, t);
	sched_bill(c, t);
}

/* On this CPU, at once, if nobody runs here and it goes before all that waits. */
static inline bool sched_starts(struct cpu *c, struct thread *t)
{
	unsigned waiting = sched_waiting_rank(c);

	if (c->current || !(READ_ONCE(t->runmask) & BIT(c->id)) || (unlikely(waiting) && sched_rank(c, t) <= waiting))
		return false;
	sched_start(c, t);
	return true;
}

/*
 * The rank of who runs here, for other CPUs. Who has come because it was not above the old one is found: it has
 * looked after it came, and this CPU looks after it has said so.
 */
static inline void sched_show_rank(struct cpu *c, unsigned rank)
{
	bool lower = rank < READ_ONCE(c->rank);

	WRITE_ONCE(c->rank, rank);
	if (!lower)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (sched_waiting_rank(c) >= rank)
		c->own |= ATTENTION_SWITCH;
}

/* Of the running one, by what it has just received. */
static inline void sched_standing_changed(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	sched_rebill(c, t);
	sched_show_rank(c, sched_rank(c, t));
}

/* It may run: here, if it ran here last and is more important than all that waits and runs here; else where it suits
 * best. */
static inline void sched_ready(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	if (unlikely(t->cpu != c->id))
		sched_place(t, false);
	else if (unlikely(!sched_starts(c, t)))
		sched_wake(t);
}

_Static_assert(STATE_SEND == STATE_RECEIVE + 1 && STATE_REPLY == STATE_SEND + 1 && STATE_SYNC == STATE_REPLY + 1,
	       "thread_is_blocked()");

/* For a message, its answer, or a word: it is nobody's but the kernel lock's. */
static inline bool thread_is_blocked(const struct thread *t)
{
	unsigned state = READ_ONCE(t->state);

	return state >= STATE_RECEIVE && state <= STATE_SYNC;
}

static inline void sched_set_standing(struct thread *t, unsigned standing)
{
	if (t->standing == standing)
		return;
	if (thread_is_blocked(t)) {
		WRITE_ONCE(t->standing, (uint16_t)standing);
		ipc_requeue(t);
	} else {
		sched_set(t, standing, t->policy, t->runmask);
	}
}

/* The account stays. */
static inline void sched_set_prio(struct thread *t, unsigned prio)
{
	sched_set_standing(t, (unsigned)t->account << 8 | prio);
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
