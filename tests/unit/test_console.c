/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/devc-pl011/consoles.c servers/devc-pl011/line.c servers/devc-pl011/waits.c */
/* CFLAGS: -Dmalloc=bounded_malloc */
/* The console driver's protocol: focus, rings, clients that wait, and clients that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "servers/devc-pl011/consoles.h"
#include "servers/devc-pl011/line.h"
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The memory that is left. */
static size_t memory = SIZE_MAX;

void *bounded_malloc(size_t bytes)
{
	if (bytes > memory)
		return NULL;
	memory -= bytes;
	return calloc(bytes, 1);
}

#define SHELL_SLOT 3
#define GUEST_SLOT 5

static struct consoles c;
static int answers, last_status;
static int64_t last_rcvid, next_rcvid;
static char last_data[PROTO_DATA + 1];
static size_t last_bytes;

/* Clients from here on are gone: answering them fails. */
static int64_t gone_from = INT64_MAX;

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

static unsigned stranger; /* this slot may open nothing more */

static bool may(void *context, uint32_t slot, const char *name)
{
	(void)context, (void)name;
	return slot != stranger;
}

#define WAITS (-9999)

/* Sends a message; returns the status of its answer, or WAITS. */
static int send_bytes(uint32_t type, unsigned slot, unsigned id, unsigned count, const void *data, size_t bytes)
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

static int send_text(uint32_t type, unsigned slot, unsigned id, const char *text)
{
	return send_bytes(type, slot, id, (unsigned)strlen(text), text, strlen(text));
}

static int shell_id, guest_id;

static int setup(void **state)
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

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONSOLES_MAX; i++)
		free(c.console[i].input);
	return 0;
}

/* What the line gets, up to `limit` characters. */
static size_t drain(char *out, size_t limit)
{
	size_t n = 0;

	for (int ch; n < limit && (ch = line_output(&c)) >= 0; n++)
		out[n] = (char)ch;
	return n;
}

static void expect_line(const char *text)
{
	char out[4096];
	size_t n = drain(out, sizeof(out) - 1);

	out[n] = 0;
	assert_string_equal(out, text);
}

#define GREETING "console of linux; Ctrl-] leaves it\r\n"

static void type(const char *text)
{
	for (; *text; text++)
		line_input(&c, (uint8_t)*text);
}

/* The time for a second Ctrl-] is over. */
static void leave(void)
{
	type("\x1d");
	assert_true(c.leaving);
	line_leave(&c);
	assert_false(c.leaving);
}

/* A console that is another's by its name stays closed, also while that one is not there; what is open stays so. */
static void test_names_of_others(void **state)
{
	(void)state;
	consoles_disconnect(&c, SHELL_SLOT);
	stranger = GUEST_SLOT;
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "shell"), -EPERM);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "other"), -EPERM);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), guest_id);
	stranger = 0;
	assert_int_equal(send_text(CON_OPEN, SHELL_SLOT, 0, "shell"), shell_id);
}

static void test_shell_gets_carriage_returns(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_WRITE, SHELL_SLOT, 0, "a\n\nb"), 4);
	expect_line("a\r\n\r\nb");
}

static void test_read_waits_for_input(void **state)
{
	(void)state;
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 100, NULL, 0), WAITS);
	int64_t reader = next_rcvid;

	type("x");
	assert_int_equal(last_rcvid, reader);
	assert_int_equal(last_status, 1);
	assert_string_equal(last_data, "x");
	type("abc");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 2, NULL, 0), 2);
	assert_string_equal(last_data, "ab");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 2, NULL, 0), 1);
	assert_string_equal(last_data, "c");
}

static void test_readers_are_served_in_order(void **state)
{
	(void)state;
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 1, NULL, 0), WAITS);
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 1, NULL, 0), WAITS);
	int64_t second = next_rcvid;

	type("1");
	assert_int_equal(last_rcvid, second - 1);
	type("2");
	assert_int_equal(last_rcvid, second);
	assert_string_equal(last_data, "2");
}

