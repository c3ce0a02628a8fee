/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses: a code and a value that wait at a channel as messages do, but of which nobody waits for an answer. */
#include "arch.h"
#include "cpu.h"
#include "message.h"
#include "object.h"

void pulse_init(struct pulse *p, unsigned kind, int code, uint64_t value, unsigned prio)
{
	memset(p, 0, sizeof(*p));
	list_init(&p->w.link);
	list_init(&p->w.level);
	list_init(&p->of_connection);
	p->w.is_pulse = true;
	p->w.prio = (uint8_t)prio;
	p->kind = (uint8_t)kind;
	p->code = (int8_t)code;
	p->value = value;
}

static void pulse_free(struct pulse *p)
{
	list_del(&p->of_connection);
	p->connection->pulse_count--;
	kmem_free(&p->connection->process->kmem, OBJECT_PULSE, p);
}

void pulse_cancel(struct pulse *p)
{
	channel_unqueue(&p->w);
	if (p->kind == PULSE_POOLED)
		pulse_free(p);
	else
		p->mask = 0;
}

/* A pulse, other than a client, lends nobody more than its receiver's process may have. */
static unsigned pulse_lends(const struct channel *c, unsigned prio)
{
	unsigned max = c->process->params.max_priority;

	return prio < max ? prio : max;
}

/* The registers of the receiver. */
static void deliver(struct channel *c, struct thread *r, int code, uint64_t value, uint64_t info, unsigned prio)
{
	uint64_t *x = r->frame.x;

	x[1] = 0;
	x[2] = info;
	x[4] = (uint64_t)(int64_t)code;
	x[5] = value;
	serve(r, c, pulse_lends(c, prio));
}

void pulse_deliver(struct channel *c, struct pulse *p, struct thread *r)
{
	deliver(c, r, p->code, p->value, p->info, p->w.prio);
	if (p->kind == PULSE_POOLED) {
		pulse_free(p);
	} else if (p->kind == PULSE_TIMER) {
		timer_object_received(container_of(p, struct timer_object, pulse));
	} else if (p->kind == PULSE_MASK) {
		r->frame.x[5] = (uint64_t)__builtin_ctz(p->mask);
		p->mask &= p->mask - 1;
		if (p->mask)
			channel_queue(c, &p->w);
	}
}

void pulse_send(struct channel *c, struct pulse *p)
{
	struct thread *r = first_receiver(c);

	if (!list_empty(&p->w.link))
		return;
	if (r) {
		list_del(&r->wait_link);
		pulse_deliver(c, p, r);
		thread_wake(r, 0);
		return;
	}
	channel_queue(c, &p->w);
	inherit_servers(c, pulse_lends(c, p->w.prio));
}

/* ---- pulses of processes ---- */

static int64_t send_pooled(struct connection *conn, struct channel *to, const struct frame *f, unsigned prio,
			   uint64_t info)
{
	struct thread *r = first_receiver(to);
	struct pulse *p;

	if (unlikely(f->x[2] > 127 || (f->x[1] != UINT64_MAX && (f->x[1] == 0 || f->x[1] > PRIO_MAX))))
		return -KE_INVAL;
	if (likely(r)) {
		list_del(&r->wait_link);
		deliver(to, r, (int)f->x[2], f->x[3], info, prio);
		thread_wake(r, 0);
		return 0;
	}
	if (to->flags & CHANNEL_CLOSED)
		return -KE_BADF;
	if (conn->pulse_count >= PULSE_PENDING_MAX || conn->process->kmem.count[OBJECT_PULSE] >= PULSE_PROCESS_MAX)
		return -KE_AGAIN;
	p = kmem_alloc(&conn->process->kmem, OBJECT_PULSE);
	if (!p)
		return -KE_AGAIN;
	pulse_init(p, PULSE_POOLED, (int)f->x[2], f->x[3], prio);
	p->info = info;
	p->connection = conn;
	conn->pulse_count++;
	list_add_tail(&conn->pulses, &p->of_connection);
	pulse_send(to, p);
	return 0;
}

static unsigned pulse_prio(const struct thread *t, const struct frame *f)
{
	if (f->x[1] == UINT64_MAX)
		return t->prio;
	return f->x[1] > t->process->params.max_priority ? t->process->params.max_priority : (unsigned)f->x[1];
}

int64_t call_MsgSendPulse(struct thread *t, struct frame *f)
{
	struct connection *conn = handle_locked(t->process, OBJECT_CONNECTION, f->x[0]);

	if (!conn || !conn->channel)
		return -KE_BADF;
	return send_pooled(conn, conn->channel, f, pulse_prio(t, f), info_of(t, conn->id, t->prio));
}

struct thread *pulse_send_direct(struct cpu *cpu, struct thread *t)
{
	const struct frame *f = &t->frame;
	const struct connection *conn = handle_locked(t->process, OBJECT_CONNECTION, f->x[0]);
	struct channel *c = conn ? conn->channel : NULL;
	struct thread *r = c ? first_receiver(c) : NULL;
	unsigned prio;

	if (unlikely(!r || f->x[2] > 127 || f->x[1] - 1 >= PRIO_MAX || r->serving != c ||
		     (c->flags & CHF_FIXED_PRIORITY)))
		return NULL;
	prio = pulse_lends(c, pulse_prio(t, f));
	if (unlikely(prio <= t->prio || !message_may_pass(cpu, t, r, prio)))
		return NULL;
	list_del(&r->wait_link);
	r->frame.x[0] = 0;
	deliver(c, r, (int)f->x[2], f->x[3], info_of(t, conn->id, t->prio), prio);
	t->frame.x[0] = 0;
	message_pass(cpu, t, r);
	sched_preempted(cpu, t);
	return r;
}

int64_t call_MsgDeliverEvent(struct thread *t, struct frame *f)
{
	struct process *p = process_of((f->x[0] >> 12) & 31);
	struct connection *conn = p ? handle_locked(p, OBJECT_CONNECTION, f->x[0] & 0xfff) : NULL;
	struct channel *to;

	if (!conn || !conn->channel || conn->channel->process != t->process)
		return -KE_SRCH;
	to = channel_of(p, conn->event_chid);
	if (!to)
		return -KE_BADF;
	return send_pooled(conn, to, f, pulse_prio(t, f), info_of(t, 0, t->prio));
}
