/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/shell/edit.c */
/* The line editor, checked through a terminal of one line. */
#include "servers/shell/edit.h"
#include "unit.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMPT "> "

static struct edit e;

/* The terminal: the last line, where its cursor is, and how often it went to a new line. */
static struct {
	char line[EDIT_COLUMNS + 1];
	unsigned column, newlines, bells, written;
	char sequence[16];
	unsigned in_sequence;
} screen;

static void screen_sequence(char final)
{
	unsigned n = 0;

	assert_int_equal(screen.sequence[0], '[');
	for (const char *p = screen.sequence + 1; isdigit((unsigned char)*p); p++)
		n = n * 10 + (unsigned)(*p - '0');
	if (final == 'K') {
		memset(screen.line + screen.column, 0, sizeof(screen.line) - screen.column);
	} else if (final == 'D') {
		assert_in_range(n, 1, screen.column);
		screen.column -= n;
	} else if (final == 'H') {
		screen.column = 0;
	} else if (final == 'J') {
		memset(screen.line, 0, sizeof(screen.line));
	} else {
		fail_msg("unknown sequence %c", final);
	}
}

static void screen_put(char c)
{
	if (screen.in_sequence) {
		if (isalpha((unsigned char)c)) {
			screen.in_sequence = 0;
			screen_sequence(c);
			return;
		}
		assert_true(screen.in_sequence < sizeof(screen.sequence));
		screen.sequence[screen.in_sequence - 1] = c;
		screen.sequence[screen.in_sequence++] = 0;
	} else if (c == 0x1b) {
		screen.in_sequence = 1;
	} else if (c == '\n') {
		memset(screen.line, 0, sizeof(screen.line));
		screen.column = 0;
		screen.newlines++;
	} else if (c == '\r') {
		screen.column = 0;
	} else if (c == '\a') {
		screen.bells++;
	} else {
		assert_true(c >= ' ' && c <= '~');
		assert_true(screen.column < EDIT_COLUMNS);
		screen.line[screen.column++] = c;
	}
}

static void write_screen(void *context, const char *text, size_t bytes)
{
	(void)context;
	screen.written += bytes;
	for (size_t i = 0; i < bytes; i++)
		screen_put(text[i]);
}

static const char *candidate(void *context, unsigned index)
{
	static const char *const all[] = {"vm list", "vm status", "vm start ", "vm stop ", "pidin", "pidin info"};

	(void)context;
	return index < sizeof(all) / sizeof(all[0]) ? all[index] : NULL;
}

static int setup(void **state)
{
	(void)state;
	memset(&screen, 0, sizeof(screen));
	edit_init(&e, PROMPT, write_screen, candidate, NULL);
	edit_start(&e);
	return 0;
}

static enum edit_result type(const char *keys)
{
	enum edit_result result = EDIT_MORE;

	for (; *keys; keys++)
		result = edit_key(&e, (uint8_t)*keys);
	return result;
}

/* The terminal shows the part of the line that the editor thinks it does, with the cursor in its place. */
static void check_screen(void)
{
	char expected[EDIT_COLUMNS + 1];

	assert_int_equal(strlen(e.line), e.length);
	assert_true(e.cursor <= e.length && e.shift <= e.cursor);
	snprintf(expected, sizeof(expected), PROMPT "%.*s", EDIT_COLUMNS - 2 - (int)strlen(PROMPT), e.line + e.shift);
	assert_string_equal(screen.line, expected);
	assert_int_equal(screen.column, strlen(PROMPT) + e.cursor - e.shift);
}

static void expect(const char *line, unsigned cursor)
{
	assert_string_equal(e.line, line);
	assert_int_equal(e.cursor, cursor);
	check_screen();
}

#define UP    "\x1b[A"
#define DOWN  "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT  "\x1b[D"

static void what_is_typed_is_the_line(void **state)
{
	(void)state;
	type("vm list");
	expect("vm list", 7);
	assert_int_equal(type("\r"), EDIT_DONE);
	assert_string_equal(e.line, "vm list");
	assert_int_equal(screen.newlines, 1);
	edit_start(&e);
	assert_int_equal(type("\n"), EDIT_MORE); /* of the \r before */
	assert_int_equal(type("\n"), EDIT_DONE);
	assert_string_equal(e.line, "");
}

static void keys_move_the_cursor(void **state)
{
	(void)state;
	type("abcd" LEFT LEFT);
	expect("abcd", 2);
	type("X");
	expect("abXcd", 3);
	type(RIGHT RIGHT RIGHT RIGHT);
	expect("abXcd", 5);
	type("\x01");
	expect("abXcd", 0);
	type(LEFT "\x02");
	expect("abXcd", 0);
	type("\x05");
	expect("abXcd", 5);
	type("\x1b[H");
	expect("abXcd", 0);
	type("\x1b[F");
	expect("abXcd", 5);
	type("\x1b[1~1");
	expect("1abXcd", 1);
	type("\x1b[4~4");
	expect("1abXcd4", 7);
	type("\x1bOH0");
	expect("01abXcd4", 1);
}

