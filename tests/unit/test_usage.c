/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/shell/usage.c */
/* What top and hogs make of the kernel's CPU times. */
#include "servers/shell/usage.h"
#include "unit.h"
#include <string.h>

static struct usage u;
static struct usage_row row;

static int forget_looks(void **state)
{
	(void)state;
	memset(&u, 0, sizeof(u));
	usage_begin(&u, 1000);
	return 0;
}

static void expect_use(uint64_t key, uint64_t all_ns, uint64_t time_ns, uint64_t ns, uint64_t interval_ns)
{
	usage_note(&u, key, all_ns, time_ns, &row);
	assert_int_equal(row.ns, ns);
	if (ns != 0)
		assert_int_equal(row.interval_ns, interval_ns);
}

static void only_what_is_new_counts(void **state)
{
	(void)state;
	expect_use(1, 100, 1010, 100, 1010);
	expect_use(3, 50, 1020, 50, 1020);
	expect_use(4, 70, 1030, 70, 1030);
	expect_use(9, 10, 1040, 10, 1040);
	usage_begin(&u, 2000);
	expect_use(1, 130, 2110, 30, 1100); /* went on */
	expect_use(2, 8, 2120, 8, 1120);    /* new: since that look began */
	expect_use(4, 70, 2130, 0, 0);      /* slept; number 3 has ended */
	expect_use(9, 4, 2140, 4, 1140);    /* has the number of one that has ended */
	expect_use(12, 5, 2150, 5, 1150);
	usage_begin(&u, 3000);
	expect_use(9, 6, 3000, 2, 860);
	assert_int_equal(u.lost, 0);
}

/* Also when all of the look before is passed. */
static void what_finds_no_room_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < USAGE_MAX + 3; i++)
		expect_use(i, i + 5, 1010, i < USAGE_MAX ? i + 5 : 0, 1010);
	assert_int_equal(u.lost, 3);
	usage_begin(&u, 2000);
	expect_use(USAGE_MAX, 7, 2500, 7, 1500);
	assert_int_equal(u.lost, 0);
}

static void the_largest_come_first(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * USAGE_ROWS; i++) {
		row.slot = i;
		row.ns = i * 7 % (3 * USAGE_ROWS); /* each once */
		usage_add(&u, &row);
	}
	assert_int_equal(u.row_count, USAGE_ROWS);
	for (unsigned i = 0; i < USAGE_ROWS; i++) {
		assert_int_equal(u.rows[i].ns, 3 * USAGE_ROWS - 1 - i);
		assert_int_equal(u.rows[i].slot * 7 % (3 * USAGE_ROWS), u.rows[i].ns);
	}
}

static void shares_are_tenths_of_a_percent(void **state)
{
	(void)state;
	assert_int_equal(usage_share(0, 5), 0);
	assert_int_equal(usage_share(1, 3), 333);
	assert_int_equal(usage_share(6, 5), 1000);
	assert_int_equal(usage_share(0, 0), 1000); /* of nothing */
	assert_int_equal(usage_share(3600ull * 1000000000 * 7, 3600ull * 1000000000 * 8), 875);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(only_what_is_new_counts, forget_looks),
	    cmocka_unit_test_setup(what_finds_no_room_is_told, forget_looks),
	    cmocka_unit_test_setup(the_largest_come_first, forget_looks),
	    cmocka_unit_test(shares_are_tenths_of_a_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
