/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Synchronous messages and pulses. A message's first 32 bytes travel in x4-x7; the rest is copied once, from space to
 * space, by whichever of the two threads is running. A copy stops after each page if an interrupt waits, and goes on
 * when its thread is next chosen: nothing of it is on a kernel stack.
 */
#include "ipc.h"

#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "lock.h"
#include "object.h"
#include "process.h"

#define CHAIN_MAX 8 /* threads that a priority is handed along */

enum copy_kind { COPY_RECEIVE, COPY_REPLY, COPY_REPLY_RECEIVE, COPY_READ, COPY_WRITE };

static int64_t receive(struct thread *t, struct channel *c);

/* ---- queues ---- */

static void queue_insert(struct list *queue, struct waiting *w)
{
	struct list *at = queue->prev;

	while (at != queue && list_entry(at, struct waiting, link)->prio < w->prio)
		at = at->prev;
	list_insert_before(at->next, &w->link);
}

static void receivers_insert(struct channel *c, struct thread *t)
{
	struct list *at = c->receivers.prev;

	while (at != &c->receivers && list_entry(at, struct thread, wait_link)->prio < t->prio)
		at = at->prev;
	list_insert_before(at->next, &t->wait_link);
}

static struct thread *first_receiver(struct channel *c)
{
	return list_empty(&c->receivers) ? NULL : list_entry(c->receivers.next, struct thread, wait_link);
}

/* ---- priority inheritance ---- */

/* The thread that `t` waits for, as far as it can be told. */
static struct thread *waits_for(const struct thread *t)
{
	struct channel *c = t->channel;

	if (t->state == STATE_REPLY && c)
		return thread_of(c->process, t->server_tid);
	if (t->state == STATE_SEND && c && !list_empty(&c->servers))
		return list_entry(c->servers.next, struct thread, server_link);
	return NULL;
}

static bool chain_too_long(const struct thread *t)
{
	for (unsigned depth = 0; t; depth++, t = waits_for(t))
		if (depth == CHAIN_MAX)
			return true;
	return false;
}

static void boost_thread(struct thread *t, unsigned prio)
{
	for (unsigned depth = 0; t && depth < CHAIN_MAX && t->prio < prio; depth++) {
		if (t->serving && (t->serving->flags & CHF_FIXED_PRIORITY))
			return;
		sched_set_prio(t, prio);
		t = waits_for(t);
	}
}

/* Nobody receives: whoever serves the channel hurries for the sake of the one that waits. */
static void boost_servers(struct channel *c, unsigned prio)
{
	if (c->flags & CHF_FIXED_PRIORITY)
		return;
	list_for_each_safe (it, &c->servers)
		boost_thread(list_entry(it, struct thread, server_link), prio);
}

void ipc_requeue(struct thread *t)
{
	struct channel *c = t->channel;

	if (!c || t->copier)
		return;
	if (t->state == STATE_SEND) {
		list_del(&t->sending.link);
		t->sending.prio = t->prio;
		queue_insert(&c->queue, &t->sending);
	} else if (t->state == STATE_RECEIVE) {
		list_del(&t->wait_link);
		receivers_insert(c, t);
	}
}

/* ---- results ---- */

static uint64_t rcvid_of(const struct thread *client)
{
	return ((uint64_t)(client->seq & 0x1ffff) << 14) | (client->process->slot << 9) | client->tid;
}

/* The client behind a rcvid, if it is REPLY-blocked on a channel of `server`. */
static struct thread *client_of(const struct process *server, uint64_t rcvid)
{
	struct process *p = process_of((rcvid >> 9) & 31);
	struct thread *t = p ? thread_of(p, rcvid & 511) : NULL;

	if (!t || t->state != STATE_REPLY || rcvid_of(t) != rcvid || t->channel->process != server)
		return NULL;
	return t->copier ? NULL : t;
}

static uint64_t info_of(const struct process *p, uint64_t tid, uint64_t coid, uint64_t prio)
{
	return p->slot | tid << 8 | ((uint64_t)p->slot << 12 | coid) << 24 | prio << 48;
}

