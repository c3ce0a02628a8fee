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

void sched_init_cpu(struct cpu *c)
{
	for (unsigned i = 0; i < 256; i++)
		list_init(&c->rq.at[i]);
	list_init(&c->hand_over);
	c->armed = UINT64_MAX;
	c->run_start = arch_clock_ticks();
}

void sched_kick(unsigned cpu)
{
	struct cpu *c = &cpus[cpu];

	__atomic_store_n(&c->attention, ATTENTION_LOOK, __ATOMIC_RELEASE);
	if (c != arch_this_cpu())
		arch_ipi_send(cpu, IPI_KICK);
}

static void rq_insert(struct cpu *c, struct thread *t, bool first)
{
	t->cpu = (uint8_t)c->id;
	t->state = STATE_READY;
	if (first)
		list_add_head(&c->rq.at[t->prio], &t->run_link);
	else
		list_add_tail(&c->rq.at[t->prio], &t->run_link);
	c->rq.bitmap[t->prio / 64] |= BIT(t->prio % 64);
	c->rq.count++;
	if (t->prio > c->rq.top)
		c->rq.top = t->prio;
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
	rq->count--;
	if (!list_empty(&rq->at[t->prio]))
		return;
	rq->bitmap[t->prio / 64] &= ~BIT(t->prio % 64);
	if (t->prio == rq->top)
		rq->top = highest(rq);
}

void sched_remove(struct thread *t)
{
	struct cpu *c = &cpus[t->cpu];

	if (t->state != STATE_READY)
		list_del(&t->run_link); /* MOVING: on a hand-over list */
	else if (c->next == t)
		c->next = NULL;
	else
		rq_remove(&c->rq, t);
}

/* Whoever was to run next waits like the others: something has come that `next` does not go before. */
static void queue_next(struct cpu *c)
{
	struct thread *t = c->next;

	if (!t)
		return;
	c->next = NULL;
	rq_insert(c, t, false);
}

/* Highest priority that waits on a CPU; 0: none. */
static unsigned waiting_prio(const struct cpu *c)
{
	return c->next ? c->next->prio : c->rq.top;
}

static unsigned running_prio(const struct cpu *c)
{
	return c->current ? c->current->prio : 0;
}

/* Does the CPU that the thread ran on last still hold registers of it? */
static bool held(const struct thread *t)
{
	const struct cpu *c = &cpus[t->cpu];
	const struct fpu *owner = __atomic_load_n(&c->fp_owner, __ATOMIC_ACQUIRE);
	const struct vcpu *v = t->vcpu;

	return owner == &t->fpu || (v && (owner == &v->fpu || __atomic_load_n(&v->home, __ATOMIC_ACQUIRE)));
}

/* Where a thread should run: here, if there is nothing else to do here; where it ran if it can start there at once;
 * else where the least important thread runs. */
static unsigned choose_cpu(const struct thread *t)
{
	const struct cpu *here = arch_this_cpu();
	unsigned best = CPU_MAX;
	unsigned best_prio = t->prio;

	if (!here->current && !waiting_prio(here) && (t->runmask & BIT(here->id)) && !held(t))
		return here->id;
	if ((t->runmask & BIT(t->cpu)) && running_prio(&cpus[t->cpu]) < t->prio &&
	    waiting_prio(&cpus[t->cpu]) < t->prio)
		return t->cpu;
	for (unsigned i = 0; i < board.cpu_count; i++) {
		unsigned prio = running_prio(&cpus[i]);
		unsigned top = waiting_prio(&cpus[i]);

		if (top > prio)
			prio = top;
		if ((t->runmask & BIT(i)) && cpus[i].online && prio < best_prio) {
			best = i;
			best_prio = prio;
		}
	}
	if (best < CPU_MAX)
		return best;
	if (t->runmask & BIT(t->cpu))
		return t->cpu;
	/* Nobody less important: the shortest queue that it may join. */
	for (unsigned i = 0; i < board.cpu_count; i++)
		if ((t->runmask & BIT(i)) && cpus[i].online &&
		    (best == CPU_MAX || cpus[i].rq.count < cpus[best].rq.count))
			best = i;
	return best;
}

/* Ask the CPU that holds the thread's registers to save them and pass it on. */
static void move_thread(struct thread *t, unsigned to)
{
	t->state = STATE_MOVING;
	t->move_to = (uint8_t)to;
	list_add_tail(&cpus[t->cpu].hand_over, &t->run_link);
	sched_kick(t->cpu);
}

static void enqueue(struct thread *t, unsigned cpu, bool first)
{
	struct cpu *c = &cpus[cpu];

	queue_next(c);
	rq_insert(c, t, first);
	if (c == arch_this_cpu())
		c->attention |= ATTENTION_SWITCH;
	else if (t->prio >= running_prio(c))
		sched_kick(cpu); /* an equal one: that CPU must arm its time slice */
}

static void ready(struct thread *t, bool first)
{
	unsigned cpu = choose_cpu(t);

	if (cpu != t->cpu && held(t))
		move_thread(t, cpu);
	else
		enqueue(t, cpu, first);
}

void sched_place(struct thread *t)
{
	ready(t, false);
}