static void keys_delete_characters_and_words(void **state)
{
	(void)state;
	type("abcd\x7f");
	expect("abc", 3);
	type("\b" LEFT "\x7f");
	expect("b", 0);
	type("\x7f\b");
	expect("b", 0);
	type("\x04");
	expect("", 0);
	type("\x04\x1b[3~");
	expect("", 0);
	type("one two  three\x17");
	expect("one two  ", 9);
	type("\x17");
	expect("one ", 4);
	type("four" LEFT LEFT "\x1b[3~");
	expect("one for", 6);
	type("\x0b");
	expect("one fo", 6);
	type(LEFT "\x15");
	expect("o", 0);
}

static void earlier_lines_come_back(void **state)
{
	(void)state;
	type("first\r");
	edit_start(&e);
	type("second\r");
	edit_start(&e);
	type("second\r"); /* kept once */
	edit_start(&e);
	type("  \r"); /* not kept */
	edit_start(&e);
	type("new" UP);
	expect("second", 6);
	type(UP);
	expect("first", 5);
	type(UP);
	expect("first", 5);
	type(DOWN);
	expect("second", 6);
	type(DOWN);
	expect("new", 3);
	type(DOWN);
	expect("new", 3);
	type(UP UP "!\r");
	assert_string_equal(e.line, "first!");
	edit_start(&e);
	type("\x10");
	expect("first!", 6);
	type("\x0e");
	expect("", 0);
}

static void history_is_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * EDIT_HISTORY; i++) {
		char line[16];

		snprintf(line, sizeof(line), "line %u\r", i);
		type(line);
		edit_start(&e);
	}
	for (unsigned i = 0; i < 2 * EDIT_HISTORY; i++)
		type(UP);
	char oldest[16];

	snprintf(oldest, sizeof(oldest), "line %u", 2 * EDIT_HISTORY);
	expect(oldest, (unsigned)strlen(oldest));
}

static void the_tabulator_completes_a_word(void **state)
{
	(void)state;
	type("v\t");
	expect("vm ", 3);
	type("st\t");
	expect("vm st", 5);
	assert_int_equal(screen.newlines, 4); /* the three matches are listed */
	type("o\t");
	expect("vm stop ", 8);
	assert_int_equal(screen.bells, 0);
	type("x\t");
	expect("vm stop x", 9);
	assert_int_equal(screen.bells, 1);
	type("\x15pi\t");
	expect("pidin", 5);
}

static void a_line_may_be_cancelled(void **state)
{
	(void)state;
	assert_int_equal(type("half a line\x03"), EDIT_CANCEL);
	edit_start(&e);
	expect("", 0);
	type(UP);
	expect("", 0);
}

static void a_line_that_is_too_long_is_cut(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EDIT_LINE + 10; i++) {
		edit_key(&e, (uint8_t)('a' + i % 26));
		check_screen();
	}
	assert_int_equal(e.length, 4096);
	assert_int_equal(screen.bells, 11);
	assert_true(screen.written < 5 * EDIT_LINE);
	for (unsigned i = 0; i < EDIT_LINE; i++) {
		type(LEFT);
		check_screen();
	}
	assert_int_equal(e.cursor, 0);
	type("\x0c");
	check_screen();
}

static void unknown_sequences_are_ignored(void **state)
{
	(void)state;
	type("ab\x1b[200~\x1b[1;5C\x1b[Zc\x1bOPd\x1bxe\x80\xff");
	expect("abcde", 5);
	type("\x1b[99999999999999999999~f");
	expect("abcdef", 6);
}

