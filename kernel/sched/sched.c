/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run queues, the choice of a CPU for a thread that is ready, and of a thread for a CPU. Called through ready.h by
 * all that wakes a thread, and by kernel_leave(), which goes to the chosen one.
 */
#include "sched.h"
#include "arch.h"
#include "cpu.h"
#include "thread.h"
#include "vcpu.h"

void sched_kick(unsigned cpu)
{
	struct cpu *c = &cpus[cpu];

	if (c == arch_this_cpu()) {
		c->own |= ATTENTION_LOOK;
		return;
	}
	__atomic_store_n(&c->asked, ATTENTION_LOOK, __ATOMIC_RELEASE);
	arch_ipi_send(cpu, IPI_KICK);
}

/* The lock of its CPU, which its state is under unless it is blocked. */
static struct cpu *lock_cpu_of(const struct thread *t)
{
	for (;;) {
		struct cpu *c = cpu_at(READ_ONCE(t->cpu));

		lock_acquire(&c->lock);
		if (likely(READ_ONCE(t->cpu) == c->id))
			return c;
		lock_release(&c->lock); /* it has moved meanwhile */
	}
}

/* ---- the queue of a CPU, whose lock is held ---- */

static void rq_insert(struct cpu *c, struct thread *t, bool first)
{
	struct run_queue *rq = &c->rq;

	WRITE_ONCE(t->state, STATE_READY);
	if (first)
		list_add_head(&rq->at[t->prio], &t->run_link);
	else
		list_add_tail(&rq->at[t->prio], &t->run_link);
	rq->bitmap[t->prio / 64] |= BIT(t->prio % 64);
	WRITE_ONCE(rq->masks, rq->masks | t->runmask);
	WRITE_ONCE(rq->count, rq->count + 1);
	if (t->prio > rq->top)
		WRITE_ONCE(rq->top, t->prio);
}

static unsigned highest(const struct run_queue *rq)
{
	for (unsigned i = 4; i-- > 0;)
		if (rq->bitmap[i])
			return i * 64 + 63 - (unsigned)__builtin_clzll(rq->bitmap[i]);
	return 0;
}

static void rq_remove(struct run_queue *rq, struct thread *t)
{
	list_del(&t->run_link);
	WRITE_ONCE(rq->count, rq->count - 1);
	if (list_empty(&rq->at[t->prio]))
		rq->bitmap[t->prio / 64] &= ~BIT(t->prio % 64);
	if (t->prio == rq->top)
		WRITE_ONCE(rq->top, rq->count ? highest(rq) : 0);
	if (!rq->count)
		WRITE_ONCE(rq->masks, 0);
}

/* READY: off its queue, for who holds the lock. */
static void take_off(struct cpu *c, struct thread *t)
{
	if (c->next == t)
		WRITE_ONCE(c->next, NULL);
	else
		rq_remove(&c->rq, t);
	WRITE_ONCE(t->state, STATE_MOVING);
}

/* The most important thread that waits here, off its queue. */
static struct thread *take_thread(struct cpu *c)
{
	struct thread *t = c->next;

	if (!t || c->rq.top > t->prio) {
		if (!c->rq.top)
			return NULL;
		t = list_entry(c->rq.at[c->rq.top].next, struct thread, run_link);
	}
	take_off(c, t);
	return t;
}

/* Highest priority that waits on this CPU; 0: none. */
static unsigned waiting_prio(const struct cpu *c)
{
	return c->next && c->next->prio > c->rq.top ? c->next->prio : c->rq.top;
}

/* NULL: nobody runs here. */
static void start(struct cpu *c, struct thread *t)
{
	if (t)
		WRITE_ONCE(t->state, STATE_RUNNING);
	WRITE_ONCE(c->current, t);
	WRITE_ONCE(c->prio, t ? t->prio : 0);
}

/* ---- where a thread goes: by what other CPUs show without their locks ---- */

