/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/shell/format.c */
/* The columns of pidin -F and -f. */
#include "servers/shell/format.h"
#include "unit.h"
#include <string.h>

static const struct process_info process = {
    .name = "qvm-linux", .ram_bytes = 0x200000, .threads = 7, .cpu_ns = 9876543210};
static const struct thread_info thread = {.name = "vcpu0",
					  .tid = 12,
					  .state = STATE_RECEIVE,
					  .priority = 254,
					  .policy = SCHED_FIFO_,
					  .runmask = 3,
					  .cpu = 5,
					  .blocked_slot = 31,
					  .partition = 2,
					  .base_partition = 2,
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

static void every_letter_has_its_column(void **state)
{
	const struct format_row row = {4, &process, &thread};

	(void)state;
	expect_row("%a|%b|%B|%h|%H|%i|", &row, "   4|  12|31     |vcpu0           |2    |0x03|");
	expect_row("%J|%l|%M|%n|%N|", &row, "RECEIVE |  5|   2048K|qvm-linux       |qvm-linux       |");
	expect_row("%p|%t|%T|%u|%v|", &row, " 254f|     123 ms|  7|    9876 ms|       99|");
	expect_row(
	    "%a|%b|%B|%h|%H|%i|%J|%l|%M|%n|%N|%p|%t|%T|%u|%v|", NULL,
	    " pid| tid|Blocked|thread name     |part |mask|STATE   |cpu|  memory|name            |name            | "
	    "prio|   cpu time|thr|   cpu time|  entries|");
	/* Blanks at the end are of no use to anybody. */
	expect_row("%a %n", &row, "   4 qvm-linux");
}

static void widths_and_text_are_kept(void **state)
{
	const struct format_row row = {4, &process, &thread};

	(void)state;
	expect_row("<%1a> %12n:%64b%%", &row,
		   "<4> qvm-linux   :                                                              12%");
	expect_row("%3n|", &row, "qvm-linux|"); /* never cut off */
}

static void letters_become_a_format(void **state)
{
	char format[12];

	(void)state;
	format_of_letters(format, sizeof(format), "mbe");
	assert_string_equal(format, "%m %b %e");
	format_of_letters(format, sizeof(format), "abcde");
	assert_string_equal(format, "%a %b %c %d"); /* with its end */
	format_of_letters(format, sizeof(format), "");
	assert_string_equal(format, "");
}

static void odd_threads_are_shown_as_such(void **state)
{
	struct thread_info odd = {.tid = 3, .state = 99, .policy = 0, .blocked_slot = ~0u};
	const struct format_row row = {31, &process, &odd};

	(void)state;
	expect_row("%h|%J|%p|%B|", &row, "3               |?       |   0?|       |");
	/* What it has joined, and whose time it uses. */
	odd.base_partition = 31 | PARTITION_CRITICAL;
	odd.partition = 31 | PARTITION_CRITICAL;
	expect_row("%H|", &row, "31c  |");
	odd.partition = 4;
	expect_row("%H|", &row, "31c>4|");
	memset(odd.name, 0x1b, sizeof(odd.name)); /* what a process says of itself, and without an end */
	expect_row("%h", &row, "????????????????????????????????");
}

static void a_wrong_format_is_refused(void **state)
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

static void some_letters_need_a_row_for_each_thread(void **state)
{
	(void)state;
	assert_false(format_of_threads("%a %n %T %M %u %% b"));
	for (const char *letter = "bBhiJlptv"; *letter; letter++)
		assert_true(format_of_threads((const char[]){'%', 'a', '%', '9', *letter, 0}));
}

/* A line that is too short is cut off, with its end. */
static void a_line_that_is_too_short_is_cut_off(void **state)
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

static void help_names_every_letter(void **state)
{
	unsigned count = 0;
	char letter;

	(void)state;
	for (; format_help(count); count++) {
		char format[3] = {'%', format_help(count)[1], 0};

		assert_null(format_check(format, &letter));
	}
	assert_int_equal(count, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_letter_has_its_column),
	    cmocka_unit_test(widths_and_text_are_kept),
	    cmocka_unit_test(letters_become_a_format),
	    cmocka_unit_test(odd_threads_are_shown_as_such),
	    cmocka_unit_test(a_wrong_format_is_refused),
	    cmocka_unit_test(some_letters_need_a_row_for_each_thread),
	    cmocka_unit_test(a_line_that_is_too_short_is_cut_off),
	    cmocka_unit_test(help_names_every_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
