/* SPDX-License-Identifier: Apache-2.0 */
#include "servers/devc-pl011/consoles.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHELL_ID 0u

static uint32_t unread(const struct console_state *console)
{
	return console->input_head - console->input_tail;
}

static size_t room(const struct console_state *console)
{
	return CONSOLE_OUTPUT - (size_t)(console->output_head - console->output_shown);
}

/* Whether a writer has to wait for the line: only where somebody is looking. */
static bool is_shown(const struct consoles *c, unsigned id)
{
	return id == c->typing && id == c->showing;
}

static bool answer(struct consoles *c, int64_t rcvid, int status)
{
	return c->reply(c->context, rcvid, status, NULL, 0);
}

/* The oldest waiting message of a type for a console, or NULL. */
static struct console_wait *first_wait(struct consoles *c, uint32_t type, unsigned id)
{
	struct console_wait *first = NULL;

	for (unsigned i = 0; i < CONSOLE_WAITS; i++) {
		struct console_wait *wait = &c->wait[i];

		if (wait->rcvid && wait->type == type && wait->id == id && (!first || wait->order < first->order))
			first = wait;
	}
	return first;
}

/* Keeps a message until it can be answered. False: too many wait for the console already, and the client is told so. */
static bool put_off(struct consoles *c, int64_t rcvid, uint32_t slot, uint32_t type, unsigned id, unsigned count,
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
		answer(c, rcvid, -EAGAIN);
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

/* Output */

static void append(struct console_state *console, const char *data, size_t bytes)
{
	size_t at = console->output_head % CONSOLE_OUTPUT;
	size_t first = bytes < CONSOLE_OUTPUT - at ? bytes : CONSOLE_OUTPUT - at;

	memcpy(console->output + at, data, first);
	memcpy(console->output, data + first, bytes - first);
	console->output_head += bytes;
	if (console->output_head - console->output_shown > CONSOLE_OUTPUT) {
		uint64_t oldest = console->output_head - CONSOLE_OUTPUT;

		console->dropped += oldest - console->output_shown;
		console->output_shown = oldest;
	}
}

/* Takes what there is room for and answers, or returns false: there is none. */
static bool write_now(struct consoles *c, int64_t rcvid, unsigned id, const char *data, size_t bytes)
{
	struct console_state *console = &c->console[id];

	if (is_shown(c, id) && bytes > room(console))
		bytes = room(console);
	if (bytes == 0)
		return false;
	append(console, data, bytes);
	answer(c, rcvid, (int)bytes);
	return true;
}

/* There is room again, or the focus has left the console: lets waiting writers go on, in their order. */
static void resume_writers(struct consoles *c, unsigned id)
{
	for (unsigned i = 0; i < CONSOLE_WAITS; i++) {
		struct console_wait *wait = first_wait(c, CON_WRITE, id);

		if (!wait || !write_now(c, wait->rcvid, id, wait->data, wait->count))
			return;
		wait->rcvid = 0;
	}
}

/* Between two lines of whatever is on the screen; behind a notice that is being sent. */
static void notify(struct consoles *c, const char *format, ...)
{
	size_t used = strlen(c->notice + c->notice_at);
	va_list args;

	memmove(c->notice, c->notice + c->notice_at, used + 1);
	c->notice_at = 0;
	va_start(args, format);
	vsnprintf(c->notice + used, sizeof(c->notice) - used, format, args);
	va_end(args);
}

/* The greeting comes from here, when what is typed goes to the console already. */
static void show(struct consoles *c, unsigned id)
{
	struct console_state *console = &c->console[id];

	c->showing = id;
	c->carriage_returned = false;
	if (id != SHELL_ID)
		notify(c, "console of %s%s; Ctrl-] leaves it\r\n", console->name,
		       console->owner == CONSOLE_FREE ? ", whose VM is not running" : "");
	if (console->dropped)
		notify(c, "\r\n[%s: %llu bytes of output dropped]\r\n", console->name,
		       (unsigned long long)console->dropped);
	console->dropped = 0;
}

/* Lets the line follow the focus once what was written before is out: there the shell says where the focus goes. */
static void follow_focus(struct consoles *c)
{
	if (c->showing != c->typing && c->console[c->showing].output_shown >= c->show_until)
		show(c, c->typing);
}

int consoles_output(struct consoles *c)
{
	follow_focus(c);
	if (c->notice[c->notice_at])
		return (uint8_t)c->notice[c->notice_at++];
	struct console_state *console = &c->console[c->showing];

	if (console->output_shown == console->output_head)
		return -1;
	uint8_t character = console->output[console->output_shown % CONSOLE_OUTPUT];

	if (character == '\n' && c->showing == SHELL_ID && !c->carriage_returned) {
		c->carriage_returned = true;
		return '\r';
	}
	c->carriage_returned = false;
	console->output_shown++;
	/* Not for each byte: a writer that is waiting gets room for a whole message. */
	if (room(console) == PROTO_DATA || console->output_shown == console->output_head)
		resume_writers(c, c->showing);
	return character;
}

/* Focus */

/* The client has caught up, or is not typed to any more. */
static void go_on(struct consoles *c)
{
	if (c->lost)
		notify(c, "\r\n[%s: %llu typed characters were lost]\r\n", c->console[c->typing].name,
		       (unsigned long long)c->lost);
	c->lost = 0;
	c->giving_up = false;
	c->behind = 0;
}

/* Nothing more fits into the ring of who gets what is typed. */
static void fall_behind(struct consoles *c)
{
	if (c->behind || unread(&c->console[c->typing]) < CONSOLE_INPUT)
		return;
	c->caught = 0;
	c->behind = ++c->falls;
}

static void focus(struct consoles *c, unsigned id)
{
	unsigned before = c->typing;

	if (id == before)
		return;
	go_on(c);
	c->show_until = c->console[c->showing].output_head;
	c->typing = id;
	fall_behind(c);
	/* Leaving a guest's console is at once, however much it is printing. */
	if (c->showing != SHELL_ID)
		show(c, id);
	resume_writers(c, before);
}

static void unfocus(struct consoles *c)
{
	c->leaving = false;
	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		for (struct console_wait *wait; (wait = first_wait(c, CON_FOCUS, id)) != NULL; wait->rcvid = 0)
			answer(c, wait->rcvid, 0);
	focus(c, SHELL_ID);
}

/* Input */

/* Answers a reader, or returns false: there is nothing to read. What a client that is gone does not take stays. */
static bool read_now(struct consoles *c, int64_t rcvid, unsigned id, unsigned count)
{
	struct console_state *console = &c->console[id];
	char data[PROTO_DATA];
	unsigned bytes = 0;

	if (!unread(console))
		return false;
	for (; bytes < count && bytes < unread(console); bytes++)
		data[bytes] = (char)console->input[(console->input_tail + bytes) % CONSOLE_INPUT];
	if (!c->reply(c->context, rcvid, (int)bytes, data, bytes))
		return true;
	console->input_tail += bytes;
	if (id != c->typing || !c->behind)
		return true;
	c->caught += bytes;
	if (c->caught >= CONSOLE_PACE)
		go_on(c);
	return true;
}

bool consoles_takes(const struct consoles *c)
{
	return c->giving_up || unread(&c->console[c->typing]) < CONSOLE_INPUT;
}

void consoles_give_up(struct consoles *c)
{
	if (!c->behind || c->giving_up)
		return;
	c->giving_up = true;
	notify(c, "\r\n[%s reads too slowly: what is typed is lost%s]\r\n\a", c->console[c->typing].name,
	       c->typing == SHELL_ID ? "" : "; Ctrl-] leaves");
}

void consoles_leave(struct consoles *c)
{
	if (c->leaving)
		unfocus(c);
}

/* Ctrl-] leaves when its time is over, or with the next key; twice it is the guest's, once. True: nothing is typed. */
static bool escape(struct consoles *c, uint8_t character)
{
	if (c->leaving && character == CONSOLE_LEAVE) {
		c->leaving = false;
		return false;
	}
	consoles_leave(c);
	c->leaving = character == CONSOLE_LEAVE && c->typing != SHELL_ID;
	return c->leaving;
}

void consoles_input(struct consoles *c, uint8_t character)
{
	struct console_state *console;

	if (escape(c, character))
		return;
	console = &c->console[c->typing];
	/* Like a UART's own FIFO, the ring keeps what came first. */
	if (c->giving_up || unread(console) == CONSOLE_INPUT) {
		c->lost++;
		return;
	}
	console->input[console->input_head++ % CONSOLE_INPUT] = character;
	fall_behind(c);
	for (unsigned i = 0; i < CONSOLE_DUTIES; i++) {
		struct console_wait *wait = first_wait(c, CON_READ, c->typing);

		if (!wait || !read_now(c, wait->rcvid, c->typing, wait->count))
			return;
		wait->rcvid = 0;
	}
}

/* Messages */

static int find(const struct consoles *c, const char *name)
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

/* A console whose process is gone. What that has printed is kept until an entry, or its memory, is needed. */
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

static int create(struct consoles *c, const char *name)
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

static int do_open(struct consoles *c, uint32_t slot, const struct con_msg *msg)
{
	char name[PROTO_NAME];
	int id = read_name(name, msg);

	if (id < 0)
		return id;
	id = find(c, name);
	if (id >= 0 && c->console[id].owner == slot)
		return id;
	if (!c->may(c->context, slot, name))
		return -EPERM;
	if (id >= 0 && c->console[id].owner != CONSOLE_FREE)
		return -EBUSY;
	if (owned_by(c, slot) == CONSOLE_SHARE)
		return -ENOSPC;
	if (id < 0)
		id = create(c, name);
	if (id >= 0)
		c->console[id].owner = slot;
	return id;
}

/* Only who has the shell's console may give the focus away. */
static void do_focus(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg)
{
	char name[PROTO_NAME];
	int id = read_name(name, msg);

	if (id >= 0)
		id = find(c, name);
	if (c->console[SHELL_ID].owner != slot)
		id = -EPERM;
	else if (c->typing != SHELL_ID)
		id = -EBUSY;
	if (id <= (int)SHELL_ID) {
		answer(c, rcvid, id);
		return;
	}
	if (put_off(c, rcvid, slot, CON_FOCUS, (unsigned)id, 0, NULL))
		focus(c, (unsigned)id);
}

static int state(const struct consoles *c, const struct con_msg *msg)
{
	char name[PROTO_NAME];
	int id = read_name(name, msg);

	if (id >= 0)
		id = find(c, name);
	return id < 0 ? id : c->console[id].owner != CONSOLE_FREE;
}

static bool is_valid(const struct con_msg *msg, size_t bytes)
{
	const size_t head = offsetof(struct con_msg, data);

	if (bytes < head || msg->type < CON_OPEN || msg->type > CON_STATE || msg->count > PROTO_DATA)
		return false;
	return msg->type == CON_READ || msg->count <= bytes - head;
}

static bool owns(const struct consoles *c, uint32_t slot, unsigned id)
{
	return id < CONSOLES_MAX && c->console[id].name[0] && c->console[id].owner == slot;
}

/* Reads or writes, at once unless it must wait, or others wait already. */
static void transfer(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg)
{
	bool done = false;

	if (!first_wait(c, msg->type, msg->id))
		done = msg->type == CON_READ ? read_now(c, rcvid, msg->id, msg->count)
					     : write_now(c, rcvid, msg->id, msg->data, msg->count);
	if (!done)
		put_off(c, rcvid, slot, msg->type, msg->id, msg->count, msg->type == CON_WRITE ? msg->data : NULL);
}

void consoles_message(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg, size_t bytes)
{
	if (!is_valid(msg, bytes))
		answer(c, rcvid, -EINVAL);
	else if (msg->type == CON_OPEN)
		answer(c, rcvid, do_open(c, slot, msg));
	else if (msg->type == CON_FOCUS)
		do_focus(c, rcvid, slot, msg);
	else if (msg->type == CON_STATE)
		answer(c, rcvid, state(c, msg));
	else if (!owns(c, slot, msg->id))
		answer(c, rcvid, -EBADF);
	else if (msg->count == 0)
		answer(c, rcvid, 0);
	else
		transfer(c, rcvid, slot, msg);
}

/* Clients that go away */

/* Behind all that it has printed, so whoever looks at it sees that nothing more comes. */
static void say_closed(struct console_state *console)
{
	char text[PROTO_NAME + 32];
	int bytes = snprintf(text, sizeof(text), "\r\n[%s: closed by the end of its VM]\r\n", console->name);

	append(console, text, (size_t)bytes);
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
		answer(c, rcvid, -EINTR);
		if (wait->type == CON_FOCUS)
			unfocus(c);
		return;
	}
}

bool consoles_init(struct consoles *c, console_reply *reply, console_may *may, void *context)
{
	memset(c, 0, sizeof(*c));
	c->reply = reply;
	c->may = may;
	c->context = context;
	return create(c, CONSOLE_SHELL) == (int)SHELL_ID;
}
