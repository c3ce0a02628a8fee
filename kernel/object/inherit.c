/* SPDX-License-Identifier: Apache-2.0 */
/* Priority inheritance: who is waited for hurries as much as the one that waits, and so do those it waits for. */
#include "ipc.h"
#include "process.h"

#define CHAIN_MAX 8 /* threads that a priority is handed along */

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

static void boost_thread(struct thread *t, unsigned prio)
{
	for (unsigned depth = 0; t && depth < CHAIN_MAX && t->prio < prio; depth++) {
		if (t->serving && (t->serving->flags & CHF_FIXED_PRIORITY))
			return;
		sched_set_prio(t, prio);
		t = waits_for(t);
	}
}

void inherit_servers(struct channel *c, unsigned prio)
{
	if (c->flags & CHF_FIXED_PRIORITY)
		return;
	list_for_each_safe (it, &c->servers)
		boost_thread(list_entry(it, struct thread, server_link), prio);
}

void inherit_join(struct thread *t, struct channel *c)
{
	list_del(&t->server_link);
	list_add_tail(&c->servers, &t->server_link);
	t->serving = c;
}