/* What a terminal sends without a key. */
static const char *const terminal_answers[] = {
    "\x1b[24;80R",                      /* where the cursor is: DSR 6 */
    "\x1b[1;1R",                        /* the same, in a corner */
    "\x1b[?1;1R",                       /* DECXCPR */
    "\x1b[0n",                          /* DSR 5 */
    "\x1b[?1;2c",                       /* DA */
    "\x1b[>41;354;0c",                  /* secondary DA */
    "\x1b[?62;1;2;4;6;9;15;18;21;22c",  /* DA of a VT220 */
    "\x1b[?2004;2$y",                   /* DECRPM */
    "\x1b[8;24;80t",                    /* window size */
    "\x1b[?1u",                         /* flags of a keyboard protocol */
    "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", /* OSC: colour, ended by ST, */
    "\x1b]11;rgb:0000/0000/0000\a",     /* and by BEL */
    "\x1b]52;c;bHMgLWwK\x1b\\",         /* OSC: clipboard */
    "\x1bP1$r0m\x1b\\",                 /* DCS: DECRQSS */
    "\x1bP>|XTerm(379)\x1b\\",          /* DCS: version */
    "\x1bP!|00000000\x1b\\",            /* DCS: tertiary DA */
    "\x1b_Gi=31;OK\x1b\\",              /* APC */
    "\x1b^private\x1b\\",               /* PM */
    "\x1bXstring\x1b\\",                /* SOS */
    "\x1b[M !!",                        /* click of a mouse */
    "\x1b[M\x03\x0d\x15",               /* the same with bytes that are keys else */
    "\x1b[<0;12;3M",                    /* in the other form */
    "\x1b[<0;12;3m",                    /* let go */
    "\x1b[32;12;3M",                    /* in a third one */
    "\x1b[I",                           /* the window has the focus */
    "\x1b[O",                           /* and has it not */
    "\x1b[[A",                          /* F1 of Linux's console */
    "\x9b"
    "24;80R", /* answers in one byte instead of ESC and another */
    "\x9d"
    "11;rgb:0000/0000/0000\x9c",
    "\x90"
    "1$r0m\x9c",
    "\xc3\xa4\xe2\x80\x9b\xf0\x9f\x98\x9b", /* a, umlaut; a quotation mark; a face: nothing follows them */
    "\x1b]11;rgb:00\x1b[1;1R",              /* an answer that another one breaks off */
    "\x1b\x1b[24;80R",
};

/* What a terminal sends by itself is nothing that was typed, and what follows it is. */
static void what_a_terminal_answers_is_not_typed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(terminal_answers) / sizeof(terminal_answers[0]); i++) {
		assert_int_equal(type("ab" LEFT), EDIT_MORE);
		assert_int_equal(type(terminal_answers[i]), EDIT_MORE);
		expect("ab", 1);
		assert_int_equal(type("c"), EDIT_MORE);
		expect("acb", 2);
		assert_int_equal(type("\x15\x0b"), EDIT_MORE);
	}
	assert_int_equal(screen.newlines, 0);
	assert_int_equal(screen.bells, 0);
}

/* Keys with modifiers are those keys; a string that does not end does not hold the keyboard. */
static void keys_with_modifiers_are_those_keys(void **state)
{
	char text[5000];

	(void)state;
	type("abc" LEFT LEFT "\x1b[3;5~");
	expect("ac", 1);
	type("\x1b[1;5D"
	     "x\x1b[1;2C"
	     "y\x1b[1;5H"
	     "z");
	expect("zxay"
	       "c",
	       1);
	type("\x05\x15"
	     "one\x1b]two\x7f");
	expect("on", 2);
	type("\x1bPthree\x15"
	     "four");
	expect("four", 4);
	assert_int_equal(type("\x1b_five\x03"), EDIT_CANCEL);
	edit_start(&e);
	assert_int_equal(type("six\x1b]seven\r"), EDIT_DONE);
	assert_string_equal(e.line, "six");
	edit_start(&e);
	memset(text, 'x', sizeof(text));
	memcpy(text, "\x1b]", 2);
	memcpy(text + sizeof(text) - 4, "end", 4);
	type(text);
	assert_in_range(e.length, 800, 920);
	assert_string_equal(e.line + e.length - 3, "end");
}

/* Any bytes at all: the editor's state and the terminal stay right. */
static void any_bytes_leave_the_editor_right(void **state)
{
	(void)state;
	static const char *const often[] = {UP, DOWN, LEFT, RIGHT, "\x7f", "\t", "word ", "\x17", "\x01", "\x1b[3~"};

	srandom(1);
	for (unsigned i = 0; i < 100000; i++) {
		enum edit_result result;

		if (random() % 4)
			result = type(often[(size_t)random() % (sizeof(often) / sizeof(often[0]))]);
		else
			result = edit_key(&e, (uint8_t)random());
		if (result != EDIT_MORE)
			edit_start(&e);
		check_screen();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_is_typed_is_the_line, setup),
	    cmocka_unit_test_setup(keys_move_the_cursor, setup),
	    cmocka_unit_test_setup(keys_delete_characters_and_words, setup),
	    cmocka_unit_test_setup(earlier_lines_come_back, setup),
	    cmocka_unit_test_setup(history_is_bounded, setup),
	    cmocka_unit_test_setup(the_tabulator_completes_a_word, setup),
	    cmocka_unit_test_setup(a_line_may_be_cancelled, setup),
	    cmocka_unit_test_setup(a_line_that_is_too_long_is_cut, setup),
	    cmocka_unit_test_setup(unknown_sequences_are_ignored, setup),
	    cmocka_unit_test_setup(what_a_terminal_answers_is_not_typed, setup),
	    cmocka_unit_test_setup(keys_with_modifiers_are_those_keys, setup),
	    cmocka_unit_test_setup(any_bytes_leave_the_editor_right, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