static void test_input_ring_keeps_the_first(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONSOLE_INPUT + 100; i++)
		line_input(&c, i < CONSOLE_INPUT ? 'a' : 'b');
	unsigned got = 0;

	for (int n; (n = send_bytes(CON_READ, SHELL_SLOT, 0, PROTO_DATA, NULL, 0)) != WAITS; got += (unsigned)n)
		assert_null(memchr(last_data, 'b', last_bytes));
	assert_int_equal(got, CONSOLE_INPUT);
}

/* Reads what there is for a guest. */
static unsigned read_all(unsigned slot, unsigned id)
{
	unsigned got = 0;

	for (int n; (n = send_bytes(CON_READ, slot, id, PROTO_DATA, NULL, 0)) != WAITS; got += (unsigned)n)
		assert_in_range(n, 1, PROTO_DATA);
	return got;
}

/* Types as the driver does: only while it is taken. Returns how many were. */
static unsigned paste(unsigned characters)
{
	unsigned typed = 0;

	while (typed < characters && line_takes(&c)) {
		line_input(&c, (uint8_t)('a' + typed % 26));
		typed++;
	}
	return typed;
}

/* What has no room is left to the line, as often as one likes, and not lost; other consoles do not feel it. */
static void test_paste_is_held(void **state)
{
	unsigned pasted = 0, got = 0;
	uint8_t expected = 'a';

	(void)state;
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	expect_line(GREETING);
	while (got < 65536) {
		pasted = paste(CONSOLE_INPUT + 1);
		assert_true(pasted <= CONSOLE_INPUT);
		assert_false(line_takes(&c));
		for (unsigned here = 0; here < pasted;) {
			int n = send_bytes(CON_READ, GUEST_SLOT, 1, 100, NULL, 0);

			for (int i = 0; i < n; i++, here++) {
				expected = (uint8_t)('a' + here % 26);
				assert_int_equal(last_data[i], expected);
			}
			assert_true(n > 0);
			assert_true(line_takes(&c));
		}
		got += pasted;
	}
	expect_line("");
}

/* A guest that reads nothing: the operator is told, what is too much is counted, and Ctrl-] is found after it. */
static void test_paste_into_the_deaf(void **state)
{
	(void)state;
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	int64_t focus = next_rcvid;

	expect_line(GREETING);
	line_give_up(&c); /* nothing to give up */
	expect_line("");
	assert_int_equal(paste(CONSOLE_INPUT + 1), CONSOLE_INPUT);
	line_give_up(&c);
	line_give_up(&c);
	expect_line("\r\n[linux reads too slowly: what is typed is lost; Ctrl-] leaves]\r\n\a");
	assert_int_equal(paste(70000), 70000);
	assert_int_equal(last_rcvid, next_rcvid - 1);
	leave();
	assert_int_equal(last_rcvid, focus);
	assert_int_equal(last_status, 0);
	expect_line("\r\n[linux: 70000 typed characters were lost]\r\n");
	assert_true(line_takes(&c));
	type("p");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), 1);
	assert_string_equal(last_data, "p");
	/* What had room is there, and the next time it is held as before. */
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	assert_false(line_takes(&c));
	expect_line(GREETING);
	line_give_up(&c);
	expect_line("\r\n[linux reads too slowly: what is typed is lost; Ctrl-] leaves]\r\n\a");
	assert_int_equal(paste(1), 1);
	assert_int_equal(read_all(GUEST_SLOT, 1), CONSOLE_INPUT);
	expect_line("\r\n[linux: 1 typed characters were lost]\r\n");
}

/* It reads on: when it has read enough nothing is lost any more, and not before, lest a slow one begin again and again.
 */
