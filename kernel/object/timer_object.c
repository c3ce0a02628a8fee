/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of processes, and the clock. */
#include "timer_object.h"
#include "arch.h"
#include "calls.h"
#include "process.h"

#define INTERVAL_MIN 10000ull /* ns: a shorter one would leave the owner no time to run */

static uint64_t later(uint64_t now, uint64_t ns)
{
	return now + ns < now ? UINT64_MAX - 1 : now + ns;
}

int64_t call_ClockTime(struct thread *t, struct frame *f)
{
	(void)t;
	(void)f;
	return (int64_t)arch_clock_now();
}

int64_t call_TimerCreate(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	struct timer_object *o;
	int64_t id;

	if (!channel_of(p, TimerCreate_chid(f)))
		return -KE_BADF;
	if (TimerCreate_priority(f) == 0 || TimerCreate_priority(f) > p->params.max_priority ||
	    TimerCreate_code(f) > 127)
		return -KE_INVAL;
	o = object_create(p, OBJECT_TIMER, &id);
	if (!o)
		return id;
	o->process = p;
	o->id = (uint32_t)id;
	o->chid = (uint32_t)TimerCreate_chid(f);
	o->timer.kind = TIMER_PULSE;
	pulse_init(&o->pulse, PULSE_TIMER, (int)TimerCreate_code(f), TimerCreate_value(f),
		   (unsigned)TimerCreate_priority(f));
	return id;
}

int64_t call_TimerSettime(struct thread *t, struct frame *f)
{
	struct timer_object *o = handle_lookup(t->process, OBJECT_TIMER, TimerSettime_timer(f));

	if (!o)
		return -KE_BADF;
	if ((TimerSettime_flags(f) & ~(uint64_t)TIMER_ABSTIME) ||
	    (TimerSettime_interval_ns(f) && TimerSettime_interval_ns(f) < INTERVAL_MIN))
		return -KE_INVAL;
	o->interval = TimerSettime_interval_ns(f);
	if (TimerSettime_ns(f))
		timer_arm(&o->timer, TimerSettime_flags(f) & TIMER_ABSTIME
					 ? TimerSettime_ns(f)
					 : later(arch_clock_now(), TimerSettime_ns(f)));
	else
		timer_disarm(&o->timer);
	return 0;
}

void timer_object_expired(struct timer_object *o)
{
	struct channel *c = channel_of(o->process, o->chid);

	if (c)
		pulse_send(c, &o->pulse);
}

/*
 * The next period starts when this pulse was received: an owner that gets no time causes no interrupts. Periods that
 * nobody could see are left out, and the phase is kept.
 */
void timer_object_received(struct timer_object *o)
{
	uint64_t now, missed;

	if (!o->interval || o->timer.index)
		return;
	now = arch_clock_now();
	missed = now > o->timer.deadline ? (now - o->timer.deadline) / o->interval : 0;
	timer_arm(&o->timer, later(o->timer.deadline, (missed + 1) * o->interval));
}

void timer_object_destroy(struct timer_object *o)
{
	struct process *p = o->process;

	timer_disarm(&o->timer);
	pulse_cancel(&o->pulse);
	handle_destroy(p, OBJECT_TIMER, o->id, o);
}

int64_t call_TimerTimeout(struct thread *t, struct frame *f)
{
	const uint32_t all = TIMEOUT_SEND | TIMEOUT_REPLY | TIMEOUT_RECEIVE | TIMEOUT_SYNC;

	if (TimerTimeout_flags(f) & ~(uint64_t)(all | TIMER_ABSTIME))
		return -KE_INVAL;
	t->timeout_flags = (uint32_t)TimerTimeout_flags(f) & all;
	t->timeout_ns =
	    TimerTimeout_flags(f) & TIMER_ABSTIME ? TimerTimeout_ns(f) : later(arch_clock_now(), TimerTimeout_ns(f));
	return 0;
}
