/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run queues, the choice of a CPU for a thread that is ready, and of a thread for a CPU. Called through ready.h by
 * all that wakes a thread, and by kernel_leave(), which goes to the chosen one.
 */
#include "sched.h"
#include "arch.h"
#include "cpu.h"
#include "rq.h"
#include "thread.h"
#include "vcpu.h"

#define TOO_BUSY ((LEVEL_CRITICAL + 1u) << RANK_SHIFT) /* above all ranks */

void sched_kick(struct cpu *c, enum attention what)
{
	if (c == arch_this_cpu()) {
		c->own |= what;
		return;
	}
	__atomic_store_n(what == ATTENTION_LOOK ? &c->asked : &c->called, (uint8_t)what, __ATOMIC_RELEASE);
	arch_ipi_send(c->id, IPI_KICK);
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

/*
 * `next` waits like the others: the mask for call_idle(). Or its registers go to memory, since it may not run here.
 * `stays`: it keeps its place if it is for this CPU only.
 */
static uint32_t queue_next(struct cpu *c, bool stays)
{
	struct thread *t = sched_next(c);

	if (!t || (stays && t->runmask == BIT(c->id)))
		return 0;
	WRITE_ONCE(c->next, NULL);
	if (likely(t->runmask & BIT(c->id))) {
		rq_insert(c, t, true);
		return t->runmask;
	}
	WRITE_ONCE(t->state, STATE_MOVING);
	list_insert_before(&c->hand_over, &t->run.link);
	c->own |= ATTENTION_LOOK;
	return 0;
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

/* Highest rank that runs or waits on a CPU; 0: none. */
static unsigned busy_rank(const struct cpu *c)
{
	unsigned rank = READ_ONCE(c->rank), waiting = sched_waiting_rank(c);

	return waiting > rank ? waiting : rank;
}

/* Where a thread should run: here, if there is nothing else to do here; where it ran if it can start there at once;
 * else where the least important thread runs; if none is less important, where it ran or where the fewest wait. */
static unsigned choose_cpu(const struct thread *t)
{
	const struct cpu *here = arch_this_cpu();
	const uint32_t mask = READ_ONCE(t->runmask);
	unsigned best = 0, least = UINT32_MAX;

	if (sched_is_pinned(t))
		return (unsigned)__builtin_ctz(mask);
	if (!here->current && !sched_waiting_rank(here) && (mask & BIT(here->id)) && !held(t))
		return here->id;
	if ((mask & BIT(t->cpu)) && busy_rank(&cpus[t->cpu]) < sched_rank(&cpus[t->cpu], t))
		return t->cpu;
	for_each_bit (i, mask) {
		unsigned busy = busy_rank(&cpus[i]);

		if (busy >= sched_rank(&cpus[i], t))
			busy = TOO_BUSY + READ_ONCE(cpus[i].rq.count);
		if (busy < least) {
			best = (unsigned)i;
			least = busy;
		}
	}
	return least >= TOO_BUSY && (mask & BIT(t->cpu)) ? t->cpu : best;
}

/*
 * It waits on a CPU. One that has become idle since that was chosen, and did not see it there, comes and takes it: an
 * idle CPU shows that it is, then comes a fence, then it reads `sched_runmasks`. Who has queued a thread has written
 * its byte of that, then comes the fence here, then it reads who is idle. So one of the two sees what the other has
 * written: that one writes a byte and the other reads the word makes no difference.
 */
static void call_idle(uint32_t mask, unsigned cpu)
{
	if (!(mask & ~BIT(cpu)))
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for_each_bit (i, mask) {
		if (READ_ONCE(cpus[i].rank) == 0) {
			if (&cpus[i] != arch_this_cpu()) /* which looks anyway */
				sched_kick(&cpus[i], ATTENTION_LOOK);
			return;
		}
	}
}

/* After a fence: somebody waits. */
static inline void call_open(void)
{
	if (unlikely(READ_ONCE(partitions_open)))
		partition_call_open();
}

bool sched_nobody_waits(void)
{
	for (unsigned i = 0; i < board.cpu_count; i++)
		if (sched_next(&cpus[i]))
			return false;
	return !READ_ONCE(sched_runmasks.all);
}

/*
 * It becomes `next`, if it goes before all that waits there, and need not wait long or is for that CPU only. The CPU
 * shows a lower priority before it examines `next` and its queue, and here and in enqueue() the order is the other way
 * round, so one of the two sees what the other has done. The same holds for sched_set().
 */
static __attribute__((always_inline)) inline bool become_next(struct cpu *c, struct thread *t)
{
	uint32_t mask = READ_ONCE(t->runmask);
	unsigned standing = READ_ONCE(t->standing), rank = READ_ONCE(c->share.rank[standing >> 8]) | (standing & 0xff);
	unsigned runs;

	if (!(mask & BIT(c->id)) || rank <= sched_waiting_rank(c) ||
	    (rank <= READ_ONCE(c->rank) && (mask & (mask - 1))) || !sched_put_next(c, t))
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	runs = READ_ONCE(c->rank);
	if (unlikely(READ_ONCE(t->runmask) != mask || READ_ONCE(t->standing) != standing))
		sched_kick(c, ATTENTION_LOOK);
	else if (rank >= runs || (mask & (mask - 1)))
		sched_kick(c, ATTENTION_SWITCH); /* an equal one: that CPU must arm its time slice */
	if (runs)
		call_open();
	return true;
}

/* A thread in no queue joins that of its CPU. False: by its run mask, it may not. */
static bool enqueue(struct cpu *c, struct thread *t, bool first)
{
	unsigned rank;
	uint32_t mask;

	lock_acquire(&c->lock);
	mask = READ_ONCE(t->runmask);
	rank = sched_rank(c, t);
	if (mask & BIT(c->id))
		rq_insert(c, t, first);
	lock_release(&c->lock);
	if (unlikely(!(mask & BIT(c->id))))
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (rank >= READ_ONCE(c->rank))
		sched_kick(c, ATTENTION_SWITCH);
	call_open();
	call_idle(mask, c->id);
	return true;
}

/* In no queue, or HALT. While a CPU holds registers of it that CPU is asked to save them, and to call this again. */
void sched_place(struct thread *t, bool first)
{
	struct cpu *c;

	do {
		unsigned to = choose_cpu(t);
		bool holds;

		c = cpu_at(t->cpu);
		if (to == c->id)
			continue;
		lock_acquire(&c->lock);
		holds = held(t);
		WRITE_ONCE(t->state, STATE_MOVING);
		if (holds)
			list_insert_before(&c->hand_over, &t->run.link);
		else
			__atomic_store_n(&t->cpu, (uint8_t)to, __ATOMIC_RELEASE);
		lock_release(&c->lock);
		if (holds) {
			sched_kick(c, ATTENTION_LOOK);
			return;
		}
		c = cpu_at(to);
	} while (!become_next(c, t) && !enqueue(c, t, first));
}

void sched_wake(struct thread *t)
{
	struct cpu *c = cpu_at(t->cpu);

	if ((c != arch_this_cpu() || !sched_starts(c, t)) && !become_next(c, t))
		sched_place(t, false);
}

/* ---- who runs here ---- */

/* Off another CPU's queue, if one of a higher rank waits there that may run here. */
static __attribute__((noinline)) struct thread *take_from(struct cpu *from, const struct cpu *c, unsigned above)
{
	struct thread *found;
	unsigned rank;

	lock_acquire(&from->lock);
	found = rq_first_for(c, from, &rank);
	if (found && rank > above)
		rq_remove(from, found);
	else
		found = NULL;
	lock_release(&from->lock);
	return found;
}

/*
 * Nobody is to run here, or one without a budget: the most important thread that waits for another CPU and may run
 * here, if it goes before that one, is placed anew. No lock is taken of a CPU whose queue shows that nobody there may.
 */
static __attribute__((noinline)) void steal(struct cpu *c, unsigned above)
{
	struct thread *t = NULL;

	for (uint32_t tried = (uint32_t)BIT(c->id); !t;) {
		struct cpu *from = c;
		unsigned best = above;

		for (unsigned i = 0; i < board.cpu_count; i++) {
			unsigned top = READ_ONCE(cpus[i].rq.top);

			if (top > best && !(tried & BIT(i)) && (READ_ONCE(sched_runmasks.of[i]) & BIT(c->id))) {
				from = &cpus[i];
				best = top;
			}
		}
		if (from == c)
			return;
		tried |= (uint32_t)BIT(from->id);
		t = take_from(from, c, above);
	}
	sched_place(t, true);
}

/* `t` waits, now that another runs in its place; its registers are in memory. The lock is held, and released. */
static void make_room(struct cpu *c, struct thread *t, bool first)
{
	uint32_t mask = t->runmask;
	bool stays = choose_cpu(t) == c->id;

	if (!stays)
		WRITE_ONCE(t->state, STATE_MOVING);
	else if (!sched_is_pinned(t) || sched_rank(c, t) + (first ? 1u : 0u) <= c->rq.top || !sched_put_next(c, t))
		rq_insert(c, t, first);
	lock_release(&c->lock);
	if (unlikely(partitions.active)) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		call_open();
	}
	if (stays)
		call_idle(mask, c->id);
	else
		sched_place(t, first);
}

void sched_preempted(struct cpu *c, struct thread *t)
{
	uint32_t mask;

	lock_acquire(&c->lock);
	mask = queue_next(c, false);
	make_room(c, t, true);
	call_idle(mask, c->id);
}

/* Does one of its own rank go before the running thread? */
static bool turn_is_over(const struct cpu *c, struct thread *t, unsigned top, bool look)
{
	bool yields = t->yields;

	t->yields = false;
	return top == sched_rank(c, t) && (yields || (look && arch_clock_now() >= sched_slice_end(c, t)));
}

/* `next`, if it goes before who runs here, who can be `next` in turn, and before all that wait; or who runs here, if he
 * goes first and `next` is for this CPU only; or NULL. */
static inline struct thread *switch_over(struct cpu *c)
{
	struct thread *t = c->current, *next = sched_next(c);
	unsigned rank;

	if (!next)
		return NULL;
	rank = sched_rank(c, next);
	if (rank <= READ_ONCE(c->rq.top))
		return NULL;
	c->equal = 0;
	if (t) {
		unsigned mine = READ_ONCE(c->rank);

		if (rank <= mine) {
			c->equal = rank == mine;
			if (!t->yields)
				return sched_is_pinned(next) ? t : NULL;
			t->yields = false;
			if (rank < mine)
				return NULL;
		}
		if (!sched_is_pinned(t))
			return NULL;
		arch_user_switch(c, vcpu_user_of(next));
		sched_account(c, t);
		__atomic_store_n(&t->state, STATE_READY, __ATOMIC_RELEASE);
	}
	sched_start(c, next);
	__atomic_store_n(&c->next, t, __ATOMIC_RELEASE);
	sched_show_rank(c, rank);
	return next;
}

/* From the running thread, if there is one, to another one, to nobody, or it goes on. The lock is held, and released.
 */
static void change_over(struct cpu *c, struct thread *t, struct thread *next)
{
	bool over = t && next && sched_rank(c, next) == sched_rank(c, t);

	if (next)
		WRITE_ONCE(next->state, STATE_RUNNING);
	WRITE_ONCE(c->current, next);
	sched_show_rank(c, next ? sched_rank(c, next) : 0);
	if (!t || t == next) {
		if (t)
			sched_rebill(c, t);
		else if (next)
			sched_bill(c, next);
		lock_release(&c->lock);
		return;
	}
	arch_user_switch(c, vcpu_user_of(next));
	sched_account(c, t);
	if (next)
		sched_bill(c, next);
	if (over)
		t->slice_end = 0;
	make_room(c, t, !over);
}

/* One that does not stay here, its registers in memory. The lock is held, and released. */
static void send_away(struct cpu *c)
{
	struct thread *t = list_entry(c->hand_over.next, struct thread, run.link);

	list_del(&t->run.link);
	lock_release(&c->lock);
	arch_fpu_save(c, &t->fpu);
	if (t->vcpu) {
		arch_fpu_save(c, &t->vcpu->fpu);
		if (c->resident == t->vcpu)
			vcpu_put_away(c);
	}
	sched_place(t, false);
	c->own |= ATTENTION_LOOK; /* there may be more */
}

static struct thread *take_first(struct cpu *c)
{
	unsigned rank;
	struct thread *t = rq_first(&c->rq, c, ~0u, &rank);

	if (t) {
		c->rq.last = t->account;
		rq_remove(c, t);
	}
	return t;
}

static __attribute__((noinline)) struct thread *pick_locked(struct cpu *c, bool look)
{
	struct thread *t = c->current, *woken = sched_next(c), *next = t;
	unsigned rank;
	uint32_t mask;
	bool stays;

	lock_acquire(&c->lock);
	if (unlikely(!list_empty(&c->hand_over))) {
		send_away(c);
		return NULL;
	}
	if (unlikely(partitions.active))
		partition_settle(c, t, look);
	rank = sched_waiting_rank(c);
	stays = t && !turn_is_over(c, t, rank, look) && rank <= sched_rank(c, t) && (t->runmask & BIT(c->id));
	mask = queue_next(c, stays);
	if (!stays)
		next = take_first(c);
	change_over(c, t, next);
	c->equal = next && sched_waiting_rank(c) == sched_rank(c, next);
	if (next != woken)
		call_idle(mask, c->id);
	return next;
}

struct thread *sched_pick(struct cpu *c, bool look)
{
	struct thread *t = look ? NULL : switch_over(c);

	if (t)
		return t;
	if (look || c->current || sched_waiting_rank(c))
		t = pick_locked(c, look);
	/* It has been shown that nobody runs here, with a fence after that: call_idle(). */
	if (READ_ONCE(sched_runmasks.all) && READ_ONCE(c->rank) < LEVEL_BUDGET << RANK_SHIFT && !cpu_attention(c))
		steal(c, READ_ONCE(c->rank)); /* into this CPU's queue, which is then to be examined again */
	return t;
}

uint64_t sched_slice_end(const struct cpu *c, struct thread *t)
{
	if (READ_ONCE(t->policy) != SCHED_RR_)
		return UINT64_MAX;
	if (!t->slice_end)
		t->slice_end = arch_clock_ns(c->run_start) + TIMESLICE_NS;
	return t->slice_end;
}

void sched_yield(struct thread *t)
{
	struct cpu *c = arch_this_cpu();

	t->slice_end = 0;
	if (sched_waiting_rank(c) != sched_rank(c, t))
		return;
	t->yields = true;
	c->own |= ATTENTION_SWITCH;
}

unsigned sched_set(struct thread *t, unsigned standing, unsigned policy, uint32_t mask)
{
	struct cpu *c = lock_cpu_of(t);
	unsigned state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE), now;
	bool queued = state == STATE_READY && !list_empty(&t->run.link);

	if (queued)
		rq_remove(c, t);
	WRITE_ONCE(t->standing, (uint16_t)standing);
	WRITE_ONCE(t->runmask, mask);
	t->kind = (uint8_t)sched_kind_of(mask);
	WRITE_ONCE(t->policy, (uint8_t)policy);
	lock_release(&c->lock);
	if (queued) {
		sched_ready(t);
		return state;
	}
	/* Who wakes it just now says that it is ready before he reads what has been written here. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	now = READ_ONCE(t->state);
	if (now == STATE_RUNNING || now == STATE_READY)
		sched_kick(c, ATTENTION_LOOK);
	else
		ipc_requeue(t);
	return state;
}
