/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels and connections: how they come and go, and the order of who waits there. The queues are lists in order of
 * priority. Who belongs at an end, as all do where priorities are equal, is put there at once; else the list is walked
 * from its end: at most over all threads, and all pulses of processes, that may wait there.
 */
#include "arch.h"
#include "cpu.h"
#include "message.h"

void channel_queue(struct channel *c, struct waiting *w)
{
	struct list *at = c->queue.prev;

	if (!list_empty(&c->queue) && list_entry(c->queue.next, struct waiting, link)->prio < w->prio)
		at = &c->queue;
	while (at != &c->queue && list_entry(at, struct waiting, link)->prio < w->prio)
		at = at->prev;
	list_insert_before(at->next, &w->link);
}

void channel_add_receiver(struct channel *c, struct thread *t)
{
	struct list *at = c->receivers.prev;

	while (at != &c->receivers && list_entry(at, struct thread, wait_link)->prio < t->prio)
		at = at->prev;
	list_insert_before(at->next, &t->wait_link);
}

void ipc_requeue(struct thread *t)
{
	struct channel *c = t->channel;

	if (!c || t->copier)
		return;
	if (t->state == STATE_SEND) {
		list_del(&t->sending.link);
		t->sending.prio = t->prio;
		channel_queue(c, &t->sending);
	} else if (t->state == STATE_RECEIVE) {
		list_del(&t->wait_link);
		channel_add_receiver(c, t);
	}
}

int64_t call_ChannelCreate(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	struct channel *c;
	int64_t id;

	if (f->x[0] & ~(uint64_t)(CHF_UNBLOCK | CHF_FIXED_PRIORITY | CHF_DISCONNECT | CHF_PRIVATE))
		return -KE_INVAL;
	if (!(f->x[0] & CHF_PRIVATE) && !able(p, ABLE_PUBLIC))
		return -KE_PERM;
	c = kmem_alloc(&p->kmem, OBJECT_CHANNEL);
	if (!c)
		return -KE_NOMEM;
	id = handle_add(p, OBJECT_CHANNEL, c);
	if (id < 0) {
		kmem_free(&p->kmem, OBJECT_CHANNEL, c);
		return id;
	}
	c->process = p;
	c->id = (uint32_t)id;
	c->flags = (uint32_t)f->x[0];
	list_init(&c->queue);
	list_init(&c->receivers);
	list_init(&c->servers);
	list_init(&c->connections);
	list_init(&c->repliers);
	pulse_init(&c->gone, PULSE_MASK, PULSE_CODE_DISCONNECT, 0, PRIO_MAX);
	return id;
}

/* Everybody who waits at it gets an answer, everything that names it forgets it. */
void channel_destroy(struct channel *c)
{
	struct process *p = c->process;

	list_for_each_safe (it, &c->queue) {
		struct waiting *w = list_entry(it, struct waiting, link);

		if (w->is_pulse)
			pulse_cancel(container_of(w, struct pulse, w));
		else
			ipc_unblock(container_of(w, struct thread, sending), -KE_SRCH);
	}
	list_for_each_safe (it, &c->receivers)
		ipc_unblock(list_entry(it, struct thread, wait_link), -KE_BADF);
	c->flags &= ~CHF_UNBLOCK; /* nobody is left who could be asked */
	list_for_each_safe (it, &c->repliers) {
		struct thread *client = list_entry(it, struct thread, wait_link);

		if (client->copier)
			copy_end(client->copier);
		ipc_unblock(client, -KE_SRCH);
	}
	list_for_each_safe (it, &c->servers) {
		struct thread *s = list_entry(it, struct thread, server_link);

		list_del(&s->server_link);
		s->serving = NULL;
		if (s->channel == c && !s->resume_copy)
			s->channel = NULL;
	}
	list_for_each_safe (it, &c->connections) {
		struct connection *conn = list_entry(it, struct connection, of_channel);
		struct channel *own = channel_of(conn->process, conn->event_chid);

		list_del(&conn->of_channel);
		conn->channel = NULL;
		if (own && own != c)
			pulse_send(own, &conn->death);
	}
	if (c->copies)
		copy_channel_gone(p, c);
	if (p->control == c)
		p->control = NULL;
	handle_remove(p, OBJECT_CHANNEL, c->id);
	kmem_free(&p->kmem, OBJECT_CHANNEL, c);
}

int64_t call_ChannelDestroy(struct thread *t, struct frame *f)
{
	struct channel *c = channel_of(t->process, f->x[0]);

	if (!c)
		return -KE_BADF;
	channel_destroy(c);
	return 0;
}

int64_t call_ConnectAttach(struct thread *t, struct frame *f)
{
	struct process *p = t->process, *to = process_of(f->x[0]);
	struct channel *c = to ? channel_of(to, f->x[1]) : NULL;
	struct connection *conn;
	int64_t id;

	if (f->x[0] < PROCESS_MAX && to != p && !(p->params.connect_mask & BIT(f->x[0])))
		return -KE_PERM;
	if (!c || (to != p && (c->flags & CHF_PRIVATE)))
		return -KE_SRCH;
	if (f->x[2] && !channel_of(p, f->x[2]))
		return -KE_BADF;
	conn = kmem_alloc(&p->kmem, OBJECT_CONNECTION);
	if (!conn)
		return -KE_NOMEM;
	id = handle_add(p, OBJECT_CONNECTION, conn);
	if (id < 0) {
		kmem_free(&p->kmem, OBJECT_CONNECTION, conn);
		return id;
	}
	conn->process = p;
	conn->channel = c;
	conn->id = (uint32_t)id;
	conn->event_chid = (uint32_t)f->x[2];
	list_init(&conn->pulses);
	list_add_tail(&c->connections, &conn->of_channel);
	pulse_init(&conn->death, PULSE_PLAIN, PULSE_CODE_COIDDEATH, (uint64_t)id, PRIO_MAX);
	return id;
}

static bool last_of_client(const struct channel *c, const struct process *client)
{
	list_for_each (it, &c->connections)
		if (list_entry(it, struct connection, of_channel)->process == client)
			return false;
	return true;
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
		if ((c->flags & CHF_DISCONNECT) && c->process != p && last_of_client(c, p)) {
			c->gone.mask |= (uint32_t)BIT(p->slot);
			pulse_send(c, &c->gone);
		}
	}
	handle_remove(p, OBJECT_CONNECTION, conn->id);
	kmem_free(&p->kmem, OBJECT_CONNECTION, conn);
}

int64_t call_ConnectDetach(struct thread *t, struct frame *f)
{
	struct connection *conn = handle_locked(t->process, OBJECT_CONNECTION, f->x[0]);

	if (!conn)
		return -KE_BADF;
	connection_destroy(conn);
	return 0;
}
