/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a message does not fit into registers: copied once, from space to space. Up to a page goes over at once. What
 * is longer, or meets a fault, is copied by the server's thread when it runs, so that no client can hold a server up:
 * it stops after each half page if an interrupt waits or another CPU wants the lock, and goes on when its thread is
 * next chosen. Nothing of it is on a kernel stack.
 */
#include "arch.h"
#include "cpu.h"
#include "message.h"

#define COPY_STEP (PAGE_SIZE / 2)

enum copy_kind { COPY_RECEIVE, COPY_REPLY, COPY_READ };
enum copy_result { COPY_DONE, COPY_AGAIN, COPY_SRC_FAULT, COPY_DST_FAULT, COPY_GONE };

bool copy_now(struct thread *from, uint64_t src, struct thread *to, uint64_t dst, uint64_t bytes)
{
	uint64_t rest = bytes - MSG_INLINE;

	if (bytes <= MSG_INLINE)
		return true;
	if (rest > PAGE_SIZE || unlikely(arch_this_cpu()->copy_failed))
		return false;
	if (likely(space_copy(&from->process->space, src + MSG_INLINE, &to->process->space, dst + MSG_INLINE, rest) ==
		   rest))
		return true;
	arch_this_cpu()->copy_failed = true;
	return false;
}

/* ---- copies that may be interrupted ---- */

static enum copy_result copy_run(struct thread *t)
{
	struct copy *c = &t->copy;
	uint64_t step = c->tried ? COPY_STEP : 0;

	c->tried = false;
	while (c->left) {
		bool in = c->kind != COPY_REPLY;
		const struct space *from, *to;
		uint64_t n;

		if (!c->peer)
			return COPY_GONE;
		if (step == COPY_STEP) {
			if (must_give_way())
				return COPY_AGAIN;
			step = 0;
		}
		n = c->left < COPY_STEP - step ? c->left : COPY_STEP - step;
		from = &(in ? c->peer : t)->process->space;
		to = &(in ? t : c->peer)->process->space;
		n = space_copy(from, c->src, to, c->dst, n);
		if (!n)
			return space_access(from, c->src, SPACE_R, &n) ? COPY_DST_FAULT : COPY_SRC_FAULT;
		c->src += n;
		c->dst += n;
		c->left -= n;
		c->done += n;
		step += n;
	}
	return COPY_DONE;
}

static void copy_begin(struct thread *t, struct thread *peer, unsigned kind, uint64_t src, uint64_t dst, uint64_t bytes)
{
	bool *failed = &arch_this_cpu()->copy_failed;

	t->copy =
	    (struct copy){.peer = peer, .kind = (uint8_t)kind, .tried = *failed, .src = src, .dst = dst, .left = bytes};
	*failed = false;
	peer->copier = t;
}

void copy_end(struct thread *t)
{
	if (t->copy.peer)
		t->copy.peer->copier = NULL;
	t->copy.peer = NULL;
}

/* The channel that a copy goes through, and that may go meanwhile: only receiving needs it. */
static struct channel *copy_channel(const struct thread *t)
{
	return t->copy.kind == COPY_RECEIVE ? t->channel : NULL;
}

static void begin_receive(struct thread *t, struct thread *s)
{
	copy_begin(t, s, COPY_RECEIVE, MsgSend_send_address(&s->frame) + MSG_INLINE,
		   MsgReplyReceive_address(&t->frame) + MSG_INLINE, received_bytes(s, t) - MSG_INLINE);
}

/* A sender whose message was not taken after all; another receiver may have come meanwhile. */
static void sender_back(struct channel *c, struct thread *s)
{
	struct thread *r = first_receiver(c);

	if (r) {
		message_hand(c, s, r);
		return;
	}
	s->sending.prio = s->prio;
	queue_insert(&c->head, &s->sending, false);
}

static int64_t finish_receive(struct thread *t, struct thread *s, struct channel *c, enum copy_result result)
{
	if (result == COPY_DONE)
		return message_deliver(c, s, t);
	if (result == COPY_DST_FAULT) {
		arch_this_cpu()->copy_failed = true; /* enough was copied for now */
		sender_back(c, s);
		arch_this_cpu()->copy_failed = false;
		return -KE_FAULT;
	}
	if (result == COPY_SRC_FAULT)
		thread_wake(s, -KE_FAULT);
	return c ? CALL_RESTART : -KE_BADF;
}

