/* SPDX-License-Identifier: Apache-2.0 */
#include "waits.h"
#include <errno.h>
#include <string.h>

bool waits_answer(struct consoles *c, int64_t rcvid, int status)
{
	return c->reply(c->context, rcvid, status, NULL, 0);
}

struct console_wait *waits_first(struct consoles *c, uint32_t type, unsigned id)
{
	struct console_wait *first = NULL;

	for (unsigned i = 0; i < CONSOLE_WAITS; i++) {
		struct console_wait *wait = &c->wait[i];

		if (wait->rcvid && wait->type == type && wait->id == id && (!first || wait->order < first->order))
			first = wait;
	}
	return first;
}

bool waits_add(struct consoles *c, int64_t rcvid, uint32_t slot, uint32_t type, unsigned id, unsigned count,
	       const char *data)
{
	struct console_wait *unused = NULL;
	unsigned others = 0;

	for (unsigned i = 0; i < CONSOLE_WAITS; i++)
		if (!c->wait[i].rcvid)
			unused = &c->wait[i];
		else if (c->wait[i].id == id && c->wait[i].type != CON_FOCUS)
			others++;
	if (!unused || (type != CON_FOCUS && others == CONSOLE_DUTIES)) {
		waits_answer(c, rcvid, -EAGAIN);
		return false;
	}
	unused->rcvid = rcvid;
	unused->order = c->order++;
	unused->slot = slot;
	unused->type = type;
	unused->id = (uint16_t)id;
	unused->count = (uint16_t)count;
	if (data)
		memcpy(unused->data, data, count);
	return true;
}
