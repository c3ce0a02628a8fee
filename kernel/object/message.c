/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Synchronous messages: send, receive, reply. The first 32 bytes travel in x4-x7; the rest is copied once, from space
 * to space (copy.c). Who blocks here does so before it wakes its partner, so that the partner takes the CPU over at
 * once (ready.h): a short message to a server that waits, and its answer, go by no queue but the lists of the channel.
 */
#include "message.h"
#include "arch.h"
#include "cpu.h"

#define RCVID_SHIFT 14 /* slot and tid are below, a count of all messages above: 31 bits in all */
#define RCVID_COUNT 0x1ffffu

/* Lengths, two in a register, that are MSG_MAX or above. */
#define TOO_LONG ((uint64_t) ~(MSG_MAX - 1) << 32 | (uint32_t) ~(MSG_MAX - 1))

/* Its unblock pulse, if it has asked for an end. */
static void unblock_end(struct thread *client)
{
	pulse_cancel(&client->unblock);
	client->unblock.value = 0;
}

/* ---- from a client to a server ---- */

/* The client waits for its reply now; `r` gets who it is, and the rcvid. All else of the message is there. */
static inline uint32_t serve_client(struct channel *c, struct thread *s, struct thread *r)
{
	static uint32_t count; /* over all threads: a rcvid does not come back with a new thread of the same number */
	uint32_t rcvid = (++count & RCVID_COUNT) << RCVID_SHIFT | s->ident;

	set_words(r, s);
	s->rcvid = rcvid;
	s->server_tid = r->tid;
	WRITE_ONCE(s->state, STATE_REPLY);
	list_insert_before(&c->repliers, &s->wait_link);
	MsgReplyReceive_set_bytes(&r->frame, MsgSend_send_bytes(&s->frame));
	MsgReplyReceive_set_info(&r->frame, info_of(s, MsgSend_coid(&s->frame), s->prio));
	return rcvid;
}

int64_t message_deliver(struct channel *c, struct thread *s, struct thread *r)
{
	uint32_t rcvid = serve_client(c, s, r);

	serve(r, c, s->standing);
	thread_wait(s, STATE_REPLY);
	return rcvid;
}

/* True if there is nothing left to copy. Faults are met again by the receiver, which knows whose they are. */
static bool brought_over(struct thread *s, struct thread *r)
{
	return copy_now(s, MsgSend_send_address(&s->frame), r, MsgReplyReceive_address(&r->frame),
			received_bytes(s, r));
}

void message_hand(struct channel *c, struct thread *s, struct thread *r)
{
	list_del(&r->wait_link);
	if (brought_over(s, r))
		thread_wake(r, message_deliver(c, s, r));
	else
		copy_later(c, s, r);
}

static int64_t wait_in_queue(struct channel *c, struct thread *s)
{
	if (c->flags & CHANNEL_CLOSED)
		return -KE_BADF;
	if (inherit_chain_too_long(c))
		return -KE_AGAIN;
	s->sending.prio = s->prio;
	thread_block(s, STATE_SEND);
	queue_insert(&c->head, &s->sending, false);
	inherit_servers(c, s->prio);
	return CALL_BLOCKED;
}

int64_t call_MsgSend(struct thread *t, struct frame *f)
{
	const struct connection *conn = handle_lookup(t->process, OBJECT_CONNECTION, MsgSend_coid(f));
	struct channel *c = conn ? conn->channel : NULL;
	struct thread *r;

	if (unlikely(!c))
		return -KE_BADF;
	if (unlikely(MsgSend_send_bytes(&t->frame) > MSG_MAX || MsgSend_reply_room(&t->frame) > MSG_MAX))
		return -KE_MSGSIZE;
	t->channel = c;
	r = first_receiver(c);
	if (unlikely(!r))
		return wait_in_queue(c, t);
	sched_block(t);
	message_hand(c, t, r);
	return CALL_BLOCKED;
}

/* ---- the server ---- */

static void wait_for_message(struct channel *c, struct thread *t)
{
	t->channel = c;
	WRITE_ONCE(t->standing, t->own);
	thread_block(t, STATE_RECEIVE);
	ipc_add_waiter(&c->receivers, t);
}

