/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels, connections, pulses: what messages travel through. channel.c: how they come and go, and who waits where;
 * message.c: send, receive, reply; copy.c: what does not fit into registers; pulse.c; inherit.c: priorities.
 */
#pragma once

#include "bulkhead.h"
#include "queue.h"
#include "types.h"

struct thread;
struct process;

enum pulse_kind {
	PULSE_PLAIN,  /* embedded in a timer, interrupt or thread: may be queued again once it was received */
	PULSE_TIMER,  /* in a timer: its next period starts when this one was received */
	PULSE_POOLED, /* from MsgSendPulse: freed when it was received */
	PULSE_MASK,   /* one for each bit set of *mask: value = bit number */
};

struct pulse {
	struct waiting w; /* first */
	uint8_t kind;
	int8_t code;
	uint64_t value;
	uint64_t info; /* MSGINFO_* */
	union {
		uint32_t mask;                 /* PULSE_MASK */
		struct connection *connection; /* PULSE_POOLED */
	};
	struct list of_connection; /* PULSE_POOLED */
};

#define CHANNEL_CLOSED BIT(31) /* of `flags`, beside CHF_*: it is being destroyed */

struct channel {
	struct process *process;
	uint32_t id, flags;
	union {
		struct waiting head; /* who sends, and pulses */
		struct list queue;   /* struct waiting */
	};
	struct list receivers;         /* threads in STATE_RECEIVE, by wait_link, highest priority first */
	struct list servers;           /* threads that received from it last, by server_link */
	struct list connections;       /* by of_channel */
	struct list repliers;          /* threads in STATE_REPLY, by wait_link */
	struct list copies;            /* threads that copy a message that was sent to it, by wait_link */
	struct pulse gone;             /* PULSE_MASK: slots of clients that are gone */
	uint16_t clients[PROCESS_MAX]; /* connections of each slot */
};

struct connection {
	struct process *process; /* the client */
	struct channel *channel; /* NULL: it is gone */
	uint32_t id;
	uint32_t event_chid; /* of the client, for MsgDeliverEvent; 0: none */
	uint32_t pulse_count;
	struct list of_channel;
	struct list pulses;
	struct pulse death; /* PULSE_CODE_COIDDEATH: to event_chid when the channel goes */
};

/* channel.c */
void channel_close(struct channel *c); /* then ... */
bool channel_end(struct channel *c);   /* ... again and again, until true: it is gone */
void connection_destroy(struct connection *c);
void ipc_add_waiter(struct list *waiters, struct thread *t); /* by wait_link, the highest priority first */
void ipc_requeue(struct thread *t);                          /* its priority changed while it waits */

/* message.c */
void ipc_thread_gone(struct thread *t);             /* it dies: out of every queue, its clients answered */
void ipc_unblock(struct thread *t, int64_t status); /* timeout: out of the queue it is in */

/* pulse.c */
void pulse_init(struct pulse *p, unsigned kind, int code, uint64_t value, unsigned prio);
void pulse_send(struct channel *c, struct pulse *p); /* wakes a receiver or queues; nothing if it is queued already */
void pulse_cancel(struct pulse *p);
/* Off the queue: to the receiver's registers. */
void pulse_deliver(struct channel *c, struct pulse *p, struct thread *r);

/* inherit.c */
bool inherit_chain_too_long(const struct channel *c);   /* of who waits for whom, from its servers on */
void inherit_servers(struct channel *c, unsigned prio); /* nobody receives: its servers inherit the priority */
void inherit_join(struct thread *t, struct channel *c); /* among the servers of `c`, and no other */

/* copy.c */
void ipc_copy_continue(struct thread *t); /* a long message copy that was interrupted */
