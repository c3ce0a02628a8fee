/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: vdev/shmem/device.c lib/qvmconf/vdevvalue.c lib/qvmconf/number.c lib/glob.c */
#include "unit.h"
#include "vdev/shmem/device.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS 0x4000000000ull
#define BYTES   0x10000ull

static struct {
	struct shmem s;
	int error, map_error;
	uint32_t pages, next, notified, left, unmapped;
	uint64_t mapped;
	char name[GLOB_NAME_BYTES];
	unsigned joins, lines;
	bool level;
} t;

static int join(void *context, const char *name, uint32_t pages, struct shmem_joined *joined)
{
	(void)context;
	t.joins++;
	strcpy(t.name, name);
	t.pages = pages;
	if (t.error != 0)
		return t.error;
	*joined =
	    (struct shmem_joined){.handle = 50 + t.next, .pages = pages, .index = t.next, .attached = 1u << t.next};
	t.next++;
	return 0;
}

static int map(void *context, uint32_t handle, uint64_t address)
{
	(void)context;
	(void)handle;
	t.mapped = address;
	return t.map_error;
}

static void unmap(void *context, uint32_t handle, uint64_t address)
{
	(void)context;
	(void)address;
	t.unmapped = handle;
}

static void leave(void *context, uint32_t handle)
{
	(void)context;
	t.left = handle;
}

static void notify(void *context, uint32_t handle, uint32_t clients)
{
	(void)context;
	(void)handle;
	t.notified = clients;
}

static void line(void *context, bool level)
{
	(void)context;
	t.lines++;
	t.level = level;
}

static const struct shmem_ops ops = {join, map, unmap, leave, notify, line};

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.s.ops = &ops;
	t.s.interrupt = 38;
	t.s.windows = WINDOWS;
	t.s.window_bytes = BYTES;
	return 0;
}

static uint32_t create(const char *name, uint32_t pages)
{
	char bytes[GLOB_NAME_BYTES] = {0};

	strncpy(bytes, name, sizeof(bytes));
	for (unsigned i = 0; i < GLOB_NAME_BYTES; i += 4) {
		uint32_t word;

		memcpy(&word, bytes + i, 4);
		shmem_factory_write(&t.s, 28 + i, 4, word);
	}
	shmem_factory_write(&t.s, 24, 4, pages);
	return (uint32_t)shmem_factory_read(&t.s, 20, 4);
}

static uint32_t control_read(unsigned window, uint64_t offset)
{
	uint64_t value;

	assert_true(shmem_window_read(&t.s, window * BYTES + offset, 4, &value));
	return (uint32_t)value;
}

static void the_factory_page_is_as_documented(void **state)
{
	(void)state;
	assert_true(shmem_factory_read(&t.s, 0, 8) == SHMEM_SIGNATURE);
	assert_int_equal(shmem_factory_read(&t.s, 16, 4), 38);
	assert_int_equal(create("hello", 3), SHMEM_OK);
	assert_string_equal(t.name, "hello");
	assert_int_equal(t.pages, 3);
	assert_true(shmem_factory_read(&t.s, 8, 8) == WINDOWS);
	assert_int_equal(shmem_factory_read(&t.s, 24, 4), 3);
	assert_true(t.mapped == WINDOWS + SHMEM_PAGE);
	assert_int_equal(shmem_factory_read(&t.s, 28, 1), 'h');
	assert_int_equal(shmem_factory_read(&t.s, 60, 4), 0);
	assert_int_equal(shmem_factory_read(&t.s, 4088, 8), 0);
}

static void the_name_is_read_by_bytes_and_long_words(void **state)
{
	(void)state;
	shmem_factory_write(&t.s, 29, 1, 'b');
	shmem_factory_write(&t.s, 28, 1, 'a');
	shmem_factory_write(&t.s, 24, 2, 7); /* half of the size: nothing */
	assert_int_equal(t.joins, 0);
	shmem_factory_write(&t.s, 24, 8, 2ull | (uint64_t)'x' << 32 | (uint64_t)'y' << 40);
	assert_int_equal(t.joins, 1);
	assert_string_equal(t.name, "xy");
	assert_int_equal(t.pages, 2);
}

static void errors_have_their_status(void **state)
{
	(void)state;
	assert_int_equal(create("", 1), SHMEM_ILLEGAL_NAME);
	assert_int_equal(create("abcdefghijklmnopqrstuvwxyz012345", 1), SHMEM_ILLEGAL_NAME);
	assert_int_equal(t.joins, 0);
	t.error = -ENOMEM;
	assert_int_equal(create("a", 1), SHMEM_NO_MEMORY);
	t.error = -EMFILE;
	assert_int_equal(create("a", 1), SHMEM_CLIENTS_MAX);
	t.error = -EINVAL;
	assert_int_equal(create("a", 1), SHMEM_ILLEGAL_NAME);
	t.error = -ENOENT;
	assert_int_equal(create("a", 1), SHMEM_UNKNOWN_FAILURE);
}

