/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/glob.c */
#include "glob.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static void whole_text_counts(void **state)
{
	(void)state;
	assert_true(glob_match("pluto", "pluto"));
	assert_false(glob_match("pluto", "pluto2"));
	assert_false(glob_match("pluto", "plut"));
	assert_true(glob_match("", ""));
	assert_false(glob_match("", "a"));
}

static void stars_match_any_text(void **state)
{
	(void)state;
	assert_true(glob_match("*", ""));
	assert_true(glob_match("*", "anything"));
	assert_true(glob_match("pluto*", "pluto"));
	assert_true(glob_match("*to", "pluto"));
	assert_true(glob_match("p*t*o", "pluto"));
	assert_true(glob_match("a*b*c", "aXbXbc"));
	assert_false(glob_match("a*b*c", "aXbXb"));
	assert_true(glob_match("***", "x"));
}

/* A pattern made to be slow in readers that try all ways takes no time here. */
static void many_stars_end(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(glob_match("a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void sets_match_one_character(void **state)
{
	(void)state;
	assert_true(glob_match("TEST[123]", "TEST2"));
	assert_false(glob_match("TEST[123]", "TEST4"));
	assert_true(glob_match("[a-f]x", "cx"));
	assert_false(glob_match("[!a-f]x", "cx"));
	assert_true(glob_match("[!a-f]x", "zx"));
	assert_true(glob_match("[]]", "]"));
	assert_true(glob_match("[", "["));
	assert_true(glob_match("a[b", "a[b"));
	assert_false(glob_match("[", "a"));
	assert_true(glob_match("[a-]", "-"));
	assert_true(glob_match("?", "x"));
	assert_false(glob_match("?", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_text_counts),
	    cmocka_unit_test(stars_match_any_text),
	    cmocka_unit_test(many_stars_end),
	    cmocka_unit_test(sets_match_one_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