/* The first bytes of a message. What its length does not cover is nobody's business. */
static void set_words(struct thread *to, const struct thread *from, uint64_t bytes)
{
	for (unsigned i = 0; i < 4; i++)
		to->frame.x[4 + i] = i * 8 < bytes ? from->frame.x[4 + i] : 0;
}

static void serve(struct thread *t, struct channel *c, unsigned prio)
{
	unsigned before = t->prio;

	if (t->serving != c) {
		list_del(&t->server_link);
		list_add_tail(&c->servers, &t->server_link);
		t->serving = c;
	}
	t->prio = c->flags & CHF_FIXED_PRIORITY ? t->base_prio : (uint8_t)prio;
	if (t->state == STATE_RUNNING && t->prio < before)
		this_cpu()->attention |= ATTENTION_LOOK; /* another may be more important now */
}

/* ---- pulses ---- */

void pulse_init(struct pulse *p, unsigned kind, int code, uint64_t value, unsigned prio)
{
	memset(p, 0, sizeof(*p));
	list_init(&p->w.link);
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
	list_del(&p->w.link);
	if (p->kind == PULSE_POOLED)
		pulse_free(p);
	else
		p->mask = 0;
}

/* A pulse, other than a client, lends nobody more than its receiver's process may have. */
static unsigned pulse_lends(const struct channel *c, const struct pulse *p)
{
	unsigned max = c->process->params.max_priority;

	return p->w.prio < max ? p->w.prio : max;
}