/* Does the CPU that the thread ran on last still hold registers of it? */
static bool held(const struct thread *t)
{
	const struct cpu *c = cpu_at(t->cpu);
	const struct fpu *owner = __atomic_load_n(&c->fp_owner, __ATOMIC_ACQUIRE);
	const struct vcpu *v = t->vcpu;

	return owner == &t->fpu || (v && (owner == &v->fpu || __atomic_load_n(&v->home, __ATOMIC_ACQUIRE)));
}

static unsigned running_prio(const struct cpu *c)
{
	return READ_ONCE(c->prio);
}

static unsigned queue_top(const struct cpu *c)
{
	return READ_ONCE(c->rq.top);
}

/* Highest priority that runs or waits on a CPU; 0: none. */
static unsigned busy_prio(const struct cpu *c)
{
	unsigned prio = running_prio(c), top = queue_top(c);

	return top > prio ? top : prio;
}

/* Where a thread should run: here, if there is nothing else to do here; where it ran if it can start there at once;
 * else where the least important thread runs. */
static unsigned choose_cpu(const struct thread *t)
{
	const struct cpu *here = arch_this_cpu();
	const uint32_t mask = READ_ONCE(t->runmask);
	unsigned best = CPU_MAX, best_prio = READ_ONCE(t->prio), least = UINT32_MAX;

	if (!(mask & (mask - 1)))
		return (unsigned)__builtin_ctz(mask);
	if (!here->current && !READ_ONCE(here->next) && !queue_top(here) && (mask & BIT(here->id)) && !held(t))
		return here->id;
	if ((mask & BIT(t->cpu)) && busy_prio(&cpus[t->cpu]) < best_prio)
		return t->cpu;
	for_each_bit (i, mask) {
		unsigned prio = busy_prio(&cpus[i]);

		if (prio < best_prio) {
			best = (unsigned)i;
			best_prio = prio;
		}
	}
	if (best < CPU_MAX)
		return best;
	if (mask & BIT(t->cpu))
		return t->cpu;
	/* Nobody less important: the shortest queue that it may join. */
	for_each_bit (i, mask) {
		unsigned count = READ_ONCE(cpus[i].rq.count);

		if (count < least) {
			best = (unsigned)i;
			least = count;
		}
	}
	return best;
}

/*
 * It waits on a CPU. One that has become idle since that was chosen, and did not see it there, comes and takes it: an
 * idle CPU shows that it is before it examines the queues of the others.
 */
static void call_idle(uint32_t mask, unsigned cpu)
{
	if (!(mask & ~BIT(cpu)))
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for_each_bit (i, mask) {
		if (READ_ONCE(cpus[i].prio) == 0) {
			if (&cpus[i] != arch_this_cpu()) /* which looks anyway */
				sched_kick((unsigned)i);
			return;
		}
	}
}

/* Whoever was to run next waits like the others: somebody more important runs, or will. The lock is held. */
static void queue_next(struct cpu *c)
{
	struct thread *t = c->next;

	if (unlikely(t)) {
		WRITE_ONCE(c->next, NULL);
		rq_insert(c, t, false);
		call_idle(t->runmask, c->id);
	}
}

/* The lock is held: would the thread run there at once? Then it is that CPU's `next`. */
static inline bool goes_first(struct cpu *c, struct thread *t)
{
	if (!(t->runmask & BIT(c->id)) || t->prio <= READ_ONCE(c->prio) || t->prio <= waiting_prio(c))
		return false;
	WRITE_ONCE(c->prio, t->prio);
	queue_next(c);
	WRITE_ONCE(t->state, STATE_READY);
	WRITE_ONCE(c->next, t);
	return true;
}

static inline void ask_to_switch(struct cpu *c)
{
	if (c == arch_this_cpu())
		c->own |= ATTENTION_SWITCH;
	else
		sched_kick(c->id);
}

/*
 * A thread in no queue joins that of t->cpu. False: by its run mask, it may not. The CPU shows a lower priority before
 * it examines its queue, and here the order is the other way round, so one of the two sees what the other has done.
 */