static NAMED int64_t finish_reply(struct thread *t, struct thread *client, enum copy_result result)
{
	struct channel *c = channel_of(t->process, MsgReplyReceive_chid(&t->frame));
	uint64_t bytes = MSG_INLINE + t->copy.done;
	int64_t status = MsgReplyReceive_chid(&t->frame) ? -KE_BADF : client ? 0 : -KE_SRCH;

	if (result == COPY_SRC_FAULT)
		return -KE_FAULT; /* the server's mistake: it may answer again */
	if (result == COPY_DST_FAULT) {
		ipc_unblock(client, -KE_FAULT);
		client = NULL;
	}
	if (c)
		return message_answer_receive(c, t, client, bytes);
	if (client)
		message_answer(t, client, bytes);
	return status;
}

static int64_t finish_copy(struct thread *t, enum copy_result result)
{
	struct thread *peer = t->copy.peer;
	struct channel *c = copy_channel(t);

	copy_end(t);
	if (t->copy.kind == COPY_RECEIVE)
		return finish_receive(t, peer, c, result);
	if (t->copy.kind == COPY_REPLY)
		return finish_reply(t, peer, result);
	if (!t->copy.done && result != COPY_DONE)
		return result == COPY_GONE ? -KE_SRCH : -KE_FAULT;
	return (int64_t)t->copy.done;
}

static int64_t run(struct thread *t)
{
	enum copy_result result = copy_run(t);

	if (result != COPY_AGAIN)
		return finish_copy(t, result);
	t->resume_copy = true;
	if (copy_channel(t))
		list_insert_before(&t->channel->copies, &t->wait_link);
	arch_this_cpu()->own |= ATTENTION_LOOK;
	return CALL_BLOCKED;
}

void ipc_copy_continue(struct thread *t)
{
	t->resume_copy = false;
	list_del(&t->wait_link);
	call_finish(arch_this_cpu(), t, run(t));
}

void copy_later(struct channel *c, struct thread *s, struct thread *r)
{
	begin_receive(r, s);
	thread_wait(s, STATE_SEND);
	if (!(c->flags & CHF_FIXED_PRIORITY) && r->prio < s->prio)
		WRITE_ONCE(r->standing, s->standing);
	timer_disarm(&r->timeout); /* armed again if it blocks again */
	r->resume_copy = true;
	list_insert_before(&c->copies, &r->wait_link);
	sched_ready(r);
}

int64_t copy_receive(struct thread *s, struct thread *t)
{
	begin_receive(t, s);
	return run(t);
}

int64_t copy_reply(struct thread *t, struct thread *client, uint64_t bytes)
{
	copy_begin(t, client, COPY_REPLY, MsgReplyReceive_reply_address(&t->frame) + MSG_INLINE,
		   MsgSend_reply_address(&client->frame) + MSG_INLINE, bytes - MSG_INLINE);
	return run(t);
}

/* More data from a REPLY-blocked client, within the buffer that it named. */
int64_t call_MsgRead(struct thread *t, struct frame *f)
{
	struct thread *client = client_of(t->process, MsgRead_rcvid(f));
	uint64_t limit, bytes = MsgRead_bytes(f), offset = MsgRead_offset(f);

	if (!client)
		return -KE_SRCH;
	limit = MsgSend_send_bytes(&client->frame);
	if (offset > limit || bytes > MSG_MAX)
		return -KE_INVAL;
	if (bytes > limit - offset)
		bytes = limit - offset;
	copy_begin(t, client, COPY_READ, MsgSend_send_address(&client->frame) + offset, MsgRead_buffer(f), bytes);
	return run(t);
}

/* ---- ends ---- */

void copy_channel_gone(struct thread *t)
{
	list_del(&t->wait_link);
	t->channel = NULL;
	if (t->copy.peer)
		ipc_unblock(t->copy.peer, -KE_SRCH); /* which ends the copy */
}

void copy_abandon(struct thread *t)
{
	struct thread *peer = t->copy.peer;
	struct channel *c = copy_channel(t);

	copy_end(t);
	if (t->resume_copy)
		list_del(&t->wait_link);
	t->resume_copy = false;
	if (c)
		sender_back(c, peer);
	else if (t->copy.kind == COPY_REPLY)
		ipc_unblock(peer, -KE_SRCH);
}
