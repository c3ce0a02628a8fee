/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/devc-pl011/consoles.c servers/devc-pl011/line.c servers/devc-pl011/waits.c tests/unit/console */
/* CFLAGS: -Dmalloc=bounded_malloc */
/* The console driver's protocol: focus, rings, clients that wait, and clients that misbehave. */
#include "console/clients.h"

size_t memory = SIZE_MAX;

void *bounded_malloc(size_t bytes)
{
	if (bytes > memory)
		return NULL;
	memory -= bytes;
	return calloc(bytes, 1);
}

struct consoles c;
int answers, last_status;
int64_t last_rcvid, next_rcvid;
char last_data[PROTO_DATA + 1];
size_t last_bytes;

int64_t gone_from = INT64_MAX;

static bool reply(void *context, int64_t rcvid, int status, const void *data, size_t bytes)
{
	(void)context;
	if (rcvid >= gone_from)
		return false;
	answers++;
	last_rcvid = rcvid;
	last_status = status;
	last_bytes = bytes;
	if (bytes)
		memcpy(last_data, data, bytes);
	last_data[bytes] = 0;
	return true;
}

unsigned stranger;

static bool may(void *context, uint32_t slot, const char *name)
{
	(void)context, (void)name;
	return slot != stranger;
}

int send_bytes(uint32_t type, unsigned slot, unsigned id, unsigned count, const void *data, size_t bytes)
{
	struct con_msg msg = {.type = type, .id = (uint16_t)id, .count = (uint16_t)count};
	int before = answers;

	if (bytes)
		memcpy(msg.data, data, bytes);
	consoles_message(&c, ++next_rcvid, slot, &msg, offsetof(struct con_msg, data) + bytes);
	if (answers == before)
		return WAITS;
	return last_rcvid == next_rcvid ? last_status : WAITS;
}

int send_text(uint32_t type, unsigned slot, unsigned id, const char *text)
{
	return send_bytes(type, slot, id, (unsigned)strlen(text), text, strlen(text));
}

int shell_id, guest_id;

int setup(void **state)
{
	(void)state;
	memory = SIZE_MAX;
	answers = 0;
	next_rcvid = 0;
	assert_true(consoles_init(&c, reply, may, NULL));
	shell_id = send_text(CON_OPEN, SHELL_SLOT, 0, "shell");
	guest_id = send_text(CON_OPEN, GUEST_SLOT, 0, "linux");
	assert_int_equal(shell_id, 0);
	assert_int_equal(guest_id, 1);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONSOLES_MAX; i++)
		free(c.console[i].input);
	return 0;
}

size_t drain_line(char *out, size_t limit)
{
	size_t n = 0;

	for (int ch; n < limit && (ch = line_output(&c)) >= 0; n++)
		out[n] = (char)ch;
	return n;
}

void expect_line(const char *text)
{
	char out[4096];
	size_t n = drain_line(out, sizeof(out) - 1);

	out[n] = 0;
	assert_string_equal(out, text);
}

void type(const char *text)
{
	for (; *text; text++)
		line_input(&c, (uint8_t)*text);
}

void leave_console(void)
{
	type("\x1d");
	assert_true(c.leaving);
	line_leave(&c);
	assert_false(c.leaving);
}

int main(void)
{
	return input_tests() + focus_tests() + share_tests();
}