static void test_paste_goes_on(void **state)
{
	(void)state;
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	expect_line(GREETING);
	assert_int_equal(c.late, 0);
	paste(CONSOLE_INPUT);
	assert_int_equal(c.late, 1);
	line_give_up(&c);
	expect_line("\r\n[linux reads too slowly: what is typed is lost; Ctrl-] leaves]\r\n\a");
	assert_int_equal(paste(3), 3);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, CONSOLE_PACE - 1, NULL, 0), CONSOLE_PACE - 1);
	expect_line("");
	assert_int_equal(paste(4), 4);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 1, NULL, 0), 1);
	expect_line("\r\n[linux: 7 typed characters were lost]\r\n");
	assert_int_equal(c.late, 0);
	assert_int_equal(paste(10000), CONSOLE_PACE);
	assert_int_equal(c.late, 2);
	/* It is late until it has caught up, also while there is room. */
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 100, NULL, 0), 100);
	assert_int_equal(c.late, 2);
	assert_int_equal(paste(10000), 100);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, CONSOLE_PACE - 100, NULL, 0), CONSOLE_PACE - 100);
	assert_int_equal(c.late, 0);
	line_give_up(&c);
	assert_int_equal(paste(10000), CONSOLE_PACE - 100);
	assert_int_equal(c.late, 3);
	assert_int_equal(read_all(GUEST_SLOT, 1), CONSOLE_INPUT);
	assert_int_equal(paste(100), 100);
	expect_line("");
}

/* The shell, too; it has no console to leave. */
static void test_paste_into_a_busy_shell(void **state)
{
	(void)state;
	assert_int_equal(paste(CONSOLE_INPUT + 1), CONSOLE_INPUT);
	line_give_up(&c);
	expect_line("\r\n[shell reads too slowly: what is typed is lost]\r\n\a");
	assert_int_equal(paste(1), 1);
	assert_int_equal(read_all(SHELL_SLOT, 0), CONSOLE_INPUT);
	expect_line("\r\n[shell: 1 typed characters were lost]\r\n");
}

static void test_focus_and_leave(void **state)
{
	(void)state;
	send_text(CON_WRITE, GUEST_SLOT, 1, "boot\n");
	expect_line("");
	send_text(CON_WRITE, SHELL_SLOT, 0, "to linux\n");
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	int64_t focus = next_rcvid;

	/* The shell's words come first; the guest's \n stays what it is. */
	expect_line("to linux\r\n" GREETING "boot\n");
	type("ls");
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 10, NULL, 0), 2);
	assert_string_equal(last_data, "ls");
	leave();
	assert_int_equal(last_rcvid, focus);
	assert_int_equal(last_status, 0);
	type("p");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), 1);
	assert_string_equal(last_data, "p");
	send_text(CON_WRITE, GUEST_SLOT, 1, "more");
	expect_line("");
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	expect_line(GREETING "more");
}

static void test_leave_key_is_input_for_the_shell(void **state)
{
	(void)state;
	type("\x1d");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), 1);
	assert_int_equal(last_data[0], 0x1d);
}

static void test_leaving_does_not_wait_for_a_flood(void **state)
{
	(void)state;
	char block[PROTO_DATA];

	memset(block, 'g', sizeof(block));
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	expect_line(GREETING);
	while (send_bytes(CON_WRITE, GUEST_SLOT, 1, sizeof(block), block, sizeof(block)) != WAITS)
		;
	int64_t writer = next_rcvid;

	leave();
	/* The writer goes on, unseen. */
	assert_int_equal(last_rcvid, writer);
	assert_int_equal(last_status, PROTO_DATA);
	send_text(CON_WRITE, SHELL_SLOT, 0, "$ ");
	expect_line("$ ");
}

static void test_focused_writer_loses_nothing(void **state)
{
	(void)state;
	char block[PROTO_DATA];
	uint32_t written = 0, seen = 0;

	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	expect_line(GREETING);
	for (unsigned round = 0; round < 1000; round++) {
		for (unsigned i = 0; i < sizeof(block); i++)
			block[i] = (char)((written + i) % 251);
		int status = send_bytes(CON_WRITE, GUEST_SLOT, 1, sizeof(block), block, sizeof(block));

		if (status == WAITS) {
			int before = answers;

			while (answers == before) {
				int ch = line_output(&c);

				assert_int_equal(ch, seen % 251);
				seen++;
			}
			status = last_status;
			assert_int_equal(last_rcvid, next_rcvid);
		}
		assert_in_range(status, 1, PROTO_DATA);
		written += (uint32_t)status;
	}
	for (int ch; (ch = line_output(&c)) >= 0; seen++)
		assert_int_equal(ch, seen % 251);
	assert_int_equal(seen, written);
	assert_true(written > 4 * CONSOLE_OUTPUT);
}