void sched_hand_over(struct cpu *c)
{
	while (!list_empty(&c->hand_over)) {
		struct thread *t = list_entry(c->hand_over.next, struct thread, run_link);

		list_del(&t->run_link);
		arch_fpu_save(c, &t->fpu);
		if (t->vcpu) {
			arch_fpu_save(c, &t->vcpu->fpu);
			if (c->resident == t->vcpu)
				arch_vcpu_evict(c);
		}
		if (t->runmask & BIT(t->move_to))
			enqueue(t, t->move_to, false);
		else
			ready(t, false);
	}
}

/* Idle: take the most important thread that waits for another CPU and may run here. */
static struct thread *steal(struct cpu *c)
{
	struct thread *best = NULL;

	for (unsigned i = 0; i < board.cpu_count; i++) {
		unsigned top = cpus[i].rq.top;
		unsigned looked = 0;

		if (&cpus[i] == c || !top || (best && top <= best->prio))
			continue;
		list_for_each (it, &cpus[i].rq.at[top]) {
			struct thread *t = list_entry(it, struct thread, run_link);

			if (t->runmask & BIT(c->id)) {
				best = t;
				break;
			}
			if (++looked == 8)
				break;
		}
	}
	if (!best)
		return NULL;
	sched_remove(best);
	if (held(best)) {
		move_thread(best, c->id);
		return NULL; /* it comes as soon as the other CPU has let it go */
	}
	best->cpu = (uint8_t)c->id;
	return best;
}

/* The most important thread that waits here, off its queue. */
static struct thread *take_thread(struct cpu *c)
{
	struct thread *t = c->next;

	if (t) {
		c->next = NULL;
	} else if (c->rq.top) {
		t = list_entry(c->rq.at[c->rq.top].next, struct thread, run_link);
		rq_remove(&c->rq, t);
	}
	return t;
}

static struct thread *start(struct cpu *c, struct thread *t)
{
	t->state = STATE_RUNNING;
	t->cpu = (uint8_t)c->id;
	c->current = t;
	return t;
}

/* It may be the more important one on another CPU. */
void sched_preempted(struct cpu *c, struct thread *t)
{
	if (board.cpu_count == 1 || t->runmask == BIT(c->id))
		rq_insert(c, t, true);
	else
		ready(t, true);
}

struct thread *sched_switch(struct cpu *c)
{
	struct thread *t = c->current, *next;

	if (t && waiting_prio(c) <= t->prio) {
		queue_next(c); /* it came before the running one got a higher priority */
		return t;
	}
	next = take_thread(c);
	if (!next)
		return NULL;
	start(c, next);
	if (t) {
		sched_account(c, t);
		sched_preempted(c, t);
	}
	return next;
}

/* When the slice of the running thread is over, ns. It starts with the run, and goes on after a preemption. */
static uint64_t slice_end(const struct cpu *c, struct thread *t)
{
	if (!t->slice_end)
		t->slice_end = arch_clock_ns(c->run_start) + TIMESLICE_NS;
	return t->slice_end;
}

struct thread *sched_pick(struct cpu *c)
{
	struct thread *t = c->current;
	unsigned top = waiting_prio(c);

	if (t) {
		bool over = t->policy == SCHED_RR_ && top == t->prio && arch_clock_now() >= slice_end(c, t);

		if ((t->runmask & BIT(c->id)) && (top < t->prio || (top == t->prio && !over))) {
			queue_next(c);
			return t;
		}
		/* Preempted, its slice is over, or it may not run here any more. */
		c->current = NULL;
		arch_user_switch(c, NULL); /* its registers are in memory before another CPU can take it */
		sched_account(c, t);
		if (over)
			t->slice_end = 0;
		ready(t, !over);
	}
	t = take_thread(c);
	if (!t)
		t = steal(c);
	if (!t)
		return NULL;
	c->run_start = arch_clock_ticks();
	return start(c, t);
}

uint64_t sched_slice_deadline(struct cpu *c)
{
	struct thread *t = c->current;

	if (!t || t->policy != SCHED_RR_ || list_empty(&c->rq.at[t->prio]))
		return UINT64_MAX;
	return slice_end(c, t);
}

void sched_yield(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	t->slice_end = 0;
	/* With a new run mask it leaves anyway: the CPU was told to look. */
	if (c->rq.top != t->prio || !(t->runmask & BIT(c->id)))
		return;
	sched_account(c, t);
	c->current = NULL;
	rq_insert(c, t, false);
	c->attention |= ATTENTION_SWITCH;
}

void sched_set_prio(struct thread *t, unsigned prio)
{
	if (t->prio == prio)
		return;
	if (t->state == STATE_READY) {
		sched_remove(t);
		t->prio = (uint8_t)prio;
		sched_ready(t);
		return;
	}
	t->prio = (uint8_t)prio;
	if (t->state == STATE_RUNNING)
		sched_kick(t->cpu);
	else
		ipc_requeue(t);
}

void sched_runmask_changed(struct thread *t)
{
	if (t->runmask & BIT(t->cpu))
		return;
	if (t->state == STATE_READY) {
		sched_remove(t);
		sched_ready(t);
	} else if (t->state == STATE_RUNNING) {
		sched_kick(t->cpu);
	}
}
