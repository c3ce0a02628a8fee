/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heaps of each CPU's timers. They belong to threads (timeouts), timer objects and virtual CPUs, which arm and
 * disarm them; call.c takes out those that are due, and arms the hardware.
 */
#include "timer.h"
#include "arch.h"
#include "cpu.h"
#include "process.h"
#include "thread.h"
#include "timer_object.h"
#include "vcpu.h"

bool timer_reserve(struct process *p, unsigned count)
{
	if (p->timer_count + count > TIMER_PER_PROCESS)
		return false;
	p->timer_count += count;
	return true;
}

void timer_unreserve(struct process *p, unsigned count)
{
	p->timer_count -= count;
}

static void place_timer(struct timer_heap *h, struct timer *t, unsigned i)
{
	h->at[i] = t;
	WRITE_ONCE(t->index, (uint16_t)i);
}

static void sift_up(struct timer_heap *h, struct timer *t, unsigned i)
{
	for (; i > 1 && h->at[i / 2]->deadline > t->deadline; i /= 2)
		place_timer(h, h->at[i / 2], i);
	place_timer(h, t, i);
}

static void sift_down(struct timer_heap *h, struct timer *t, unsigned i)
{
	for (unsigned child; (child = 2 * i) <= h->count; i = child) {
		if (child < h->count && h->at[child + 1]->deadline < h->at[child]->deadline)
			child++;
		if (h->at[child]->deadline >= t->deadline)
			break;
		place_timer(h, h->at[child], i);
	}
	place_timer(h, t, i);
}

static void set_first(struct timer_heap *h)
{
	WRITE_ONCE(h->first, h->count ? h->at[1]->deadline : UINT64_MAX);
}

static void take_out(struct timer_heap *h, struct timer *t)
{
	unsigned hole = t->index;
	struct timer *last = h->at[h->count--];

	__atomic_store_n(&t->index, 0, __ATOMIC_RELEASE); /* its owner may arm it again, elsewhere */
	if (last != t) {
		if (hole > 1 && h->at[hole / 2]->deadline > last->deadline)
			sift_up(h, last, hole);
		else
			sift_down(h, last, hole);
	}
	set_first(h);
}

void timer_disarm(struct timer *t)
{
	if (!__atomic_load_n(&t->index, __ATOMIC_ACQUIRE))
		return;
	if (t->kind < TIMER_VCPU)
		take_out(&cpu_at(t->cpu)->timers, t);
	else
		timer_end(t);
}

void timer_end(struct timer *t)
{
	struct cpu *c = cpu_at(t->cpu);

	lock_acquire(&c->lock);
	if (t->index)
		take_out(&c->guest_timers, t);
	lock_release(&c->lock);
}

void timer_set(struct timer *t, uint64_t deadline)
{
	struct cpu *c = arch_this_cpu();
	struct timer_heap *h = t->kind < TIMER_VCPU ? &c->timers : &c->guest_timers;

	t->deadline = deadline;
	t->cpu = (uint16_t)c->id;
	sift_up(h, t, ++h->count);
	set_first(h);
	/* At once, since not every call ends in kernel_leave(). */
	if (deadline < c->armed) {
		c->armed = deadline;
		arch_clock_arm(deadline);
	}
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	struct cpu *c = arch_this_cpu();

	if (t->kind < TIMER_VCPU) {
		timer_disarm(t);
		timer_set(t, deadline);
		return;
	}
	if (unlikely(t->cpu != c->id))
		timer_disarm(t);
	lock_acquire(&c->lock);
	if (t->index)
		take_out(&c->guest_timers, t);
	timer_set(t, deadline);
	lock_release(&c->lock);
}

void timer_expire_one(struct cpu *c)
{
	struct timer *t = c->timers.at[1];

	take_out(&c->timers, t);
	if (t->kind == TIMER_TIMEOUT)
		thread_timeout(container_of(t, struct thread, timeout));
	else
		timer_object_expired(container_of(t, struct timer_object, timer));
}

/* The lock is held until nothing of the virtual CPU is needed any more: who destroys it disarms its timers first. */
void timer_expire_guest(struct cpu *c, uint64_t now)
{
	struct timer_heap *h = &c->guest_timers;
	struct thread *woken = NULL;

	lock_acquire(&c->lock);
	if (likely(h->first <= now)) {
		struct timer *t = h->at[1];

		take_out(h, t);
		woken = arch_vcpu_timer_expired(t);
	}
	lock_release(&c->lock);
	vcpu_wake(woken);
}
