/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/shell/format.c */
/* The columns of pidin -F. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "servers/shell/format.h"
#include <cmocka.h>
#include <string.h>

static const struct process_info process = {.name = "qvm-linux", .ram_bytes = 0x200000, .threads = 7};
static const struct thread_info thread = {.name = "vcpu0",
					  .tid = 12,
					  .state = STATE_RECEIVE,
					  .priority = 254,
					  .policy = SCHED_FIFO_,
					  .runmask = 3,
					  .cpu = 5,
					  .blocked_slot = 31,
					  .cpu_ns = 123456789,
					  .entries = 99};

static void expect_row(const char *format, const struct format_row *row, const char *text)
{
	char line[256];
	char letter;

	assert_null(format_check(format, &letter));
	format_line(line, sizeof(line), format, row);
	assert_string_equal(line, text);
}

static void test_every_letter(void **state)
{
	const struct format_row row = {4, &process, &thread};

	(void)state;
	expect_row("%a|%b|%B|%h|%i|", &row, "   4|  12|31     |vcpu0           |0x03|");
	expect_row("%J|%l|%M|%n|%N|", &row, "RECEIVE |  5|   2048K|qvm-linux       |qvm-linux       |");
	expect_row("%p|%t|%T|%v|", &row, " 254f|     123 ms|  7|       99|");
	expect_row("%a|%b|%B|%h|%i|%J|%l|%M|%n|%N|%p|%t|%T|%v|", NULL,
		   " pid| tid|Blocked|thread name     |mask|STATE   |cpu|  memory|name            |name            | "
		   "prio|   cpu time|thr|  entries|");
	/* Blanks at the end are of no use to anybody. */
	expect_row("%a %n", &row, "   4 qvm-linux");
}

static void test_widths_and_text(void **state)
{
	const struct format_row row = {4, &process, &thread};

	(void)state;
	expect_row("<%1a> %12n:%64b%%", &row,
		   "<4> qvm-linux   :                                                              12%");
	expect_row("%3n|", &row, "qvm-linux|"); /* never cut off */
}

static void test_odd_threads(void **state)
{
	struct thread_info odd = {.tid = 3, .state = 99, .policy = 0, .blocked_slot = ~0u};
	const struct format_row row = {31, &process, &odd};

	(void)state;
	expect_row("%h|%J|%p|%B|", &row, "3               |?       |   0?|       |");
	memset(odd.name, 0x1b, sizeof(odd.name)); /* what a process says of itself, and without an end */
	expect_row("%h", &row, "????????????????????????????????");
}

static void test_wrong(void **state)
{
	char letter;

	(void)state;
	assert_string_equal(format_check("%a %z", &letter), "unknown");
	assert_int_equal(letter, 'z');
	assert_string_equal(format_check("%a %", &letter), "unknown");
	assert_int_equal(letter, '%');
	assert_string_equal(format_check("%65a", &letter), "too wide");
	assert_string_equal(format_check("%99999999999a", &letter), "too wide");
	assert_int_equal(letter, 'a');
	assert_string_equal(format_check("", &letter), "without a letter");
	assert_string_equal(format_check("text %%", &letter), "without a letter");
}

static void test_of_threads(void **state)
{
	(void)state;
	assert_false(format_of_threads("%a %n %T %M %% b"));
	for (const char *letter = "bBhiJlptv"; *letter; letter++)
		assert_true(format_of_threads((const char[]){'%', 'a', '%', '9', *letter, 0}));
}

/* A line that is too short is cut off, with its end. */
static void test_short_line(void **state)
{
	const struct format_row row = {4, &process, &thread};
	char line[8];

	(void)state;
	for (size_t bytes = 1; bytes <= sizeof(line); bytes++) {
		memset(line, 'x', sizeof(line));
		format_line(line, bytes, "%64n%64h", &row);
		assert_int_equal(strnlen(line, bytes), bytes - 1);
		assert_memory_equal(line, "qvm-linux", bytes - 1);
	}
}

static void test_help(void **state)
{
	unsigned count = 0;
	char letter;

	(void)state;
	for (; format_help(count); count++) {
		char format[3] = {'%', format_help(count)[1], 0};

		assert_null(format_check(format, &letter));
	}
	assert_int_equal(count, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_letter), cmocka_unit_test(test_widths_and_text),
	    cmocka_unit_test(test_odd_threads),  cmocka_unit_test(test_wrong),
	    cmocka_unit_test(test_of_threads),   cmocka_unit_test(test_short_line),
	    cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
