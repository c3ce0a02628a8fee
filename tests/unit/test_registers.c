/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: */
/* CFLAGS: -iquote kernel/include -iquote guests/registers */
/* The lists by which the kernel switches registers of EL1 are those of guests/registers/registers.def, name by name. */
#include "kernel/arch/aarch64/el1.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum disposition { TRAPPED, EL1, DEBUG, SWITCHED, ANSWERED, CONSTANT, LIVE };

static const struct row {
	const char *name;
	unsigned op0, op1, crn, crm_from, crm_to, op2_from, op2_to;
	enum disposition disposition;
	uint64_t mask;
	const char *why;
} rows[] = {
#define R(name, ...) {#name, __VA_ARGS__},
#include "registers.def"
#undef R
};

#define X(a, b) #a, #b,
static const char *const el1[] = {EL1_SWITCHED(X)};
#undef X
#define X(name) #name,
/* Those that vcpu_state.c names itself: as many as the core has, with an order, or under another name. */
static const char *const debug[] = {DEBUG_SWITCHED(X) "dbgbvr", "dbgbcr",         "dbgwvr", "dbgwcr", "mdscr_el1",
				    "dbgclaimset_el1",          "dbgclaimclr_el1"};
#undef X

static bool is_in(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(list[i], name))
			return true;
	}
	return false;
}

static void check_list(enum disposition disposition, const char *const *list, size_t count)
{
	size_t of_table = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool switched = is_in(rows[i].name, list, count);

		if (switched != (rows[i].disposition == disposition))
			fail_msg("%s: the kernel's list and the table disagree", rows[i].name);
		of_table += switched;
	}
	assert_int_equal(of_table, count);
}

static void lists_of_the_kernel_are_the_tables(void **state)
{
	(void)state;
	check_list(EL1, el1, COUNT(el1));
	check_list(DEBUG, debug, COUNT(debug));
}

static bool overlap(const struct row *a, const struct row *b)
{
	return a->op0 == b->op0 && a->op1 == b->op1 && a->crn == b->crn && a->crm_from <= b->crm_to &&
	       b->crm_from <= a->crm_to && a->op2_from <= b->op2_to && b->op2_from <= a->op2_to;
}

static void rows_of_the_table_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		bool keeps = r->disposition == EL1 || r->disposition == DEBUG || r->disposition == SWITCHED ||
			     r->disposition == ANSWERED;

		for (size_t j = 0; j < i; j++)
			assert_false(overlap(r, &rows[j]));
		assert_true(r->crm_from <= r->crm_to && r->crm_to < 16 && r->op2_from <= r->op2_to && r->op2_to < 8);
		assert_true((r->op0 == 2 || r->op0 == 3) && r->op1 < 8 && r->crn < 16);
		/* What keeps a value gets a pattern, and only that; all else says why not. */
		assert_true(!r->mask || keeps);
		if (r->disposition != EL1 || !r->mask)
			assert_true(*r->why != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_of_the_kernel_are_the_tables),
	    cmocka_unit_test(rows_of_the_table_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
