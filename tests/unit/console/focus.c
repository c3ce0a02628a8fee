/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the line: the shell or one console, and how it is left. */
#include "clients.h"

static void the_shell_gets_carriage_returns(void **state)
{
	(void)state;
	assert_int_equal(send_text(CON_WRITE, SHELL_SLOT, 0, "a\n\nb"), 4);
	expect_line("a\r\n\r\nb");
}

static void the_leave_key_returns_the_line_to_the_shell(void **state)
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
	leave_console();
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

static void the_leave_key_is_input_for_the_shell(void **state)
{
	(void)state;
	type("\x1d");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), 1);
	assert_int_equal(last_data[0], 0x1d);
}

static void leaving_does_not_wait_for_a_flood(void **state)
{
	(void)state;
	char block[PROTO_DATA];

	memset(block, 'g', sizeof(block));
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	expect_line(GREETING);
	while (send_bytes(CON_WRITE, GUEST_SLOT, 1, sizeof(block), block, sizeof(block)) != WAITS)
		;
	int64_t writer = next_rcvid;

	leave_console();
	/* The writer goes on, unseen. */
	assert_int_equal(last_rcvid, writer);
	assert_int_equal(last_status, PROTO_DATA);
	send_text(CON_WRITE, SHELL_SLOT, 0, "$ ");
	expect_line("$ ");
}

static void a_focused_writer_loses_nothing(void **state)
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

static void unfocused_output_keeps_the_newest(void **state)
{
	(void)state;
	char block[PROTO_DATA], *out = malloc(CONSOLE_OUTPUT + 200);

	for (unsigned i = 0; i < CONSOLE_OUTPUT / PROTO_DATA + 1; i++) {
		memset(block, i == 0 ? 'o' : 'n', sizeof(block));
		assert_int_equal(send_bytes(CON_WRITE, GUEST_SLOT, 1, sizeof(block), block, sizeof(block)), PROTO_DATA);
	}
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	size_t n = drain_line(out, CONSOLE_OUTPUT + 200);
	const char notice[] = GREETING "\r\n[linux: 512 bytes of output dropped]\r\n";

	assert_int_equal(n, strlen(notice) + CONSOLE_OUTPUT);
	assert_memory_equal(out, notice, strlen(notice));
	assert_null(memchr(out + strlen(notice), 'o', CONSOLE_OUTPUT));
	free(out);
}

/* Whoever looks at it is told, after what it has printed; the next process goes on after that. */
static void what_is_closed_says_so(void **state)
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
	leave_console();
	send_text(CON_WRITE, GUEST_SLOT, (unsigned)guest_id, "\n");
	consoles_disconnect(&c, GUEST_SLOT);
	expect_line("");
	assert_int_equal(send_text(CON_FOCUS, SHELL_SLOT, 0, "linux"), WAITS);
	expect_line("console of linux, whose VM is not running; Ctrl-] leaves it\r\n\n\r\n[linux: closed by the end of "
		    "its VM]\r\n");
}

/* Once it leaves, with the next key or when nothing comes; twice it reaches the guest, once. */
static void leaving_twice_is_typed(void **state)
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

static void unblocking_a_focus_returns_it(void **state)
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

static void the_death_of_the_shell_returns_the_focus(void **state)
{
	(void)state;
	send_text(CON_FOCUS, SHELL_SLOT, 0, "linux");
	consoles_disconnect(&c, SHELL_SLOT);
	assert_int_equal(send_text(CON_OPEN, SHELL_SLOT, 0, "shell"), 0);
	type("s");
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 5, NULL, 0), 1);
}

int focus_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(the_shell_gets_carriage_returns),
	    CASE(the_leave_key_returns_the_line_to_the_shell),
	    CASE(the_leave_key_is_input_for_the_shell),
	    CASE(leaving_does_not_wait_for_a_flood),
	    CASE(a_focused_writer_loses_nothing),
	    CASE(unfocused_output_keeps_the_newest),
	    CASE(what_is_closed_says_so),
	    CASE(leaving_twice_is_typed),
	    CASE(unblocking_a_focus_returns_it),
	    CASE(the_death_of_the_shell_returns_the_focus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
