/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of each CPU's timers. They belong to threads (timeouts), timer objects and virtual CPUs, which arm and
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
	t->index = (uint16_t)i;
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

void timer_arm(struct timer *t, uint64_t deadline)
{
	struct cpu *c = arch_this_cpu();

	timer_disarm(t);
	t->deadline = deadline;
	t->cpu = (uint16_t)c->id;
	c->timers.count++;
	sift_up(&c->timers, t, c->timers.count);
	/* At once, since not every call ends in kernel_leave(). */
	if (deadline < c->armed) {
		c->armed = deadline;
		arch_clock_arm(deadline);
	}
}

void timer_disarm(struct timer *t)
{
	struct timer_heap *h = &cpus[t->cpu].timers;
	unsigned hole = t->index;
	struct timer *last;

	if (!hole)
		return;
	t->index = 0;
	last = h->at[h->count--];
	if (last == t)
		return;
	if (hole > 1 && h->at[hole / 2]->deadline > last->deadline)
		sift_up(h, last, hole);
	else
		sift_down(h, last, hole);
}

uint64_t timer_next(void)
{
	struct timer_heap *h = &arch_this_cpu()->timers;

	return h->count ? h->at[1]->deadline : UINT64_MAX;
}

bool timer_expire_one(uint64_t now)
{
	struct timer_heap *h = &arch_this_cpu()->timers;
	struct timer *t = h->at[1];

	if (!h->count || t->deadline > now)
		return false;
	timer_disarm(t);
	switch (t->kind) {
	case TIMER_TIMEOUT: thread_timeout(container_of(t, struct thread, timeout)); break;
	case TIMER_PULSE: timer_object_expired(container_of(t, struct timer_object, timer)); break;
	default: arch_vcpu_timer_expired(t); break;
	}
	return true;
}
