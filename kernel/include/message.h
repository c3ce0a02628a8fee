/* SPDX-License-Identifier: Apache-2.0 */
/* What message.c, copy.c and pulse.c share about a message on its way. */
#pragma once

#include "calls.h"
#include "ipc.h"
#include "process.h"

/*
 * A blocked thread's frame describes its message completely, as its call left it; nothing is stored twice.
 * A client's register of the first result changes only when it is woken.
 */

/* What of the message of `s` its receiver has room for. */
static inline uint64_t received_bytes(const struct thread *s, const struct thread *r)
{
	uint64_t bytes = MsgSend_send_bytes(&s->frame), room = MsgReplyReceive_room(&r->frame);

	return bytes < room ? bytes : room;
}

/* MSGINFO_*. */
static inline uint64_t info_of(const struct thread *t, uint64_t coid, uint64_t prio)
{
	return t->info | coid << 24 | prio << 48;
}

/* The thread of a wait_link; its members are found from its start, not from there, for which offsets would not do. */
static inline struct thread *thread_waiting(struct list *link)
{
	struct thread *t = list_entry(link, struct thread, wait_link);

	__asm__("" : "+r"(t));
	return t;
}

static inline struct thread *first_receiver(const struct channel *c)
{
	return list_empty(&c->receivers) ? NULL : thread_waiting(c->receivers.next);
}

/* The client of a rcvid, if it is REPLY-blocked on a channel of `server`. */
static inline struct thread *client_of(const struct process *server, uint64_t rcvid)
{
	const struct process *p = process_of(rcvid >> 9 & 31);
	struct thread *t = p ? thread_of(p, rcvid & 511) : NULL;

	if (unlikely(!t || READ_ONCE(t->state) != STATE_REPLY || t->rcvid != rcvid || t->channel->process != server ||
		     t->copier))
		return NULL;
	return t;
}

/* The words that a message begins with. They are registers of the sender's: all of them travel, whatever its length, so
 * that all lengths cost the same. What is beyond the length is for the sender to clear, as the library does. */
static inline void set_words(struct thread *to, const struct thread *from)
{
	uint64_t words[4];

	for (unsigned i = 0; i < 4; i++)
		words[i] = arch_frame_get(&from->frame, IN_MsgSend_words + i); /* as in all calls */
	for (unsigned i = 0; i < 4; i++)
		arch_frame_set(&to->frame, IN_MsgSend_words + i, words[i]);
}

/* How much of a reply its client gets. */
static inline uint64_t reply_bytes(const struct thread *client, uint64_t bytes)
{
	return bytes < MsgSend_reply_room(&client->frame) ? bytes : MsgSend_reply_room(&client->frame);
}

/* `t` serves what has this standing from now on. */
static inline void serve(struct thread *t, struct channel *c, unsigned standing)
{
	if (unlikely(t->serving != c))
		inherit_join(t, c);
	WRITE_ONCE(t->standing, unlikely(c->flags & CHF_FIXED_PRIORITY) ? t->own : (uint16_t)standing);
}

/* What it returned, CALL_BLOCKED and CALL_RESTART too. */
static inline void call_finish(struct cpu *c, struct thread *t, int64_t result)
{
	if (likely(result > CALL_RESTART)) {
		call_set_result(&t->frame, result);
		if (call_number(&t->frame) != CALL_TimerTimeout)
			t->timeout_flags = 0;
	} else if (result == CALL_RESTART) {
		arch_frame_repeat(&t->frame);
		c->own |= ATTENTION_LOOK; /* interrupts are taken in between */
	}
}

/* message.c, for what copy.c has brought over */
int64_t message_deliver(struct channel *c, struct thread *s, struct thread *r); /* rcvid: `r` has all of it */
void message_hand(struct channel *c, struct thread *s, struct thread *r);       /* to a blocked receiver */
void message_answer(struct thread *t, struct thread *client, uint64_t bytes);   /* the client goes on */
/* Same, and `t` takes what waits first, or waits. client NULL: it has gone meanwhile, and needs no answer. */
int64_t message_answer_receive(struct channel *c, struct thread *t, struct thread *client, uint64_t bytes);

/*
 * MsgSend to a server that waits, and the answer of one that waits then, if nothing else is to be considered: who will
 * take the CPU over. NULL: the call goes its general way.
 */
struct thread *message_receiver(struct cpu *cpu, const struct thread *t);
struct thread *message_client(struct cpu *cpu, const struct thread *t);
/* It does, with a message that is all in registers. */
struct thread *message_send_over(struct cpu *cpu, struct thread *t, struct thread *r);
struct thread *message_answer_over(struct cpu *cpu, struct thread *t, struct thread *client);
/* Both, with a message of any length. NULL: nothing was done. */
struct thread *message_copy_over(struct cpu *cpu, struct thread *t, struct thread *to);
/* MsgSendPulse to one of more importance; sched_preempted() is the caller's. */
struct thread *pulse_send_direct(struct cpu *cpu, struct thread *t);

/*
 * May `to` take the CPU over from `from`, if it has the same standing then, or a higher rank, without any other check?
 * A thread that is to end is found by `attention`: who kills a running thread sets it, under the kernel lock.
 */
static inline bool message_may_pass(const struct cpu *c, const struct thread *from, const struct thread *to)
{
	return !(from->timeout_flags | to->timeout_flags | READ_ONCE(c->passing)) && to->cpu == c->id &&
	       (to->runmask & BIT(c->id)) && READ_ONCE(c->rank) > READ_ONCE(c->rq.top);
}

/* Rank and account of who runs here stay as they are. */
static inline struct thread *message_pass(struct cpu *c, struct thread *from, struct thread *to)
{
	sched_account(c, from);
	WRITE_ONCE(to->state, STATE_RUNNING);
	WRITE_ONCE(c->current, to);
	return to;
}

/* copy.c */
/* All but what is in registers, if there is more, at once: false if it is too much for that, or a fault was met. */
bool copy_now(struct thread *from, uint64_t src, struct thread *to, uint64_t dst, uint64_t bytes);
void copy_later(struct channel *c, struct thread *s, struct thread *r); /* `r` copies the message when it runs */
int64_t copy_receive(struct thread *s, struct thread *t); /* the message of a sender in no queue, by whom runs */
int64_t copy_reply(struct thread *t, struct thread *client, uint64_t bytes);
void copy_end(struct thread *t);
void copy_abandon(struct thread *t);      /* it ends, and with it what it was copying */
void copy_channel_gone(struct thread *t); /* the channel that it copies a message from goes: its call fails */
