/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/qvmconf/vdevoption.c lib/qvmconf/vdevvalue.c lib/qvmconf/number.c lib/glob.c */
/* The list of a vdev's options as a file brings it, and each kind of option: right values, wrong ones, and the reasons.
 */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vdevoption.h>

/* From an allocation of exactly that length, so that the sanitizer sees one byte too many. */
static const char *check(const char *list, size_t bytes)
{
	char *exact = malloc(bytes);
	size_t used = 0;
	const char *wrong;

	memcpy(exact, list, bytes);
	wrong = vdev_options_check(exact, bytes, &used);
	if (!wrong)
		assert_in_range(used, 1, bytes);
	free(exact);
	return wrong;
}

#define CHECK(list) check(list, sizeof(list))

#define END   "the options in its note are cut off"
#define NAME  "its note names an option that is no word of a configuration"
#define KIND  "its note has an option of a kind that is unknown or damaged"
#define TWICE "its note names an option twice"

static void a_wrong_list_is_refused(void **state)
{
	static const char whole[] = "a\0*n:1:2\0b\0!w:x:y\0c\0t:3=abc\0d\0f\0";

	(void)state;
	assert_null(CHECK(""));
	assert_null(CHECK(whole));
	for (size_t bytes = 1; bytes < sizeof(whole); bytes++)
		assert_string_equal(check(whole, bytes), END);
	assert_string_equal(CHECK("1a\0f\0"), NAME);
	assert_string_equal(CHECK("a b\0f\0"), NAME);
	assert_string_equal(CHECK("a\xff\0f\0"), NAME);
	assert_string_equal(CHECK("a234567890123456789012345678901x\0f\0"), NAME);
	assert_null(CHECK("a23456789012345678901234567890_\0f\0"));
	assert_string_equal(CHECK("a\0f\0b\0f\0a\0x\0"), TWICE);
}

static void a_wrong_kind_is_refused(void **state)
{
	static const char *const bad[] = {
	    "z",     "*",       "!",     "ff",    "f:1", "f=1",   "n",   "n:1",        "n:2:1",
	    "n:a:2", "s:",      "t",     "t:0",   "w",   "w:",    "o",   "b:1",        "c=nowhere",
	    "b=2",   "n:1:2=3", "!b=on", "w:a=b", "p\n", "r=x,0", "!*f", "e=/dev/qvm", "n:1:99999999999999999999",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char list[64] = "a";

		strcpy(list + 2, bad[i]);
		if (check(list, strlen(bad[i]) + 4) == NULL)
			fail_msg("'%s' is accepted", bad[i]);
		assert_string_equal(check(list, strlen(bad[i]) + 4), KIND);
	}
}

static void more_than_32_options_are_refused(void **state)
{
	char list[33 * 5 + 1] = "";

	(void)state;
	for (unsigned i = 0; i < 33; i++)
		sprintf(list + i * 5, "%c%c", 'a' + i / 10, '0' + i % 10), memcpy(list + i * 5 + 3, "f", 2);
	assert_string_equal(check(list, sizeof(list)), "its note has more than 32 options");
	list[32 * 5] = '\0';
	assert_null(check(list, sizeof(list)));
}

/* What is wrong with a value of the one option of a list, or "". */
static const char *problem(const char *kind, const char *value)
{
	static char list[64], why[VDEV_WHY_BYTES];
	struct vdev_option option;

	memset(list, 0, sizeof(list));
	list[0] = 'a';
	strcpy(list + 2, kind);
	assert_null(check(list, strlen(kind) + 4));
	assert_int_equal(vdev_option_find(list, "a", &option), 0);
	return vdev_option_value(&option, value, why) ? "" : why;
}

static void good(const char *kind, const char *value)
{
	assert_string_equal(problem(kind, value), "");
}

static void bad(const char *kind, const char *value, const char *why)
{
	assert_string_equal(problem(kind, value), why);
}

