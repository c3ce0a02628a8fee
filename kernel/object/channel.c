/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels and connections: how they come and go, and the order of who waits there. Receivers are threads of one
 * process: their list is walked from its end.
 */
#include "arch.h"
#include "cpu.h"
#include "message.h"

void ipc_add_waiter(struct list *waiters, struct thread *t)
{
	struct list *at = waiters->prev;

	while (at != waiters && list_entry(at, struct thread, wait_link)->prio < t->prio)
		at = at->prev;
	list_insert_before(at->next, &t->wait_link);
}

void ipc_requeue(struct thread *t)
{
	struct channel *c = t->channel;

	if (!c || t->copier)
		return;
	if (READ_ONCE(t->state) == STATE_SEND) {
		queue_remove(&t->sending);
		t->sending.prio = t->prio;
		queue_insert(&c->head, &t->sending, false);
	} else if (READ_ONCE(t->state) == STATE_RECEIVE) {
		list_del(&t->wait_link);
		ipc_add_waiter(&c->receivers, t);
	}
}

int64_t call_ChannelCreate(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	struct channel *c;
	int64_t id;

	if (ChannelCreate_flags(f) & ~(uint64_t)(CHF_UNBLOCK | CHF_FIXED_PRIORITY | CHF_DISCONNECT | CHF_PRIVATE))
		return -KE_INVAL;
	if (!(ChannelCreate_flags(f) & CHF_PRIVATE) && !able(p, ABLE_PUBLIC))
		return -KE_PERM;
	c = object_create(p, OBJECT_CHANNEL, &id);
	if (!c)
		return id;
	c->process = p;
	c->id = (uint32_t)id;
	c->flags = (uint32_t)ChannelCreate_flags(f);
	queue_init(&c->head);
	list_init(&c->receivers);
	list_init(&c->servers);
	list_init(&c->connections);
	list_init(&c->repliers);
	list_init(&c->copies);
	pulse_init(&c->gone, PULSE_MASK, PULSE_CODE_DISCONNECT, 0, PRIO_MAX);
	return id;
}

/* ---- the end of a channel ---- */

/* From now on no call finds it by its number, and nobody new waits at it: what is there can only become less. */
void channel_close(struct channel *c)
{
	c->flags |= CHANNEL_CLOSED;
	c->flags &= ~(uint32_t)(CHF_UNBLOCK | CHF_DISCONNECT); /* nobody is left who could be asked or told */
	if (c->process->control == c)
		c->process->control = NULL;
	handle_remove(c->process, OBJECT_CHANNEL, c->id);
}

static void end_waiting(struct waiting *w)
{
	if (w->is_pulse)
		pulse_cancel(container_of(w, struct pulse, w));
	else
		ipc_unblock(container_of(w, struct thread, sending), -KE_SRCH);
}

static void forget_server(struct channel *c, struct thread *s)
{
	list_del(&s->server_link);
	s->serving = NULL;
	if (s->channel == c)
		s->channel = NULL;
}

static void cut_connection(struct connection *conn)
{
	struct channel *own = channel_of(conn->process, conn->event_chid);

	list_del(&conn->of_channel);
	conn->channel = NULL;
	if (own)
		pulse_send(own, &conn->death);
}

/*
 * One thread that waits at the channel gets an answer, or one that names it forgets it; false if there is none.
 * Receivers first, since they still take messages; servers last, once nothing can make a thread a server again.
 */
static bool end_one(struct channel *c)
{
	if (!list_empty(&c->receivers))
		ipc_unblock(first_receiver(c), -KE_BADF);
	else if (!list_empty(&c->queue))
		end_waiting(list_entry(c->queue.next, struct waiting, link));
	else if (!list_empty(&c->copies))
		copy_channel_gone(list_entry(c->copies.next, struct thread, wait_link));
	else if (!list_empty(&c->repliers))
		ipc_unblock(list_entry(c->repliers.next, struct thread, wait_link), -KE_SRCH);
	else if (!list_empty(&c->servers))
		forget_server(c, list_entry(c->servers.next, struct thread, server_link));
	else if (!list_empty(&c->connections))
		cut_connection(list_entry(c->connections.next, struct connection, of_channel));
	else
		return false;
	return true;
}

bool channel_end(struct channel *c)
{
	while (end_one(c))
		if (must_give_way())
			return false;
	object_free(c->process, OBJECT_CHANNEL, c);
	return true;
}

/* What is closed is this thread's alone, which ends it even if it is killed meanwhile: unfinished(), call.c. */
int64_t call_ChannelDestroy(struct thread *t, struct frame *f)
{
	if (!t->closing) {
		t->closing = channel_of(t->process, ChannelDestroy_chid(f));
		if (!t->closing)
			return -KE_BADF;
		channel_close(t->closing);
	}
	if (!channel_end(t->closing))
		return CALL_RESTART;
	t->closing = NULL;
	return 0;
}

/* ---- connections ---- */

int64_t call_ConnectAttach(struct thread *t, struct frame *f)
{
	struct process *p = t->process, *to = process_of(ConnectAttach_slot(f));
	struct channel *c = to ? channel_of(to, ConnectAttach_chid(f)) : NULL;
	struct connection *conn;
	int64_t id;

	if (ConnectAttach_slot(f) < PROCESS_MAX && to != p && !(p->params.connect_mask & BIT(ConnectAttach_slot(f))))
		return -KE_PERM;
	if (!c || (to != p && (c->flags & CHF_PRIVATE)))
		return -KE_SRCH;
	if (ConnectAttach_event_chid(f) && !channel_of(p, ConnectAttach_event_chid(f)))
		return -KE_BADF;
	conn = object_create(p, OBJECT_CONNECTION, &id);
	if (!conn)
		return id;
	conn->process = p;
	conn->channel = c;
	conn->id = (uint32_t)id;
	conn->event_chid = (uint32_t)ConnectAttach_event_chid(f);
	list_init(&conn->pulses);
	list_insert_before(&c->connections, &conn->of_channel);
	c->clients[p->slot]++;
	pulse_init(&conn->death, PULSE_PLAIN, PULSE_CODE_COIDDEATH, (uint64_t)id, PRIO_MAX);
	return id;
}

void connection_destroy(struct connection *conn)
{
	struct process *p = conn->process;
	struct channel *c = conn->channel;

	list_for_each_safe (it, &conn->pulses)
		pulse_cancel(list_entry(it, struct pulse, of_connection));
	pulse_cancel(&conn->death);
	if (c) {
		list_del(&conn->of_channel);
		if (--c->clients[p->slot] == 0 && (c->flags & CHF_DISCONNECT) && c->process != p) {
			c->gone.mask |= (uint32_t)BIT(p->slot);
			pulse_send(c, &c->gone);
		}
	}
	handle_destroy(p, OBJECT_CONNECTION, conn->id, conn);
}

int64_t call_ConnectDetach(struct thread *t, struct frame *f)
{
	struct connection *conn = handle_lookup(t->process, OBJECT_CONNECTION, ConnectDetach_coid(f));

	if (!conn)
		return -KE_BADF;
	connection_destroy(conn);
	return 0;
}