static int64_t take_sender(struct channel *c, struct waiting *w, struct thread *t)
{
	struct thread *s;

	queue_remove(w);
	if (w->is_pulse) {
		pulse_deliver(c, container_of(w, struct pulse, w), t);
		return 0;
	}
	s = container_of(w, struct thread, sending);
	return brought_over(s, t) ? message_deliver(c, s, t) : copy_receive(s, t);
}

/* Take what waits first, or wait. */
static int64_t receive_first(struct thread *t, struct channel *c)
{
	unsigned before = t->standing;
	int64_t status;

	if (likely(list_empty(&c->queue))) {
		wait_for_message(c, t);
		return CALL_BLOCKED;
	}
	t->channel = c;
	status = take_sender(c, list_entry(c->queue.next, struct waiting, link), t);
	if (t->standing != before)
		sched_standing_changed(t); /* another may be more important now */
	return status;
}

/* ---- back to the client ---- */

static inline void set_answer(struct thread *t, struct thread *client, uint64_t bytes)
{
	list_del(&client->wait_link);
	client->channel = NULL;
	call_set_result(&client->frame, (int64_t)MsgReplyReceive_status(&t->frame));
	MsgSend_set_reply_bytes(&client->frame, bytes);
	set_words(client, t);
}

void message_answer(struct thread *t, struct thread *client, uint64_t bytes)
{
	if (client->unblock.value)
		unblock_end(client);
	set_answer(t, client, bytes);
	thread_wake(client, (int64_t)MsgReplyReceive_status(&t->frame));
}

int64_t message_answer_receive(struct channel *c, struct thread *t, struct thread *client, uint64_t bytes)
{
	if (client && list_empty(&c->queue)) {
		wait_for_message(c, t);
		message_answer(t, client, bytes);
		return CALL_BLOCKED;
	}
	if (client) {
		message_answer(t, client, bytes);
		if (bytes > MSG_INLINE && others_wait())
			return CALL_RESTART; /* that was long; now it has no client, and only receives */
	}
	return receive_first(t, c);
}

/* As brought_over(). */
static bool reply_over(struct thread *t, struct thread *client, uint64_t bytes)
{
	return copy_now(t, MsgReplyReceive_reply_address(&t->frame), client, MsgSend_reply_address(&client->frame),
			bytes);
}

/* Apart: who only receives needs none of it. */
static __attribute__((noinline)) int64_t answer_client(struct thread *t, struct channel *c, uint64_t bytes)
{
	struct thread *client = client_of(t->process, MsgReplyReceive_rcvid(&t->frame));

	if (unlikely(!client))
		return c ? receive_first(t, c) : -KE_SRCH;
	bytes = reply_bytes(client, bytes);
	if (unlikely(!reply_over(t, client, bytes)))
		return copy_reply(t, client, bytes);
	if (c)
		return message_answer_receive(c, t, client, bytes);
	message_answer(t, client, bytes);
	return 0;
}

int64_t call_MsgReplyReceive(struct thread *t, struct frame *f)
{
	struct channel *c = channel_of(t->process, MsgReplyReceive_chid(f));
	uint64_t bytes = MsgReplyReceive_reply_bytes(f);

	if (unlikely(!c && MsgReplyReceive_chid(f)))
		return -KE_BADF;
	if (unlikely(bytes > MSG_MAX || MsgReplyReceive_room(f) > MSG_MAX))
		return -KE_MSGSIZE;
	if (!c || MsgReplyReceive_rcvid(f))
		return answer_client(t, c, bytes);
	return receive_first(t, c);
}

/* ---- the common case of both, at once ---- */

struct thread *message_receiver(struct cpu *cpu, const struct thread *t)
{
	const struct connection *conn = handle_lookup(t->process, OBJECT_CONNECTION, MsgSend_coid(&t->frame));
	struct channel *c = conn ? conn->channel : NULL;
	struct thread *r;

	if (unlikely(!c || list_empty(&c->receivers)))
		return NULL;
	r = thread_waiting(c->receivers.next);
	if (unlikely((MsgSend_send_bytes_and_reply_room(&t->frame) & TOO_LONG) || r->serving != c ||
		     (c->flags & CHF_FIXED_PRIORITY) || !message_may_pass(cpu, t, r)))
		return NULL;
	return r;
}

