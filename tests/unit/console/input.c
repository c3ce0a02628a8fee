/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed: who reads it, what is held, and what is lost. */
#include "clients.h"

static void a_read_waits_for_input(void **state)
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

static void readers_are_served_in_order(void **state)
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

static void the_input_ring_keeps_the_first(void **state)
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
static void what_has_no_room_is_left_to_the_line(void **state)
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
static void what_a_deaf_guest_loses_is_counted(void **state)
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
	leave_console();
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

/* Once it has read enough nothing more is lost; not before, or a slow one would begin again and again. */
static void nothing_is_lost_once_the_guest_has_caught_up(void **state)
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
static void a_busy_shell_loses_what_is_too_much(void **state)
{
	(void)state;
	assert_int_equal(paste(CONSOLE_INPUT + 1), CONSOLE_INPUT);
	line_give_up(&c);
	expect_line("\r\n[shell reads too slowly: what is typed is lost]\r\n\a");
	assert_int_equal(paste(1), 1);
	assert_int_equal(read_all(SHELL_SLOT, 0), CONSOLE_INPUT);
	expect_line("\r\n[shell: 1 typed characters were lost]\r\n");
}

static void input_is_not_lost_to_a_reader_that_is_gone(void **state)
{
	(void)state;
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), WAITS);
	gone_from = next_rcvid;
	type("a");
	gone_from = INT64_MAX;
	assert_int_equal(send_bytes(CON_READ, SHELL_SLOT, 0, 10, NULL, 0), 1);
	assert_string_equal(last_data, "a");
}

int input_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_read_waits_for_input),
	    CASE(readers_are_served_in_order),
	    CASE(the_input_ring_keeps_the_first),
	    CASE(what_has_no_room_is_left_to_the_line),
	    CASE(what_a_deaf_guest_loses_is_counted),
	    CASE(nothing_is_lost_once_the_guest_has_caught_up),
	    CASE(a_busy_shell_loses_what_is_too_much),
	    CASE(input_is_not_lost_to_a_reader_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
