/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/shell/samples.c servers/shell/text.c servers/shell/partition.c */
/* What the prompt's `aps` reads and adds up: numbers with decimals, words of flags, samples of longer windows. */
#include "servers/shell/partition.h"
#include "servers/shell/samples.h"
#include "servers/shell/text.h"
#include "unit.h"
#include <errno.h>
#include <string.h>

#define MS 1000000ull

/* procmgr, which knows "a" as 1 and nothing else. */
int SchedCtl_r(int command, void *data, size_t length)
{
	struct sched_aps_lookup_parms *lookup = data;

	(void)length;
	if (command == SCHED_APS_QUERY_PARTITION)
		return ((struct sched_aps_partition_info *)data)->id <= 1 ? 0 : -ESRCH;
	assert_int_equal(command, SCHED_APS_LOOKUP);
	lookup->id = 1;
	return strcmp(lookup->name, "a") == 0 ? 0 : -ESRCH;
}

static void decimals_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		unsigned decimals;
		uint32_t value;
	} good[] = {{"0", 2, 0},      {"100", 2, 10000}, {"12.5", 2, 1250},  {"0.01", 2, 1},
		    {"7.25", 2, 725}, {"1.5", 3, 1500},  {"10000", 0, 10000}};
	static const char *const bad[] = {
	    "", ".5", "5.", "1.234", "100.01", "-1", "1x", "1..2", "99999999999999999999", "0x10", " 1"};
	uint32_t value;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_parse_decimal(good[i].text, good[i].decimals, 10000, &value));
		assert_int_equal(value, good[i].value);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_parse_decimal(bad[i], 2, 10000, &value))
			fail_msg("'%s' is %u", bad[i], value);
}

static void words_stand_for_flags(void **state)
{
	char words[PARTITION_WORDS];
	uint32_t flags = 0;

	(void)state;
	assert_true(partition_parse_security("basic", &flags));
	assert_true(partition_parse_security("sys_joins", &flags));
	assert_true(partition_parse_security("none", &flags));
	assert_false(partition_parse_security("all", &flags));
	assert_int_equal(flags, SCHED_APS_SEC_BASIC | SCHED_APS_SEC_SYS_JOINS);
	partition_security_words(flags, words);
	assert_string_equal(words, "root0_overall root_makes_critical sys_joins");
	partition_security_words(SCHED_APS_SEC_ALL, words);
	assert_non_null(strstr(words, " partitions_locked")); /* there is room for all */
	partition_security_words(SCHED_APS_SEC_OFF, words);
	assert_string_equal(words, "none");
	flags = 0;
	assert_true(partition_parse_policy("normal", &flags) && flags == SCHED_APS_SCHEDPOL_DEFAULT);
	assert_true(partition_parse_policy("limit_cpu_usage", &flags));
	assert_false(partition_parse_policy("limit", &flags));
	partition_policy_words(flags, words);
	assert_string_equal(words, "limit_cpu_usage");
	partition_policy_words(0, words);
	assert_string_equal(words, "normal");
}

static void partitions_have_names_and_ids(void **state)
{
	int32_t id = -1;

	(void)state;
	assert_true(partition_find("aps", "a", &id));
	assert_int_equal(id, 1);
	assert_true(partition_find("aps", "0", &id));
	assert_int_equal(id, 0);
	assert_false(partition_find("aps", "2", &id));
	assert_false(partition_find("aps", "32", &id));
	assert_false(partition_find("aps", "b", &id));
	assert_int_equal(partition_share(1, 3), 3333);
	assert_int_equal(partition_share(4, 3), 10000);
	assert_int_equal(partition_share(4, 0), 0);
}

/* Looks at every `step_ms`; the partition uses a tenth of the time. */
static void look_on(struct samples *s, struct sample *now, unsigned count, unsigned step_ms)
{
	for (unsigned i = 0; i < count; i++) {
		samples_note(s, 100 * MS, now);
		now->time_ns += step_ms * MS;
		now->used_ns[1] += step_ms * MS / 10;
	}
}

static void expect_age(const struct samples *s, const struct sample *now, unsigned which, uint64_t least, uint64_t most)
{
	const struct sample *before = samples_before(s, 100 * MS, which, now);
	uint64_t age;

	assert_non_null(before);
	age = now->time_ns - before->time_ns;
	assert_in_range(age, least * MS, most * MS);
	assert_int_equal(now->used_ns[1] - before->used_ns[1], age / 10);
}

static void longer_windows_end_now(void **state)
{
	static struct samples s;
	struct sample now = {.time_ns = 5000 * MS};

	(void)state;
	assert_null(samples_before(&s, 100 * MS, 0, &now));
	look_on(&s, &now, 9, 100);
	assert_null(samples_before(&s, 100 * MS, 0, &now));
	look_on(&s, &now, 1, 100);
	expect_age(&s, &now, 0, 1000, 1000);
	look_on(&s, &now, 89, 100);
	assert_null(samples_before(&s, 100 * MS, 1, &now));
	look_on(&s, &now, 1, 100);
	expect_age(&s, &now, 1, 10000, 10000);
	/* Whatever the time between two looks. */
	look_on(&s, &now, 777, 37);
	expect_age(&s, &now, 0, 1000, 1150);
	expect_age(&s, &now, 1, 10000, 11100);
	look_on(&s, &now, 20, 5000);
	expect_age(&s, &now, 0, 5000, 5000);
	expect_age(&s, &now, 1, 10000, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decimals_are_read_exactly),
	    cmocka_unit_test(words_stand_for_flags),
	    cmocka_unit_test(partitions_have_names_and_ids),
	    cmocka_unit_test(longer_windows_end_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