struct thread *message_send_over(struct cpu *cpu, struct thread *t, struct thread *r)
{
	struct channel *c = r->serving;

	list_del(&r->wait_link);
	t->channel = c;
	t->slice_end = 0;
	call_set_result(&r->frame, serve_client(c, t, r));
	WRITE_ONCE(r->standing, t->standing); /* so rank and account of who runs here stay as they are */
	return message_pass(cpu, t, r);
}

struct thread *message_client(struct cpu *cpu, const struct thread *t)
{
	struct channel *c = channel_of(t->process, MsgReplyReceive_chid(&t->frame));
	struct thread *client;

	if (unlikely(!c || list_empty(&c->repliers)))
		return NULL;
	/* Whom it received from last is at the end of the list: no need to look for it by its numbers. */
	client = thread_waiting(c->repliers.prev);
	if (unlikely(client->rcvid != MsgReplyReceive_rcvid(&t->frame) || !list_empty(&c->queue) ||
		     !list_empty(&c->receivers) || (MsgReplyReceive_reply_bytes_and_room(&t->frame) & TOO_LONG) ||
		     client->copier || client->unblock.value || client->standing != t->standing ||
		     !message_may_pass(cpu, t, client)))
		return NULL;
	return client;
}

struct thread *message_answer_over(struct cpu *cpu, struct thread *t, struct thread *client)
{
	struct channel *c = client->channel;

	set_answer(t, client, reply_bytes(client, MsgReplyReceive_reply_bytes(&t->frame)));
	t->channel = c;
	t->slice_end = 0;
	WRITE_ONCE(t->standing, t->own);
	WRITE_ONCE(t->state, STATE_RECEIVE);
	list_insert_before(&c->receivers, &t->wait_link);
	return message_pass(cpu, t, client);
}

struct thread *message_copy_over(struct cpu *cpu, struct thread *t, struct thread *to)
{
	if (call_number(&t->frame) == CALL_MsgSend)
		return brought_over(t, to) ? message_send_over(cpu, t, to) : NULL;
	return reply_over(t, to, reply_bytes(to, MsgReplyReceive_reply_bytes(&t->frame)))
		   ? message_answer_over(cpu, t, to)
		   : NULL;
}

/* ---- questions ---- */

int64_t call_MsgInfo(struct thread *t, struct frame *f)
{
	const struct thread *client = client_of(t->process, MsgInfo_rcvid(f));

	if (!client)
		return -KE_SRCH;
	MsgInfo_set_info(f, info_of(client, MsgSend_coid(&client->frame), client->prio) |
				(client->unblock.value ? MSGINFO_UNBLOCK : 0));
	MsgInfo_set_coid(f, MsgSend_coid(&client->frame));
	return (int64_t)MsgSend_send_bytes_and_reply_room(&client->frame);
}

/* ---- the end of waiting ---- */

/* Out of whatever it waits in. */
static void leave_queues(struct thread *t)
{
	if (t->copier)
		copy_end(t->copier);
	queue_remove(&t->sending);
	list_del(&t->wait_link);
	unblock_end(t);
	t->channel = NULL;
}

void ipc_unblock(struct thread *t, int64_t status)
{
	struct channel *c = t->channel;

	if (t->state == STATE_REPLY && c && (c->flags & CHF_UNBLOCK) && status == -KE_TIMEDOUT) {
		/* The server holds something for it: ask, and go on waiting for its answer. */
		t->unblock.w.prio = t->prio;
		t->unblock.value = t->rcvid;
		t->unblock.info = info_of(t, MsgSend_coid(&t->frame), t->prio);
		pulse_send(c, &t->unblock);
		return;
	}
	leave_queues(t);
	MsgSend_set_reply_bytes(&t->frame, 0);
	thread_wake(t, status);
}

void ipc_thread_gone(struct thread *t)
{
	if (t->copy.peer)
		copy_abandon(t);
	leave_queues(t);
	list_del(&t->server_link);
	t->serving = NULL;
}