static void test_unfocused_output_keeps_the_newest(void **state)
{
	(void)state;
	char block[PROTO_DATA], *out = malloc(CONSOLE_OUTPUT + 200);

	for (unsigned i = 0; i < CONSOLE_OUTPUT / PROTO_DATA + 1; i++) {
		memset(block, i == 0 ? 'o' : 'n', sizeof(block));
		assert_int_equal(send_bytes(CON_WRITE, GUEST_SLOT, 1, sizeof(block), block, sizeof(block)), PROTO_DATA);
	}
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	size_t n = drain(out, CONSOLE_OUTPUT + 200);
	const char notice[] = GREETING "\r\n[linux: 512 bytes of output dropped]\r\n";

	assert_int_equal(n, strlen(notice) + CONSOLE_OUTPUT);
	assert_memory_equal(out, notice, strlen(notice));
	assert_null(memchr(out + strlen(notice), 'o', CONSOLE_OUTPUT));
	free(out);
}

static void test_bad_messages(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "nobody"), -ENOENT);
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "shell"), 0);
	assert_int_equal(send_text(CON_FOCUS, GUEST_SLOT, 1, "shell"), -EPERM);
	assert_int_equal(send_text(CON_FOCUS, GUEST_SLOT, 1, "linux"), -EPERM);
	expect_line(""); /* nobody is greeted */
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, ""), -EINVAL);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "a\x1b[2J"), -EINVAL);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "0123456789012345678901234567890x"), -EINVAL);
	assert_int_equal(send_text(12345, GUEST_SLOT, 1, "x"), -EINVAL);
	assert_int_equal(send_bytes(CON_WRITE, GUEST_SLOT, 1, 10, "x", 1), -EINVAL);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, PROTO_DATA + 1, NULL, 0), -EINVAL);
	assert_int_equal(send_text(CON_WRITE, GUEST_SLOT, 0, "not mine"), -EBADF);
	assert_int_equal(send_text(CON_WRITE, GUEST_SLOT, 65535, "none"), -EBADF);
	struct con_msg msg = {.type = CON_OPEN};

	for (size_t bytes = 0; bytes < offsetof(struct con_msg, data); bytes++) {
		consoles_message(&c, ++next_rcvid, GUEST_SLOT, &msg, bytes);
		assert_int_equal(last_rcvid, next_rcvid);
		assert_int_equal(last_status, -EINVAL);
	}
}

static void test_a_console_has_one_owner(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_OPEN, 6, 0, "linux"), -EBUSY);
	assert_int_equal(send_text(CON_OPEN, 6, 0, "shell"), -EBUSY);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), guest_id);
	consoles_disconnect(&c, GUEST_SLOT);
	assert_int_equal(send_text(CON_OPEN, 6, 0, "linux"), guest_id);
	assert_int_equal(send_text(CON_WRITE, GUEST_SLOT, (unsigned)guest_id, "x"), -EBADF);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), -EBUSY);
}

/* Whoever looks at it is told, after what it has printed; the next process goes on after that. */
static void test_what_is_closed_says_so(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_STATE, SHELL_SLOT, 0, "linux"), 1);
	assert_int_equal(send_text(CON_STATE, SHELL_SLOT, 0, "linuy"), -ENOENT);
	assert_int_equal(send_text(CON_STATE, SHELL_SLOT, 0, ""), -EINVAL);
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	send_text(CON_WRITE, GUEST_SLOT, (unsigned)guest_id, "last words");
	expect_line(GREETING "last words");
	consoles_disconnect(&c, GUEST_SLOT);
	expect_line("\r\n[linux: closed by the end of its VM]\r\n");
	assert_int_equal(send_text(CON_STATE, SHELL_SLOT, 0, "linux"), 0);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "linux"), guest_id);
	assert_int_equal(send_text(CON_STATE, SHELL_SLOT, 0, "linux"), 1);
	send_text(CON_WRITE, GUEST_SLOT, (unsigned)guest_id, "again");
	expect_line("again");
	leave();
	send_text(CON_WRITE, GUEST_SLOT, (unsigned)guest_id, "\n");
	consoles_disconnect(&c, GUEST_SLOT);
	expect_line("");
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	expect_line("console of linux, whose VM is not running; Ctrl-] leaves it\r\n\n\r\n[linux: closed by the end of "
		    "its VM]\r\n");
}

