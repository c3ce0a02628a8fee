/* SPDX-License-Identifier: Apache-2.0 */
#include "usage.h"

void usage_begin(struct usage *u, uint64_t time_ns)
{
	u->before = u->now ? u->now : &u->looks[1];
	u->now = &u->looks[u->before == &u->looks[0]];
	u->now->time_ns = time_ns;
	u->now->count = u->at = u->lost = u->row_count = 0;
}

void usage_note(struct usage *u, uint64_t key, uint64_t ns, uint64_t time_ns, struct usage_row *row)
{
	const struct usage_look *before = u->before;
	struct usage_time old = {.time_ns = before->time_ns};

	row->ns = 0;
	if (u->now->count == USAGE_MAX) {
		u->lost++;
		return;
	}
	u->now->times[u->now->count++] = (struct usage_time){key, ns, time_ns};
	while (u->at < before->count && before->times[u->at].key < key)
		u->at++;
	if (u->at < before->count && before->times[u->at].key == key && before->times[u->at].ns <= ns)
		old = before->times[u->at];
	row->ns = ns - old.ns;
	row->interval_ns = time_ns - old.time_ns;
}

void usage_add(struct usage *u, const struct usage_row *row)
{
	unsigned at = u->row_count;

	if (row->ns == 0)
		return;
	if (at < USAGE_ROWS)
		u->row_count++;
	else if (u->rows[--at].ns >= row->ns)
		return;
	for (; at > 0 && u->rows[at - 1].ns < row->ns; at--)
		u->rows[at] = u->rows[at - 1];
	u->rows[at] = *row;
}

unsigned usage_share(uint64_t ns, uint64_t all_ns)
{
	return ns < all_ns ? (unsigned)(ns * 1000 / all_ns) : 1000;
}
