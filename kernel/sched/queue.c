/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues in order of priority: of a channel, and of a CPU. What waits can be thousands, of all processes: a place is
 * looked for by priorities, from the nearer end, over at most 127 of them.
 */
#include "queue.h"

static int level_prio(const struct list *level)
{
	return list_entry(level, struct waiting, level)->prio;
}

/* The first that waits with a lower priority; the head, whose priority is 0, if none does. */
static struct waiting *level_below(struct waiting *head, int prio)
{
	struct list *at = &head->level;

	if (level_prio(at->next) - prio < prio - level_prio(at->prev)) {
		do {
			at = at->next;
		} while (level_prio(at) >= prio);
	} else {
		while (at->prev != &head->level && level_prio(at->prev) < prio)
			at = at->prev;
	}
	return list_entry(at, struct waiting, level);
}

void queue_insert(struct waiting *head, struct waiting *w, bool first)
{
	struct waiting *below = level_below(head, w->prio);
	struct list *above = below->level.prev;

	if (above == &head->level || level_prio(above) != w->prio) {
		list_insert_before(&below->link, &w->link);
		list_insert_before(&below->level, &w->level);
	} else if (first) {
		list_insert_before(&list_entry(above, struct waiting, level)->link, &w->link);
		list_insert_before(above, &w->level);
		list_del(above);
	} else {
		list_insert_before(&below->link, &w->link);
	}
}

/* The one after it is the first of its priority now, if it is of the same. The head counts as another. */
void queue_remove(struct waiting *w)
{
	struct waiting *next = list_entry(w->link.next, struct waiting, link);

	if (!list_empty(&w->level)) {
		if (list_empty(&next->level))
			list_insert_before(&w->level, &next->level);
		list_del(&w->level);
	}
	list_del(&w->link);
}