/* Once it leaves, with the next key or when nothing comes; twice it reaches the guest, once. */
static void test_leaving_twice_is_typed(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	type("a\x1d");
	assert_true(c.leaving);
	type("\x1d");
	assert_false(c.leaving);
	line_leave(&c); /* too late */
	type("\x1d\x1d\x1d\x1d"
	     "b");
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, (unsigned)guest_id, 9, NULL, 0), 5);
	assert_string_equal(last_data, "a\x1d\x1d\x1d"
				       "b");
	assert_int_equal(c.typing, guest_id);
	type("\x1d\x1d\x1dls");
	assert_int_equal(c.typing, 0);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, (unsigned)guest_id, 9, NULL, 0), 1);
	assert_string_equal(last_data, "\x1d");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 9, NULL, 0), 2);
	assert_string_equal(last_data, "ls");
	/* The shell's own. */
	type("\x1d");
	assert_false(c.leaving);
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 9, NULL, 0), 1);
	/* The focus is lost meanwhile. */
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	type("\x1d");
	consoles_unblock(&c, next_rcvid);
	assert_false(c.leaving);
	assert_int_equal(c.typing, 0);
}

static void test_shares_are_bounded(void **state)
{
	(void)state;
	char name[] = "c0";

	for (unsigned i = 1; i < CONSOLE_SHARE; i++, name[1]++)
		assert_in_range(send_text(CON_OPEN, GUEST_SLOT, 0, name), 2, CONSOLES_MAX - 1);
	assert_int_equal(send_text(CON_OPEN, GUEST_SLOT, 0, "one-more"), -ENOSPC);
	for (unsigned i = 0; i < CONSOLE_DUTIES; i++)
		assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 1, NULL, 0), WAITS);
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 1, NULL, 0), -EAGAIN);
	/* A client that has used up its share is in nobody's way. */
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
}

static void test_all_consoles_with_all_their_waits(void **state)
{
	(void)state;
	for (unsigned i = 2; i < CONSOLES_MAX; i++) {
		char name[] = {'c', (char)('0' + i), 0};

		assert_int_equal(send_text(CON_OPEN, 10 + i, 0, name), i);
	}
	assert_int_equal(send_text(CON_OPEN, 9, 0, "none-left"), -ENOSPC);
	for (unsigned id = 0; id < CONSOLES_MAX; id++)
		for (unsigned i = 0; i < CONSOLE_DUTIES; i++)
			assert_int_equal(send_bytes(CON_READ, c.console[id].owner, id, 1, NULL, 0), WAITS);
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
}

static void test_input_is_not_lost_to_a_reader_that_is_gone(void **state)
{
	(void)state;
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), WAITS);
	gone_from = next_rcvid;
	type("a");
	gone_from = INT64_MAX;
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), 1);
	assert_string_equal(last_data, "a");
}

static void test_consoles_of_the_dead_are_reused(void **state)
{
	(void)state;
	char name[] = "ca";

	for (unsigned i = 0; i < 3 * CONSOLES_MAX; i++, name[1]++) {
		int id = send_text(CON_OPEN, 8, 0, name);

		assert_in_range(id, 1, CONSOLES_MAX - 1);
		assert_int_equal(send_text(CON_WRITE, 8, (unsigned)id, name), 2);
		consoles_disconnect(&c, 8);
		if (name[1] == 'y')
			name[1] = 'a';
	}
	/* The two that are open are still there. */
	assert_string_equal(c.console[0].name, "shell");
	assert_string_equal(c.console[1].name, "linux");
	/* A recycled console does not show what its former owner printed. */
	int id = send_text(CON_OPEN, 8, 0, "fresh");

	assert_in_range(id, 2, CONSOLES_MAX - 1);
	send_text(CON_FOCUS, SHELL_SLOT, 0, "fresh");
	expect_line("console of fresh; Ctrl-] leaves it\r\n");
}

