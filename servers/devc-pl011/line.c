/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"
#include "waits.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint32_t unread_bytes(const struct console_state *console)
{
	return console->input_head - console->input_tail;
}

static size_t room_bytes(const struct console_state *console)
{
	return CONSOLE_OUTPUT - (size_t)(console->output_head - console->output_shown);
}

/* Does a writer have to wait for the line? Only on the console that is shown. */
static bool is_shown(const struct consoles *c, unsigned id)
{
	return id == c->typing && id == c->showing;
}

/* Output */

void line_append(struct console_state *console, const char *data, size_t bytes)
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

bool line_write(struct consoles *c, int64_t rcvid, unsigned id, const char *data, size_t bytes)
{
	struct console_state *console = &c->console[id];

	if (is_shown(c, id) && bytes > room_bytes(console))
		bytes = room_bytes(console);
	if (bytes == 0)
		return false;
	line_append(console, data, bytes);
	waits_answer(c, rcvid, (int)bytes);
	return true;
}

/* There is room again, or the focus has left the console: lets waiting writers go on, in their order. */
static void resume_writers(struct consoles *c, unsigned id)
{
	for (unsigned i = 0; i < CONSOLE_WAITS; i++) {
		struct console_wait *wait = waits_first(c, CON_WRITE, id);

		if (!wait || !line_write(c, wait->rcvid, id, wait->data, wait->count))
			return;
		wait->rcvid = 0;
	}
}

/* Between two lines of whatever is on the screen, and after a notice that is being sent. */
static void add_notice(struct consoles *c, const char *format, ...)
{
	size_t used = strlen(c->notice + c->notice_at);
	va_list args;

	memmove(c->notice, c->notice + c->notice_at, used + 1);
	c->notice_at = 0;
	va_start(args, format);
	vsnprintf(c->notice + used, sizeof(c->notice) - used, format, args);
	va_end(args);
}

/* The greeting is printed here, when what is typed already goes to the console. */
static void show_console(struct consoles *c, unsigned id)
{
	struct console_state *console = &c->console[id];

	c->showing = id;
	c->carriage_returned = false;
	if (id != SHELL_ID)
		add_notice(c, "console of %s%s; Ctrl-] leaves it\r\n", console->name,
			   console->owner == CONSOLE_FREE ? ", whose VM is not running" : "");
	if (console->dropped)
		add_notice(c, "\r\n[%s: %llu bytes of output dropped]\r\n", console->name,
			   (unsigned long long)console->dropped);
	console->dropped = 0;
}

/* Lets the line follow the focus once what was written before is out: there the shell says where the focus goes. */
static void follow_focus(struct consoles *c)
{
	if (c->showing != c->typing && c->console[c->showing].output_shown >= c->show_until)
		show_console(c, c->typing);
}

int line_output(struct consoles *c)
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
	if (room_bytes(console) == PROTO_DATA || console->output_shown == console->output_head)
		resume_writers(c, c->showing);
	return character;
}

/* Focus */

/* The client has caught up, or has lost the focus. */
static void end_delay(struct consoles *c)
{
	if (c->lost)
		add_notice(c, "\r\n[%s: %llu typed characters were lost]\r\n", c->console[c->typing].name,
			   (unsigned long long)c->lost);
	c->lost = 0;
	c->giving_up = false;
	c->late = 0;
}

/* Is the ring of the client that gets what is typed full? Then it is late. */
static void note_delay(struct consoles *c)
{
	if (c->late || unread_bytes(&c->console[c->typing]) < CONSOLE_INPUT)
		return;
	c->caught = 0;
	c->late = ++c->delays;
}

void line_focus(struct consoles *c, unsigned id)
{
	unsigned before = c->typing;

	if (id == before)
		return;
	end_delay(c);
	c->show_until = c->console[c->showing].output_head;
	c->typing = id;
	note_delay(c);
	/* Leaving a guest's console is at once, however much it is printing. */
	if (c->showing != SHELL_ID)
		show_console(c, id);
	resume_writers(c, before);
}

void line_unfocus(struct consoles *c)
{
	c->leaving = false;
	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		for (struct console_wait *wait; (wait = waits_first(c, CON_FOCUS, id)) != NULL; wait->rcvid = 0)
			waits_answer(c, wait->rcvid, 0);
	line_focus(c, SHELL_ID);
}

/* Input */

bool line_read(struct consoles *c, int64_t rcvid, unsigned id, unsigned count)
{
	struct console_state *console = &c->console[id];
	char data[PROTO_DATA];
	unsigned bytes = 0;

	if (!unread_bytes(console))
		return false;
	for (; bytes < count && bytes < unread_bytes(console); bytes++)
		data[bytes] = (char)console->input[(console->input_tail + bytes) % CONSOLE_INPUT];
	if (!c->reply(c->context, rcvid, (int)bytes, data, bytes))
		return true;
	console->input_tail += bytes;
	if (id != c->typing || !c->late)
		return true;
	c->caught += bytes;
	if (c->caught >= CONSOLE_PACE)
		end_delay(c);
	return true;
}

bool line_takes(const struct consoles *c)
{
	return c->giving_up || unread_bytes(&c->console[c->typing]) < CONSOLE_INPUT;
}

void line_give_up(struct consoles *c)
{
	if (!c->late || c->giving_up)
		return;
	c->giving_up = true;
	add_notice(c, "\r\n[%s reads too slowly: what is typed is lost%s]\r\n\a", c->console[c->typing].name,
		   c->typing == SHELL_ID ? "" : "; Ctrl-] leaves");
}

void line_leave(struct consoles *c)
{
	if (c->leaving)
		line_unfocus(c);
}

/* Ctrl-] leaves when its time is over, or with the next key; typed twice, it goes to the guest once. True: no key. */
static bool take_leave_key(struct consoles *c, uint8_t character)
{
	if (c->leaving && character == CONSOLE_LEAVE) {
		c->leaving = false;
		return false;
	}
	line_leave(c);
	c->leaving = character == CONSOLE_LEAVE && c->typing != SHELL_ID;
	return c->leaving;
}

void line_input(struct consoles *c, uint8_t character)
{
	struct console_state *console;

	if (take_leave_key(c, character))
		return;
	console = &c->console[c->typing];
	/* Like a UART's own FIFO, the ring keeps what came first. */
	if (c->giving_up || unread_bytes(console) == CONSOLE_INPUT) {
		c->lost++;
		return;
	}
	console->input[console->input_head++ % CONSOLE_INPUT] = character;
	note_delay(c);
	for (unsigned i = 0; i < CONSOLE_DUTIES; i++) {
		struct console_wait *wait = waits_first(c, CON_READ, c->typing);

		if (!wait || !line_read(c, wait->rcvid, c->typing, wait->count))
			return;
		wait->rcvid = 0;
	}
}