static void values_are_checked_by_their_kind(void **state)
{
	(void)state;
	good(VDEV_NUMBER(1, 0x20), "32");
	good(VDEV_NUMBER(1, 0x20), "0x1");
	bad(VDEV_NUMBER(1, 0x20), "33", "is not a number from 1 to 32");
	bad(VDEV_NUMBER(1, 0x20), "1K", "is not a number from 1 to 32");
	bad(VDEV_NUMBER(1, 0x20), "", "is not a number from 1 to 32");
	good(VDEV_NUMBER_OR(0, 9, "forever:never"), "never");
	bad(VDEV_NUMBER_OR(0, 9, "forever"), "ever", "is not a number from 0 to 9, or forever");
	good(VDEV_BYTES(1, 1048576), "1M");
	bad(VDEV_BYTES(1, 1048576), "2M", "is not a number of bytes from 1 to 1048576");
	good(VDEV_WORD("terminate:dump,terminate:fiq"), "dump,terminate");
	bad(VDEV_WORD("one:two"), "on", "is unknown; write one or two");
	bad(VDEV_WORD("one:two"), "one:two", "is unknown; write one or two");
	good(VDEV_BOOLEAN, "off");
	bad(VDEV_BOOLEAN, "2", "is neither on nor off");
	good(VDEV_TEXT(4), "abcd");
	bad(VDEV_TEXT(4), "abcde", "is not a text of 1 to 4 characters");
	bad(VDEV_TEXT(4), "", "is not a text of 1 to 4 characters");
	good(VDEV_PATH, "</dev/hd0");
	bad(VDEV_PATH, "<", "is not a path that begins with '/'");
	bad(VDEV_PATH, "", "is not a path that begins with '/'");
	good(VDEV_OWN("six bytes"), "anything");
	good(VDEV_PEER, "/dev/qvm/vm/net0");
	for (const char *const *peer =
		 (const char *const[]){"/dev/qvm/vm", "/dev/qvm//a", "/dev/qvm/vm/", "/dev/qvm/a/b/c", "vm", NULL};
	     *peer != NULL; peer++)
		bad(VDEV_PEER, *peer, "is not a vdev of a VM: write /dev/qvm/VM/NAME");
	good(VDEV_CONSOLE, ">-");
	bad(VDEV_CONSOLE, "tty", "is not a console: write /dev/console/NAME, or - for the one named like the VM");
	good(VDEV_REGION, "a,4K");
	bad(VDEV_REGION, "a", "has no size: write NAME,SIZE, as in video,0x100000");
	bad(VDEV_PATTERN, "a/b", "is no pattern of 1 to 31 printable characters without '/' and ','");
}

/* Options by index and by name, with what stands around their kinds. */
static void options_are_found_by_index_and_name(void **state)
{
	static const char list[] = "one\0*n:1:2=2\0two\0!w:a:b\0three\0f\0";
	struct vdev_option o;

	(void)state;
	assert_null(check(list, sizeof(list)));
	assert_true(vdev_option_at(list, 0, &o));
	assert_string_equal(o.name, "one");
	assert_true(o.repeats && !o.required && o.kind == VDEV_KIND_NUMBER && vdev_option_takes(&o));
	assert_string_equal(o.standard, "2");
	assert_int_equal(vdev_option_find(list, "two", &o), 1);
	assert_true(!o.repeats && o.required && o.kind == VDEV_KIND_WORD);
	assert_null(o.standard);
	assert_int_equal(vdev_option_find(list, "three", &o), 2);
	assert_false(vdev_option_takes(&o));
	assert_int_equal(vdev_option_find(list, "four", &o), -1);
	assert_false(vdev_option_at(list, 3, &o));
	assert_false(vdev_option_at("", 0, &o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wrong_list_is_refused),
	    cmocka_unit_test(a_wrong_kind_is_refused),
	    cmocka_unit_test(more_than_32_options_are_refused),
	    cmocka_unit_test(values_are_checked_by_their_kind),
	    cmocka_unit_test(options_are_found_by_index_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
