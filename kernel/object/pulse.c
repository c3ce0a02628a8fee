/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses: a code and a value that wait at a channel as messages do, but of which nobody waits for an answer. */
#include "arch.h"
#include "cpu.h"
#include "message.h"
#include "timer_object.h"

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
	queue_remove(&p->w);
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
static void deliver_pulse(struct channel *c, struct thread *r, int code, uint64_t value, uint64_t info, unsigned prio)
{
	uint64_t *words = call_words(&r->frame);

	MsgReplyReceive_set_bytes(&r->frame, 0);
	MsgReplyReceive_set_info(&r->frame, info);
	words[0] = (uint64_t)(int64_t)code;
	words[1] = value;
	serve(r, c, (unsigned)r->base_account << 8 | pulse_lends(c, prio));
}

void pulse_deliver(struct channel *c, struct pulse *p, struct thread *r)
{
	deliver_pulse(c, r, p->code, p->value, p->info, p->w.prio);
	if (p->kind == PULSE_POOLED) {
		pulse_free(p);
	} else if (p->kind == PULSE_TIMER) {
		timer_object_received(container_of(p, struct timer_object, pulse));
	} else if (p->kind == PULSE_MASK) {
		call_words(&r->frame)[1] = (uint64_t)__builtin_ctz(p->mask);
		p->mask &= p->mask - 1;
		if (p->mask)
			queue_insert(&c->head, &p->w, false);
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
	queue_insert(&c->head, &p->w, false);
	inherit_servers(c, pulse_lends(c, p->w.prio));
}

/* ---- pulses of processes ---- */

_Static_assert(IN_MsgSendPulse_priority == IN_MsgDeliverEvent_priority &&
		   IN_MsgSendPulse_code == IN_MsgDeliverEvent_code && IN_MsgSendPulse_value == IN_MsgDeliverEvent_value,
	       "what follows is for both");

static int64_t send_pooled(struct connection *conn, struct channel *to, const struct frame *f, unsigned prio,
			   uint64_t info)
{
	uint64_t asked = MsgSendPulse_priority(f), code = MsgSendPulse_code(f), value = MsgSendPulse_value(f);
	struct thread *r = first_receiver(to);
	struct pulse *p;

	if (unlikely(code > 127 || (asked != UINT64_MAX && (asked == 0 || asked > PRIO_MAX))))
		return -KE_INVAL;
	if (likely(r)) {
		list_del(&r->wait_link);
		deliver_pulse(to, r, (int)code, value, info, prio);
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
	pulse_init(p, PULSE_POOLED, (int)code, value, prio);
	p->info = info;
	p->connection = conn;
	conn->pulse_count++;
	list_insert_before(&conn->pulses, &p->of_connection);
	pulse_send(to, p);
	return 0;
}

static unsigned pulse_prio(const struct thread *t, const struct frame *f)
{
	uint64_t asked = MsgSendPulse_priority(f);

	if (asked == UINT64_MAX)
		return t->prio;
	return asked > t->process->params.max_priority ? t->process->params.max_priority : (unsigned)asked;
}

int64_t call_MsgSendPulse(struct thread *t, struct frame *f)
{
	struct connection *conn = handle_lookup(t->process, OBJECT_CONNECTION, MsgSendPulse_coid(f));

	if (!conn || !conn->channel)
		return -KE_BADF;
	return send_pooled(conn, conn->channel, f, pulse_prio(t, f), info_of(t, conn->id, t->prio));
}

struct thread *pulse_send_direct(struct cpu *cpu, struct thread *t)
{
	const struct frame *f = &t->frame;
	const struct connection *conn = handle_lookup(t->process, OBJECT_CONNECTION, MsgSendPulse_coid(f));
	struct channel *c = conn ? conn->channel : NULL;
	struct thread *r = c ? first_receiver(c) : NULL;
	unsigned prio;

	if (unlikely(!r || MsgSendPulse_code(f) > 127 || MsgSendPulse_priority(f) - 1 >= PRIO_MAX || r->serving != c ||
		     (c->flags & CHF_FIXED_PRIORITY) || r->base_account != cpu->share.bill))
		return NULL;
	prio = pulse_lends(c, pulse_prio(t, f));
	if (unlikely(prio <= t->prio || !message_may_pass(cpu, t, r)))
		return NULL;
	list_del(&r->wait_link);
	call_set_result(&r->frame, 0);
	deliver_pulse(c, r, (int)MsgSendPulse_code(f), MsgSendPulse_value(f), info_of(t, conn->id, t->prio), prio);
	call_set_result(&t->frame, 0);
	WRITE_ONCE(cpu->rank, (cpu->rank & ~0xffu) | prio);
	return message_pass(cpu, t, r);
}

int64_t call_MsgDeliverEvent(struct thread *t, struct frame *f)
{
	struct process *p = process_of((MsgDeliverEvent_scoid(f) >> 12) & 31);
	struct connection *conn = p ? handle_lookup(p, OBJECT_CONNECTION, MsgDeliverEvent_scoid(f) & 0xfff) : NULL;
	struct channel *to;

	if (!conn || !conn->channel || conn->channel->process != t->process)
		return -KE_SRCH;
	to = channel_of(p, conn->event_chid);
	if (!to)
		return -KE_BADF;
	return send_pooled(conn, to, f, pulse_prio(t, f), info_of(t, 0, t->prio));
}