static bool enqueue(struct thread *t, bool first)
{
	struct cpu *c = cpu_at(t->cpu);
	unsigned prio;
	uint32_t mask;
	bool next;

	lock_acquire(&c->lock);
	mask = t->runmask;
	prio = t->prio;
	next = goes_first(c, t);
	if (!next && (mask & BIT(c->id)))
		rq_insert(c, t, first);
	lock_release(&c->lock);
	if (unlikely(!(mask & BIT(c->id))))
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (next || prio >= READ_ONCE(c->prio)) /* an equal one: that CPU must arm its time slice */
		ask_to_switch(c);
	if (!next)
		call_idle(mask, c->id);
	return true;
}

/* In no queue, or HALT. While a CPU holds registers of it that CPU is asked to save them, and to call this again. */
void sched_place(struct thread *t, bool first)
{
	do {
		struct cpu *c = cpu_at(t->cpu);
		unsigned to = choose_cpu(t);
		bool holds;

		if (to == c->id)
			continue;
		lock_acquire(&c->lock);
		holds = held(t);
		WRITE_ONCE(t->state, STATE_MOVING);
		if (holds)
			list_add_tail(&c->hand_over, &t->run_link);
		else
			__atomic_store_n(&t->cpu, (uint8_t)to, __ATOMIC_RELEASE);
		lock_release(&c->lock);
		if (holds) {
			sched_kick(c->id);
			return;
		}
	} while (!enqueue(t, first));
}

void sched_wake(struct thread *t)
{
	struct cpu *c = cpu_at(t->cpu);
	bool next;

	lock_acquire(&c->lock);
	next = goes_first(c, t);
	if (next && c == arch_this_cpu() && !c->current) {
		WRITE_ONCE(c->next, NULL);
		start(c, t);
		lock_release(&c->lock);
		return;
	}
	lock_release(&c->lock);
	if (likely(next))
		ask_to_switch(c);
	else
		sched_place(t, false);
}

/* A thread of this CPU's list: its registers go to memory. */
static void hand_over(struct cpu *c, struct thread *t)
{
	arch_fpu_save(c, &t->fpu);
	if (t->vcpu) {
		arch_fpu_save(c, &t->vcpu->fpu);
		if (c->resident == t->vcpu)
			vcpu_put_away(c);
	}
	sched_place(t, false);
}

/* ---- who runs here ---- */

/* Off another CPU's queue, if it has one of its highest priority that may run here. */
static struct thread *take_from(struct cpu *from, const struct cpu *c)
{
	struct thread *found = NULL;
	unsigned looked = 0;

	lock_acquire(&from->lock);
	list_for_each (it, &from->rq.at[from->rq.top]) {
		struct thread *t = list_entry(it, struct thread, run_link);

		if (t->runmask & BIT(c->id)) {
			found = t;
			take_off(from, t);
			break;
		}
		if (++looked == 8)
			break;
	}
	lock_release(&from->lock);
	return found;
}

/*
 * Idle: the most important thread that waits for another CPU and may run here is placed anew. No lock is taken of a CPU
 * whose queue shows that nobody there may.
 */
static void steal(struct cpu *c)
{
	struct thread *t = NULL;
	struct cpu *from;
	uint32_t tried = (uint32_t)BIT(c->id);

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* call_idle() */
	do {
		unsigned best = 0;

		from = NULL;
		for (unsigned i = 0; i < board.cpu_count; i++) {
			if (queue_top(&cpus[i]) > best && !(tried & BIT(i)) &&
			    (READ_ONCE(cpus[i].rq.masks) & BIT(c->id))) {
				from = &cpus[i];
				best = queue_top(from);
			}
		}
		if (!from)
			return;
		tried |= (uint32_t)BIT(from->id);
		t = take_from(from, c);
	} while (!t);
	sched_place(t, true);
}

