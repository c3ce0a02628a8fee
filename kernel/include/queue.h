/* SPDX-License-Identifier: Apache-2.0 */
/* Queues in order of priority; among equals, of time. */
#pragma once

#include "types.h"

/*
 * What waits: a thread that sends, a pulse, or a thread that is ready. The first of each priority is also in a list of
 * those, so that a place is found by priorities, however many wait.
 */
struct waiting {
	struct list link;
	struct list level; /* empty: it is not the first of its priority, or does not wait */
	uint8_t prio;      /* of the head of a queue, which is in both of its lists: 0 */
	bool is_pulse;
};

static inline void queue_init(struct waiting *head)
{
	list_init(&head->link);
	list_init(&head->level);
}

static inline bool queue_empty(const struct waiting *head)
{
	return list_empty(&head->link);
}

static inline struct waiting *queue_first(const struct waiting *head)
{
	return list_entry(head->link.next, struct waiting, link);
}

void queue_insert(struct waiting *head, struct waiting *w, bool first); /* `first` of its priority, or last */
void queue_remove(struct waiting *w);                                   /* if it waits */