/* The registers of the receiver. The pulse is off the queue. */
static void pulse_deliver(struct channel *c, struct pulse *p, struct thread *r)
{
	uint64_t *x = r->frame.x;

	x[1] = 0;
	x[2] = p->info;
	x[4] = (uint64_t)(int64_t)p->code;
	x[5] = p->value;
	serve(r, c, pulse_lends(c, p));
	if (p->kind == PULSE_POOLED) {
		pulse_free(p);
	} else if (p->kind == PULSE_TIMER) {
		timer_object_received(container_of(p, struct timer_object, pulse));
	} else if (p->kind == PULSE_MASK) {
		x[5] = (uint64_t)__builtin_ctz(p->mask);
		p->mask &= p->mask - 1;
		if (p->mask)
			queue_insert(&c->queue, &p->w);
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
	queue_insert(&c->queue, &p->w);
	boost_servers(c, pulse_lends(c, p));
}

/* ---- copying ---- */

enum copy_result { COPY_DONE, COPY_AGAIN, COPY_SRC_FAULT, COPY_DST_FAULT, COPY_GONE };

static bool copies_out(unsigned kind)
{
	return kind != COPY_RECEIVE && kind != COPY_READ;
}

static enum copy_result copy_run(struct thread *t)
{
	struct copy *c = &t->copy;
	uint64_t step = 0;

	while (c->left) {
		struct process *from, *to;
		uint64_t src_left, dst_left, n;
		void *src, *dst;

		if (!c->peer)
			return COPY_GONE;
		if (step >= PAGE_SIZE && (irq_pending() || lock_wanted(&kernel_lock)))
			return COPY_AGAIN;
		from = copies_out(c->kind) ? t->process : c->peer->process;
		to = copies_out(c->kind) ? c->peer->process : t->process;
		src = space_access(&from->space, c->src, SPACE_R, &src_left);
		if (!src)
			return COPY_SRC_FAULT;
		dst = space_access(&to->space, c->dst, SPACE_W, &dst_left);
		if (!dst)
			return COPY_DST_FAULT;
		n = src_left < dst_left ? src_left : dst_left;
		n = n < c->left ? n : c->left;
		memcpy(dst, src, n);
		c->src += n;
		c->dst += n;
		c->left -= n;
		c->done += n;
		step += n;
	}
	return COPY_DONE;
}

/* ---- send and receive ---- */

static void wait_for_reply(struct channel *c, struct thread *s, const struct thread *r)
{
	s->channel = c;
	s->server_tid = r->tid;
	thread_block(s, STATE_REPLY);
	list_add_tail(&c->repliers, &s->wait_link);
}

static int64_t received(struct channel *c, struct thread *s, struct thread *r)
{
	static uint32_t
	    last_seq; /* over all threads: a rcvid does not come back with a new thread of the same number */

	s->seq = ++last_seq;
	s->unblock.value = 0;
	serve(r, c, s->prio);
	r->frame.x[1] = s->send_bytes;
	r->frame.x[2] = info_of(s->process, s->tid, s->coid, s->prio);
	wait_for_reply(c, s, r);
	return (int64_t)rcvid_of(s);
}

static void queue_sender(struct channel *c, struct thread *s)
{
	s->channel = c;
	s->sending.prio = s->prio;
	s->sending.is_pulse = false;
	thread_block(s, STATE_SEND);
	queue_insert(&c->queue, &s->sending);
	boost_servers(c, s->prio);
}

static void queue_receiver(struct channel *c, struct thread *r)
{
	r->channel = c;
	thread_block(r, STATE_RECEIVE);
	receivers_insert(c, r);
}

/* What is beyond the words in registers; nothing to copy: left = 0. */
static void copy_begin(struct thread *t, struct thread *peer, unsigned kind, uint64_t src, uint64_t dst, uint64_t bytes)
{
	bool inline_words = kind != COPY_READ && kind != COPY_WRITE;
	uint64_t skip = !inline_words ? 0 : bytes < MSG_INLINE ? bytes : MSG_INLINE;

	t->copy = (struct copy){
	    .peer = peer, .kind = (uint8_t)kind, .src = src + skip, .dst = dst + skip, .left = bytes - skip};
	peer->copier = t;
}

static void copy_end(struct thread *t)
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

/* The message of a blocked sender, in no queue, for a blocked receiver. A long one the receiver copies when it runs, so
 * that no client can hold a server up in the middle of a copy. */
static void hand_to(struct channel *c, struct thread *s, struct thread *r)
{
	list_del(&r->wait_link);
	set_words(r, s, s->send_bytes);
	copy_begin(r, s, COPY_RECEIVE, s->send_addr, r->recv_addr,
		   s->send_bytes < r->recv_bytes ? s->send_bytes : r->recv_bytes);
	if (!r->copy.left) {
		copy_end(r);
		thread_wake(r, received(c, s, r));
		return;
	}
	if (!(c->flags & CHF_FIXED_PRIORITY) && r->prio < s->prio)
		r->prio = s->prio;
	timer_disarm(&r->timeout); /* armed again if it blocks again */
	r->resume_copy = true;
	c->copies++;
	sched_ready(r);
}

/* A sender whose message was not taken after all; another receiver may have come meanwhile. */
static void sender_back(struct channel *c, struct thread *s)
{
	struct thread *r = first_receiver(c);

	if (r) {
		hand_to(c, s, r);
		return;
	}
	s->sending.prio = s->prio;
	queue_insert(&c->queue, &s->sending);
}

static int64_t finish_reply(struct thread *t, struct thread *client, enum copy_result result)
{
	if (!client)
		return -KE_SRCH;
	if (result == COPY_SRC_FAULT)
		return -KE_FAULT; /* the server's mistake: it may answer again */
	list_del(&client->wait_link);
	pulse_cancel(&client->unblock);
	client->channel = NULL;
	if (result == COPY_DST_FAULT) {
		client->frame.x[1] = 0;
		thread_wake(client, -KE_FAULT);
		return 0;
	}
	thread_wake(client, (int64_t)t->frame.x[1]);
	return 0;
}

static int64_t finish(struct thread *t, enum copy_result result)
{
	struct thread *peer = t->copy.peer;
	unsigned kind = t->copy.kind;
	struct channel *c = copy_channel(t);
	int64_t status;

	copy_end(t);
	switch (kind) {
	case COPY_RECEIVE:
		if (result == COPY_DONE)
			return received(c, peer, t);
		if (result == COPY_DST_FAULT) {
			sender_back(c, peer);
			return -KE_FAULT;
		}
		if (result == COPY_SRC_FAULT)
			thread_wake(peer, -KE_FAULT);
		return c ? CALL_RESTART : -KE_BADF;
	case COPY_REPLY: return finish_reply(t, peer, result);
	case COPY_REPLY_RECEIVE:
		status = finish_reply(t, peer, result);
		if (status == -KE_FAULT)
			return status;
		c = channel_of(t->process, t->frame.x[9]);
		return c ? receive(t, c) : -KE_BADF;
	default:
		if (!t->copy.done && result != COPY_DONE)
			return result == COPY_GONE ? -KE_SRCH : -KE_FAULT;
		return (int64_t)t->copy.done;
	}
}

static int64_t run(struct thread *t)
{
	enum copy_result result = t->copy.left ? copy_run(t) : COPY_DONE;

	if (result == COPY_AGAIN) {
		t->resume_copy = true;
		if (copy_channel(t))
			t->channel->copies++;
		this_cpu()->attention |= ATTENTION_LOOK;
		return CALL_BLOCKED;
	}
	return finish(t, result);
}

void ipc_copy_continue(struct thread *t)
{
	int64_t status;

	t->resume_copy = false;
	if (copy_channel(t))
		t->channel->copies--;
	status = run(t);
	if (status == CALL_RESTART) {
		t->frame.pc -= 4;
	} else if (status != CALL_BLOCKED) {
		t->frame.x[0] = (uint64_t)status;
		t->timeout_flags = 0;
	}
}

/* Take what waits first, or wait. */
static int64_t receive(struct thread *t, struct channel *c)
{
	struct waiting *w;
	struct thread *s;
	uint64_t n;

	t->channel = c;
	if (list_empty(&c->queue)) {
		if (t->prio != t->base_prio)
			t->prio = t->base_prio;
		queue_receiver(c, t);
		return CALL_BLOCKED;
	}
	w = list_entry(c->queue.next, struct waiting, link);
	list_del(&w->link);
	if (w->is_pulse) {
		pulse_deliver(c, container_of(w, struct pulse, w), t);
		return 0;
	}
	s = container_of(w, struct thread, sending);
	set_words(t, s, s->send_bytes);
	n = s->send_bytes < t->recv_bytes ? s->send_bytes : t->recv_bytes;
	if (n <= MSG_INLINE)
		return received(c, s, t);
	copy_begin(t, s, COPY_RECEIVE, s->send_addr, t->recv_addr, n);
	return run(t);
}

int64_t call_MsgSend(struct thread *t, struct frame *f)
{
	struct connection *conn = handle_get(t->process, OBJECT_CONNECTION, f->x[0]);
	struct channel *c = conn ? conn->channel : NULL;
	struct thread *r;

	t->send_bytes = (uint32_t)f->x[1];
	t->reply_bytes = (uint32_t)(f->x[1] >> 32);
	t->send_addr = f->x[2];
	t->reply_addr = f->x[3];
	if (!c)
		return -KE_BADF;
	if (t->send_bytes > MSG_MAX || t->reply_bytes > MSG_MAX)
		return -KE_MSGSIZE;
	t->coid = conn->id;
	t->channel = c;
	r = first_receiver(c);
	if (!r) {
		if (!list_empty(&c->servers) && chain_too_long(list_entry(c->servers.next, struct thread, server_link)))
			return -KE_AGAIN;
		queue_sender(c, t);
		return CALL_BLOCKED;
	}
	thread_block(t, STATE_SEND);
	hand_to(c, t, r);
	return CALL_BLOCKED;
}

int64_t call_MsgReceive(struct thread *t, struct frame *f)
{
	struct channel *c = channel_of(t->process, f->x[0]);

	if (!c)
		return -KE_BADF;
	if (f->x[1] > MSG_MAX)
		return -KE_MSGSIZE;
	t->recv_bytes = (uint32_t)f->x[1];
	t->recv_addr = f->x[2];
	return receive(t, c);
}

static int64_t reply(struct thread *t, struct thread *client, unsigned kind, uint64_t bytes, uint64_t addr)
{
	if (bytes > client->reply_bytes)
		bytes = client->reply_bytes;
	client->frame.x[1] = bytes;
	set_words(client, t, bytes);
	copy_begin(t, client, kind, addr, client->reply_addr, bytes);
	return run(t);
}

int64_t call_MsgReply(struct thread *t, struct frame *f)
{
	struct thread *client = client_of(t->process, f->x[0]);

	if (!client)
		return -KE_SRCH;
	if (f->x[2] > MSG_MAX)
		return -KE_MSGSIZE;
	return reply(t, client, COPY_REPLY, f->x[2], f->x[3]);
}

int64_t call_MsgReplyReceive(struct thread *t, struct frame *f)
{
	struct channel *c = channel_of(t->process, f->x[9]);
	struct thread *client = client_of(t->process, f->x[0]);
	uint64_t bytes = (uint32_t)f->x[2], recv_bytes = f->x[2] >> 32;

	if (!c)
		return -KE_BADF;
	if (bytes > MSG_MAX || recv_bytes > MSG_MAX)
		return -KE_MSGSIZE;
	t->recv_bytes = (uint32_t)recv_bytes;
	t->recv_addr = f->x[10];
	/* A client that has gone in the meantime needs no answer. */
	if (!client)
		return receive(t, c);
	return reply(t, client, COPY_REPLY_RECEIVE, bytes, f->x[3]);
}

int64_t call_MsgError(struct thread *t, struct frame *f)
{
	struct thread *client = client_of(t->process, f->x[0]);

	if (!client)
		return -KE_SRCH;
	if (f->x[1] == 0 || f->x[1] > 4095)
		return -KE_INVAL;
	list_del(&client->wait_link);
	pulse_cancel(&client->unblock);
	client->channel = NULL;
	client->frame.x[1] = 0;
	thread_wake(client, -(int64_t)f->x[1]);
	return 0;
}

/* More data from or to a REPLY-blocked client, within the buffers that it named. */
static int64_t transfer(struct thread *t, struct frame *f, bool read)
{
	struct thread *client = client_of(t->process, f->x[0]);
	uint64_t bytes = f->x[2], offset = f->x[3], limit;

	if (!client)
		return -KE_SRCH;
	limit = read ? client->send_bytes : client->reply_bytes;
	if (offset > limit || bytes > MSG_MAX)
		return -KE_INVAL;
	if (bytes > limit - offset)
		bytes = limit - offset;
	if (read)
		copy_begin(t, client, COPY_READ, client->send_addr + offset, f->x[1], bytes);
	else
		copy_begin(t, client, COPY_WRITE, f->x[1], client->reply_addr + offset, bytes);
	return run(t);
}

int64_t call_MsgRead(struct thread *t, struct frame *f)
{
	return transfer(t, f, true);
}

int64_t call_MsgWrite(struct thread *t, struct frame *f)
{
	return transfer(t, f, false);
}

int64_t call_MsgInfo(struct thread *t, struct frame *f)
{
	struct thread *client = client_of(t->process, f->x[0]);

	if (!client)
		return -KE_SRCH;
	f->x[2] = info_of(client->process, client->tid, client->coid, client->prio);
	if (!list_empty(&client->unblock.w.link) || client->unblock.value)
		f->x[2] |= MSGINFO_UNBLOCK;
	f->x[3] = client->coid;
	return (int64_t)(client->send_bytes | (uint64_t)client->reply_bytes << 32);
}

/* ---- pulses of processes ---- */

static int64_t send_pooled(struct connection *conn, struct channel *to, const struct frame *f, unsigned prio,
			   uint64_t info)
{
	struct pulse *p;

	if (f->x[2] > 127 || (f->x[1] != UINT64_MAX && (f->x[1] == 0 || f->x[1] > PRIO_MAX)))
		return -KE_INVAL;
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
	struct connection *conn = handle_get(t->process, OBJECT_CONNECTION, f->x[0]);

	if (!conn || !conn->channel)
		return -KE_BADF;
	return send_pooled(conn, conn->channel, f, pulse_prio(t, f), info_of(t->process, t->tid, conn->id, t->prio));
}

int64_t call_MsgDeliverEvent(struct thread *t, struct frame *f)
{
	struct process *p = process_of((f->x[0] >> 12) & 31);
	struct connection *conn = p ? handle_get(p, OBJECT_CONNECTION, f->x[0] & 0xfff) : NULL;
	struct channel *to;

	if (!conn || !conn->channel || conn->channel->process != t->process)
		return -KE_SRCH;
	to = channel_of(p, conn->event_chid);
	if (!to)
		return -KE_BADF;
	return send_pooled(conn, to, f, pulse_prio(t, f), info_of(t->process, t->tid, 0, t->prio));
}

/* ---- channels and connections ---- */

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

/* Copies under way through a channel that goes: their threads find no channel and end with an error. */
static void copies_end(struct process *p, struct channel *c)
{
	for (unsigned slot = 0; slot < PROCESS_MAX; slot++) {
		struct process *q = &processes[slot];

		for (uint64_t tid = 1; q->state != PROCESS_FREE && q->threads_alive && tid <= HANDLE_MAX; tid++) {
			struct thread *t = thread_of(q, tid);

			if (t && t->resume_copy && copy_channel(t) == c) {
				struct thread *peer = t->copy.peer;

				copy_end(t);
				t->channel = NULL;
				if (peer)
					thread_wake(peer, peer->process == p ? -KE_BADF : -KE_SRCH);
			}
		}
	}
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
		copies_end(p, c);
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
	struct connection *conn = handle_get(t->process, OBJECT_CONNECTION, f->x[0]);

	if (!conn)
		return -KE_BADF;
	connection_destroy(conn);
	return 0;
}

/* ---- the end of waiting ---- */

void ipc_unblock(struct thread *t, int64_t status)
{
	struct channel *c = t->channel;

	if (t->state == STATE_REPLY && c && (c->flags & CHF_UNBLOCK) && status == -KE_TIMEDOUT) {
		/* The server holds something for it: ask, and go on waiting for its answer. */
		t->unblock.w.prio = t->prio;
		t->unblock.value = rcvid_of(t);
		t->unblock.info = info_of(t->process, t->tid, t->coid, t->prio);
		pulse_send(c, &t->unblock);
		return;
	}
	list_del(&t->sending.link);
	list_del(&t->wait_link);
	pulse_cancel(&t->unblock);
	t->unblock.value = 0;
	t->channel = NULL;
	t->frame.x[1] = 0;
	thread_wake(t, status);
}

/* The other half of a copy that this thread was doing. */
static void abandon_copy(struct thread *t)
{
	struct thread *peer = t->copy.peer;
	struct channel *c = copy_channel(t);

	copy_end(t);
	if (t->resume_copy && c)
		c->copies--;
	t->resume_copy = false;
	if (!peer)
		return;
	switch (t->copy.kind) {
	case COPY_RECEIVE:
		if (c)
			sender_back(c, peer);
		break;
	case COPY_REPLY:
	case COPY_REPLY_RECEIVE: ipc_unblock(peer, -KE_SRCH); break;
	default: break;
	}
}

void ipc_thread_gone(struct thread *t)
{
	if (t->copier) {
		t->copier->copy.peer = NULL;
		t->copier = NULL;
	}
	if (t->copy.peer)
		abandon_copy(t);
	list_del(&t->sending.link);
	if (t->state == STATE_RECEIVE || t->state == STATE_REPLY)
		list_del(&t->wait_link);
	list_del(&t->server_link);
	t->serving = NULL;
	t->channel = NULL;
	pulse_cancel(&t->unblock);
}
