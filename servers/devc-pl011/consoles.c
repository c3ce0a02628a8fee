/* SPDX-License-Identifier: Apache-2.0 */
#include "consoles.h"
#include "line.h"
#include "waits.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_console(const struct consoles *c, const char *name)
{
	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		if (c->console[id].name[0] && strcmp(c->console[id].name, name) == 0)
			return (int)id;
	return -ENOENT;
}

/* The name in a message: printable, so that it may be shown. */
static int read_name(char name[PROTO_NAME], const struct con_msg *msg)
{
	if (msg->count == 0 || msg->count >= PROTO_NAME)
		return -EINVAL;
	for (unsigned i = 0; i < msg->count; i++)
		if (msg->data[i] <= ' ' || msg->data[i] > '~')
			return -EINVAL;
	memcpy(name, msg->data, msg->count);
	name[msg->count] = 0;
	return 0;
}

/* A console whose process is gone. Its output is kept until the entry, or its memory, is needed. */
static int find_left(const struct consoles *c)
{
	for (unsigned id = SHELL_ID + 1; id < CONSOLES_MAX; id++)
		if (c->console[id].name[0] && c->console[id].owner == CONSOLE_FREE && id != c->typing &&
		    id != c->showing)
			return (int)id;
	return -ENOSPC;
}

/* An entry for a new console. */
static int find_entry(const struct consoles *c)
{
	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		if (!c->console[id].name[0])
			return (int)id;
	return find_left(c);
}

static int create_console(struct consoles *c, const char *name)
{
	int id = find_entry(c);

	if (id < 0)
		return id;
	struct console_state *console = &c->console[id];
	uint8_t *rings = console->input ? console->input : malloc(CONSOLE_INPUT + CONSOLE_OUTPUT);

	if (!rings) {
		id = find_left(c);
		if (id < 0)
			return -ENOMEM;
		console = &c->console[id];
		rings = console->input;
	}
	*console = (struct console_state){.input = rings, .output = rings + CONSOLE_INPUT, .owner = CONSOLE_FREE};
	memcpy(console->name, name, strlen(name) + 1);
	return id;
}

static unsigned owned_by(const struct consoles *c, uint32_t slot)
{
	unsigned count = 0;

	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		count += c->console[id].name[0] && c->console[id].owner == slot;
	return count;
}

static int open_console(struct consoles *c, uint32_t slot, const struct con_msg *msg)
{
	char name[PROTO_NAME];
	int id = read_name(name, msg);

	if (id < 0)
		return id;
	id = find_console(c, name);
	if (id >= 0 && c->console[id].owner == slot)
		return id;
	if (!c->may(c->context, slot, name))
		return -EPERM;
	if (id >= 0 && c->console[id].owner != CONSOLE_FREE)
		return -EBUSY;
	if (owned_by(c, slot) == CONSOLE_SHARE)
		return -ENOSPC;
	if (id < 0)
		id = create_console(c, name);
	if (id >= 0)
		c->console[id].owner = slot;
	return id;
}

/* Only the process with the shell's console may lend the focus. */
static void lend_focus(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg)
{
	char name[PROTO_NAME];
	int id = read_name(name, msg);

	if (id >= 0)
		id = find_console(c, name);
	if (c->console[SHELL_ID].owner != slot)
		id = -EPERM;
	else if (c->typing != SHELL_ID)
		id = -EBUSY;
	if (id <= (int)SHELL_ID) {
		waits_answer(c, rcvid, id);
		return;
	}
	if (waits_add(c, rcvid, slot, CON_FOCUS, (unsigned)id, 0, NULL))
		line_focus(c, (unsigned)id);
}

static int state_of(const struct consoles *c, const struct con_msg *msg)
{
	char name[PROTO_NAME];
	int id = read_name(name, msg);

	if (id >= 0)
		id = find_console(c, name);
	return id < 0 ? id : c->console[id].owner != CONSOLE_FREE;
}

static bool is_valid(const struct con_msg *msg, size_t bytes)
{
	const size_t head = offsetof(struct con_msg, data);

	if (bytes < head || msg->type < CON_OPEN || msg->type > CON_STATE || msg->count > PROTO_DATA)
		return false;
	return msg->type == CON_READ || msg->count <= bytes - head;
}

static bool owns_console(const struct consoles *c, uint32_t slot, unsigned id)
{
	return id < CONSOLES_MAX && c->console[id].name[0] && c->console[id].owner == slot;
}

/* Reads or writes, at once unless it must wait, or others wait already. */
static void read_or_write(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg)
{
	bool done = false;

	if (!waits_first(c, msg->type, msg->id))
		done = msg->type == CON_READ ? line_read(c, rcvid, msg->id, msg->count)
					     : line_write(c, rcvid, msg->id, msg->data, msg->count);
	if (!done)
		waits_add(c, rcvid, slot, msg->type, msg->id, msg->count, msg->type == CON_WRITE ? msg->data : NULL);
}

void consoles_message(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg, size_t bytes)
{
	if (!is_valid(msg, bytes))
		waits_answer(c, rcvid, -EINVAL);
	else if (msg->type == CON_OPEN)
		waits_answer(c, rcvid, open_console(c, slot, msg));
	else if (msg->type == CON_FOCUS)
		lend_focus(c, rcvid, slot, msg);
	else if (msg->type == CON_STATE)
		waits_answer(c, rcvid, state_of(c, msg));
	else if (!owns_console(c, slot, msg->id))
		waits_answer(c, rcvid, -EBADF);
	else if (msg->count == 0)
		waits_answer(c, rcvid, 0);
	else
		read_or_write(c, rcvid, slot, msg);
}

/* After all that it has printed, so that the operator sees that nothing more comes. */
static void say_closed(struct console_state *console)
{
	char text[PROTO_NAME + 32];
	int bytes = snprintf(text, sizeof(text), "\r\n[%s: closed by the end of its VM]\r\n", console->name);

	line_append(console, text, (size_t)bytes);
}

void consoles_disconnect(struct consoles *c, uint32_t slot)
{
	for (unsigned id = 0; id < CONSOLES_MAX; id++) {
		if (c->console[id].owner != slot)
			continue;
		c->console[id].owner = CONSOLE_FREE;
		if (id != SHELL_ID)
			say_closed(&c->console[id]);
	}
	for (unsigned i = 0; i < CONSOLE_WAITS; i++)
		if (c->wait[i].rcvid && c->wait[i].slot == slot)
			consoles_unblock(c, c->wait[i].rcvid);
}

void consoles_unblock(struct consoles *c, int64_t rcvid)
{
	for (unsigned i = 0; i < CONSOLE_WAITS; i++) {
		struct console_wait *wait = &c->wait[i];

		if (rcvid <= 0 || wait->rcvid != rcvid)
			continue;
		wait->rcvid = 0;
		waits_answer(c, rcvid, -EINTR);
		if (wait->type == CON_FOCUS)
			line_unfocus(c);
		return;
	}
}

bool consoles_init(struct consoles *c, console_reply *reply, console_may *may, void *context)
{
	memset(c, 0, sizeof(*c));
	c->reply = reply;
	c->may = may;
	c->context = context;
	return create_console(c, CONSOLE_SHELL) == (int)SHELL_ID;
}