/* `t` waits, now that another runs in its place; its registers are in memory. The lock is held, and released. */
static inline void make_room(struct cpu *c, struct thread *t, bool first)
{
	uint32_t mask = t->runmask;
	bool stays = choose_cpu(t) == c->id;

	if (stays)
		rq_insert(c, t, first);
	else
		WRITE_ONCE(t->state, STATE_MOVING);
	lock_release(&c->lock);
	if (stays)
		call_idle(mask, c->id);
	else
		sched_place(t, first);
}

void sched_preempted(struct cpu *c, struct thread *t)
{
	lock_acquire(&c->lock);
	make_room(c, t, true);
}

/* When the slice of the running thread is over, ns. It starts with the run, and goes on after a preemption. */
static uint64_t slice_end(const struct cpu *c, struct thread *t)
{
	if (!t->slice_end)
		t->slice_end = arch_clock_ns(c->run_start) + TIMESLICE_NS;
	return t->slice_end;
}

/* Does one of its own priority go before the running thread? */
static bool turn_is_over(const struct cpu *c, struct thread *t, unsigned top, bool look)
{
	bool yields = t->yields;

	t->yields = false;
	return top == t->prio && (yields || (look && t->policy == SCHED_RR_ && arch_clock_now() >= slice_end(c, t)));
}

/* From the running thread, if there is one. The lock is held, and released. */
static void change_over(struct cpu *c, struct thread *t, struct thread *next)
{
	bool over = t && next && next->prio == t->prio;

	start(c, next);
	queue_next(c);
	if (!t) {
		WRITE_ONCE(c->run_start, arch_clock_ticks());
		lock_release(&c->lock);
		return;
	}
	arch_user_switch(c, vcpu_user_of(next));
	sched_account(c, t);
	if (over)
		t->slice_end = 0;
	make_room(c, t, !over);
}

struct thread *sched_pick(struct cpu *c, bool look)
{
	struct thread *t = c->current, *next;
	unsigned top;

	lock_acquire(&c->lock);
	if (look && unlikely(!list_empty(&c->hand_over))) {
		next = list_entry(c->hand_over.next, struct thread, run_link);
		list_del(&next->run_link);
		lock_release(&c->lock);
		hand_over(c, next);
		c->own |= ATTENTION_LOOK; /* there may be more */
		return NULL;
	}
	top = waiting_prio(c);
	if (t && !turn_is_over(c, t, top, look) && top <= t->prio && (t->runmask & BIT(c->id))) {
		WRITE_ONCE(c->prio, t->prio);
		queue_next(c);
		lock_release(&c->lock);
		return t;
	}
	next = take_thread(c);
	change_over(c, t, next);
	if (!next && look)
		steal(c); /* into this CPU's queue, which is then to be examined again */
	return next;
}

uint64_t sched_slice_deadline(struct cpu *c)
{
	struct thread *t = c->current;

	if (!t || READ_ONCE(t->policy) != SCHED_RR_ || queue_top(c) != READ_ONCE(t->prio))
		return UINT64_MAX;
	return slice_end(c, t);
}

void sched_yield(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	t->slice_end = 0;
	if (queue_top(c) != t->prio)
		return;
	t->yields = true;
	c->own |= ATTENTION_SWITCH;
}

unsigned sched_set(struct thread *t, unsigned prio, unsigned policy, uint32_t mask)
{
	struct cpu *c = lock_cpu_of(t);
	unsigned state = READ_ONCE(t->state);

	if (state == STATE_READY)
		take_off(c, t);
	WRITE_ONCE(t->prio, (uint8_t)prio);
	WRITE_ONCE(t->runmask, mask);
	WRITE_ONCE(t->policy, (uint8_t)policy);
	lock_release(&c->lock);
	if (state == STATE_READY)
		sched_ready(t);
	else if (state == STATE_RUNNING)
		sched_kick(c->id);
	else
		ipc_requeue(t);
	return state;
}
