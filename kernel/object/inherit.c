/* SPDX-License-Identifier: Apache-2.0 */
/* Priority inheritance: a thread runs at no less than the priority of any thread waiting for it, directly or not. */
#include "ipc.h"
#include "process.h"

#define CHAIN_MAX  8  /* threads that a priority is handed along */
#define RAISE_MAX  8  /* threads raised at a time, in all chains */
#define SERVER_MAX 3  /* servers of a channel that inherit from what waits there, ... */
#define LOOK_MAX   16 /* ... of so many that are asked */

/* The thread that `t` waits for, as far as it can be told. */
static struct thread *waits_for(const struct thread *t)
{
	struct channel *c = t->channel;

	if (READ_ONCE(t->state) == STATE_REPLY && c)
		return thread_of(c->process, t->server_tid);
	if (READ_ONCE(t->state) == STATE_SEND && c && !list_empty(&c->servers))
		return list_entry(c->servers.next, struct thread, server_link);
	return NULL;
}

bool inherit_chain_too_long(const struct channel *c)
{
	const struct thread *t = NULL;

	if (!list_empty(&c->servers))
		t = list_entry(c->servers.next, struct thread, server_link);
	for (unsigned depth = 0; t; depth++, t = waits_for(t))
		if (depth == CHAIN_MAX)
			return true;
	return false;
}

static bool only_needs_cpu(const struct thread *t)
{
	return BIT(READ_ONCE(t->state)) & (BIT(STATE_RUNNING) | BIT(STATE_READY) | BIT(STATE_MOVING));
}

/* How many were raised, of so many that may be. */
static unsigned raise_chain(struct thread *t, unsigned prio, unsigned max)
{
	unsigned count = 0;

	for (; t && count < max && t->prio < prio; count++) {
		if (t->serving && (t->serving->flags & CHF_FIXED_PRIORITY))
			break;
		sched_set_prio(t, prio);
		t = waits_for(t);
	}
	return count;
}

/*
 * One of them suffices to receive what waits. So a few are raised, not all of what may be a hundred: first those that
 * only need a CPU, then those that wait themselves, each in the order in which they came to serve the channel. Whoever
 * has that priority already counts.
 */
void inherit_servers(struct channel *c, unsigned prio)
{
	struct thread *waiting[SERVER_MAX];
	unsigned looked = 0, ready = 0, count = 0, raised = 0;

	if (c->flags & CHF_FIXED_PRIORITY)
		return;
	list_for_each (it, &c->servers) {
		struct thread *t = list_entry(it, struct thread, server_link);

		if (++looked > LOOK_MAX)
			break;
		if (!only_needs_cpu(t)) {
			if (count < SERVER_MAX)
				waiting[count++] = t;
			continue;
		}
		raised += raise_chain(t, prio, RAISE_MAX - raised);
		if (++ready == SERVER_MAX)
			return;
	}
	for (unsigned i = 0; i < count && ready + i < SERVER_MAX; i++)
		raised += raise_chain(waiting[i], prio, RAISE_MAX - raised);
}

void inherit_join(struct thread *t, struct channel *c)
{
	list_del(&t->server_link);
	list_insert_before(&c->servers, &t->server_link);
	t->serving = c;
}