/* What the checks count with is what each console takes; then only that of a process that is gone can be had. */
static void test_memory(void **state)
{
	(void)state;
	memory = CONSOLES_HEAP(2) - CONSOLES_OVERHEAD;
	assert_int_equal(send_text(CON_OPEN, 8, 0, "a"), 2);
	assert_int_equal(send_text(CON_OPEN, 9, 0, "b"), 3);
	assert_int_equal(memory, 0);
	assert_int_equal(send_text(CON_OPEN, 10, 0, "c"), -ENOMEM);
	consoles_disconnect(&c, 8);
	assert_int_equal(send_text(CON_OPEN, 10, 0, "c"), 2);
	assert_int_equal(send_text(CON_OPEN, 8, 0, "a"), -ENOMEM);
	/* Neither the shell's nor what is on the screen. */
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "b"), WAITS);
	expect_line("console of b; Ctrl-] leaves it\r\n");
	consoles_disconnect(&c, SHELL_SLOT);
	consoles_disconnect(&c, 9);
	assert_int_equal(send_text(CON_OPEN, 8, 0, "a"), 3);
	assert_int_equal(send_text(CON_OPEN, SHELL_SLOT, 0, "shell"), 0);
}

static void test_death_of_a_waiting_client(void **state)
{
	(void)state;
	assert_int_equal(send_bytes(CON_READ, GUEST_SLOT, 1, 5, NULL, 0), WAITS);
	int before = answers;

	consoles_disconnect(&c, GUEST_SLOT);
	assert_int_equal(answers, before + 1);
	assert_int_equal(last_status, -EINTR);
	/* Nobody is there to get this, and nothing answers twice. */
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	before = answers;
	type("abc");
	assert_int_equal(answers, before);
}

static void test_unblock_of_focus_returns_it(void **state)
{
	(void)state;
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	int64_t focus = next_rcvid;

	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), -EBUSY);
	consoles_unblock(&c, focus);
	assert_int_equal(last_rcvid, focus);
	assert_int_equal(last_status, -EINTR);
	type("s");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 5, NULL, 0), 1);
	int before = answers;

	consoles_unblock(&c, focus);
	consoles_unblock(&c, 0);
	assert_int_equal(answers, before);
}

static void test_death_of_the_shell_returns_focus(void **state)
{
	(void)state;
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	consoles_disconnect(&c, SHELL_SLOT);
	assert_int_equal(send_text(CON_OPEN, SHELL_SLOT, 0, "shell"), 0);
	type("s");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 5, NULL, 0), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_names_of_others),
	    TEST(test_shell_gets_carriage_returns),
	    TEST(test_read_waits_for_input),
	    TEST(test_readers_are_served_in_order),
	    TEST(test_input_ring_keeps_the_first),
	    TEST(test_paste_is_held),
	    TEST(test_paste_into_the_deaf),
	    TEST(test_paste_goes_on),
	    TEST(test_paste_into_a_busy_shell),
	    TEST(test_focus_and_leave),
	    TEST(test_leave_key_is_input_for_the_shell),
	    TEST(test_leaving_does_not_wait_for_a_flood),
	    TEST(test_focused_writer_loses_nothing),
	    TEST(test_unfocused_output_keeps_the_newest),
	    TEST(test_bad_messages),
	    TEST(test_a_console_has_one_owner),
	    TEST(test_what_is_closed_says_so),
	    TEST(test_leaving_twice_is_typed),
	    TEST(test_shares_are_bounded),
	    TEST(test_all_consoles_with_all_their_waits),
	    TEST(test_input_is_not_lost_to_a_reader_that_is_gone),
	    TEST(test_consoles_of_the_dead_are_reused),
	    TEST(test_memory),
	    TEST(test_death_of_a_waiting_client),
	    TEST(test_unblock_of_focus_returns_it),
	    TEST(test_death_of_the_shell_returns_focus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