static void what_does_not_fit_is_left(void **state)
{
	(void)state;
	assert_int_equal(create("a", 15), SHMEM_OK);
	assert_int_equal(t.left, 0);
	assert_int_equal(create("b", 16), SHMEM_NO_MEMORY);
	assert_int_equal(t.left, 51);
	t.map_error = -EPERM;
	assert_int_equal(create("c", 1), SHMEM_UNKNOWN_FAILURE);
	assert_int_equal(t.left, 52);
}

static void windows_run_out(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHMEM_WINDOWS; i++)
		assert_int_equal(create("a", 1), SHMEM_OK);
	assert_int_equal(create("a", 1), SHMEM_CLIENTS_MAX);
	assert_true(shmem_window_write(&t.s, 2 * BYTES + 12, 4, 1));
	assert_int_equal(t.left, 52);
	assert_int_equal(t.unmapped, 52);
	assert_int_equal(create("a", 1), SHMEM_OK);
	assert_true(shmem_factory_read(&t.s, 8, 8) == WINDOWS + 2 * BYTES);
}

static void rules_decide_by_name(void **state)
{
	(void)state;
	assert_true(shmem_allowed(t.s.rule, t.s.rule_count, "x"));
	shmem_rule_add(&t.s, false, "pluto");
	shmem_rule_add(&t.s, true, "pluto*");
	assert_false(shmem_allowed(t.s.rule, t.s.rule_count, "pluto"));
	assert_true(shmem_allowed(t.s.rule, t.s.rule_count, "pluto2"));
	assert_true(shmem_allowed(t.s.rule, t.s.rule_count, "mars"));
	t.s.rule_count = 0;
	shmem_rule_add(&t.s, true, "a*");
	assert_true(shmem_allowed(t.s.rule, t.s.rule_count, "ab"));
	assert_false(shmem_allowed(t.s.rule, t.s.rule_count, "b"));
	assert_int_equal(create("b", 1), SHMEM_UNKNOWN_FAILURE);
	assert_int_equal(t.joins, 0);
	while (shmem_rule_add(&t.s, true, "x"))
		;
	assert_int_equal(t.s.rule_count, SHMEM_RULES);
}

static void a_change_raises_the_line_until_it_is_read(void **state)
{
	(void)state;
	create("a", 1);
	create("b", 1);
	shmem_changed(&t.s, 50, 0, 1); /* nothing new */
	assert_int_equal(t.lines, 0);
	shmem_changed(&t.s, 50, 1u << 3, 9);
	shmem_changed(&t.s, 51, 0, 7);
	assert_int_equal(t.lines, 1);
	assert_true(t.level);
	assert_int_equal(control_read(0, 0), 9u << 16 | 8);
	assert_true(t.level); /* the other one */
	assert_int_equal(control_read(1, 0), 7u << 16);
	assert_false(t.level);
	assert_int_equal(control_read(0, 0), 9u << 16); /* reading has cleared it */
	assert_int_equal(control_read(1, 4), 1);
}

static void notes_go_to_others_only(void **state)
{
	(void)state;
	create("a", 1);
	create("b", 1);
	assert_true(shmem_window_write(&t.s, BYTES + 8, 4, 0xffffffff));
	assert_int_equal(t.notified, 0xffffffff & ~2u);
}

static void after_detaching_there_is_nothing(void **state)
{
	uint64_t value;

	(void)state;
	assert_false(shmem_window_read(&t.s, 0, 4, &value));
	create("a", 1);
	shmem_changed(&t.s, 50, 2, 3);
	assert_true(t.level);
	assert_true(shmem_window_write(&t.s, 12, 4, 0));
	assert_false(t.level);
	assert_false(shmem_window_read(&t.s, 0, 4, &value));
	assert_false(shmem_window_write(&t.s, 8, 4, 1));
	assert_false(shmem_window_read(&t.s, SHMEM_WINDOWS * BYTES, 4, &value));
	assert_false(shmem_window_read(&t.s, SHMEM_PAGE, 4, &value));
	shmem_changed(&t.s, 50, 2, 1); /* late news of it */
	assert_false(t.level);
}

static void other_sizes_are_no_registers(void **state)
{
	uint64_t value;

	(void)state;
	create("a", 1);
	shmem_changed(&t.s, 50, 2, 3);
	assert_true(shmem_window_read(&t.s, 0, 2, &value));
	assert_int_equal(value, 0);
	assert_true(t.level);
	assert_true(shmem_window_write(&t.s, 8, 1, 0xff));
	assert_int_equal(t.notified, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
	    TEST(the_factory_page_is_as_documented),
	    TEST(the_name_is_read_by_bytes_and_long_words),
	    TEST(errors_have_their_status),
	    TEST(what_does_not_fit_is_left),
	    TEST(windows_run_out),
	    TEST(rules_decide_by_name),
	    TEST(a_change_raises_the_line_until_it_is_read),
	    TEST(notes_go_to_others_only),
	    TEST(after_detaching_there_is_nothing),
	    TEST(other_sizes_are_no_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
