/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sysconf/plan.c */
#include "unit.h"
#include <sysplan.h>

#define MIB 0x100000ull

static bool overlaps(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* What every plan owes to everybody: aligned, inside one free range, and nothing owned twice. */
static void assert_sound(const struct plan *plan, const struct range *free, unsigned count)
{
	for (unsigned i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->item[i];
		unsigned inside = 0;

		assert_int_equal(item->start % item->align, 0);
		assert_int_equal(item->bytes % PLAN_PAGE, 0);
		for (unsigned r = 0; r < count; r++)
			inside +=
			    item->start >= free[r].start && item->start + item->bytes <= free[r].start + free[r].bytes;
		assert_int_equal(inside, 1);
		for (unsigned j = 0; j < i; j++)
			assert_false(overlaps(item->start, item->bytes, plan->item[j].start, plan->item[j].bytes));
	}
}

static void every_wish_gets_its_own_range(void **state)
{
	static const struct range free[] = {{0x40001000, 3 * MIB}, {0x48000000, 64 * MIB}};
	struct plan plan = {0};
	struct plan_shortage shortage;

	(void)state;
	for (uint32_t slot = 1; slot < 6; slot++) {
		assert_true(plan_add(&plan, slot, PLAN_KERNEL_MEMORY, 256 * 1024, SYS_ANYWHERE));
		assert_true(plan_add(&plan, slot, PLAN_RAM, MIB + 1, SYS_ANYWHERE));
	}
	assert_true(plan_add(&plan, 5, PLAN_GUEST_RAM, 32 * MIB, SYS_ANYWHERE));
	assert_true(plan_place(&plan, free, 2, &shortage));
	assert_sound(&plan, free, 2);
	assert_int_equal(plan_find(&plan, 3, PLAN_RAM)->bytes, MIB + PLAN_PAGE);
	assert_int_equal(plan_find(&plan, 5, PLAN_GUEST_RAM)->start % PLAN_BLOCK, 0);
	assert_null(plan_find(&plan, 4, PLAN_GUEST_RAM));
}

static void the_last_free_page_is_used(void **state)
{
	static const struct range free[] = {{0x80000000, 4 * MIB}};
	struct plan plan = {0};
	struct plan_shortage shortage;

	(void)state;
	plan_add(&plan, 1, PLAN_RAM, MIB, SYS_ANYWHERE);
	plan_add(&plan, 2, PLAN_GUEST_RAM, 2 * MIB, SYS_ANYWHERE);
	plan_add(&plan, 1, PLAN_KERNEL_MEMORY, MIB, SYS_ANYWHERE);
	assert_true(plan_place(&plan, free, 1, &shortage));
	assert_sound(&plan, free, 1);
	plan_add(&plan, 3, PLAN_RAM, 1, SYS_ANYWHERE);
	assert_false(plan_place(&plan, free, 1, &shortage));
}

static void a_shortage_is_named_in_bytes(void **state)
{
	static const struct range free[] = {{0x40000000, 8 * MIB}, {0x50000000, 4 * MIB}};
	struct plan plan = {0};
	struct plan_shortage shortage;

	(void)state;
	plan_add(&plan, 1, PLAN_RAM, MIB, SYS_ANYWHERE);
	plan_add(&plan, 2, PLAN_GUEST_RAM, 16 * MIB, SYS_ANYWHERE);
	assert_false(plan_place(&plan, free, 2, &shortage));
	assert_int_equal(shortage.needed, 17 * MIB);
	assert_int_equal(shortage.available, 12 * MIB);
	assert_int_equal(shortage.largest, 8 * MIB);
	assert_int_equal(shortage.item->slot, 2);
	assert_int_equal(shortage.item->use, PLAN_GUEST_RAM);
}

static void enough_bytes_in_too_short_pieces_are_a_shortage(void **state)
{
	/* The free range is long enough, but holds no aligned 4 MiB. */
	static const struct range free[] = {{0x40001000, 5 * MIB}};
	struct plan plan = {0};
	struct plan_shortage shortage;

	(void)state;
	plan_add(&plan, 1, PLAN_GUEST_RAM, 4 * MIB, SYS_ANYWHERE);
	assert_false(plan_place(&plan, free, 1, &shortage));
	assert_true(shortage.needed < shortage.available);
	assert_int_equal(shortage.largest, 3 * MIB + PLAN_PAGE);
}

static void unreasonable_wishes_are_refused(void **state)
{
	struct plan plan = {0};

	(void)state;
	assert_false(plan_add(&plan, 1, PLAN_RAM, 0, SYS_ANYWHERE));
	assert_false(plan_add(&plan, 1, PLAN_RAM, PLAN_BYTES_MAX + 1, SYS_ANYWHERE));
	assert_false(plan_add(&plan, 1, PLAN_RAM, UINT64_MAX, SYS_ANYWHERE));
	assert_int_equal(plan.count, 0);
	for (unsigned i = 0; i < PLAN_ITEM_MAX; i++)
		assert_true(plan_add(&plan, 1, PLAN_RAM, 1, SYS_ANYWHERE));
	assert_false(plan_add(&plan, 1, PLAN_RAM, 1, SYS_ANYWHERE));
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void random_plans_are_sound(void **state)
{
	uint32_t seed = 1;
	unsigned placed = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct range free[3];
		struct plan plan = {0};
		struct plan_shortage shortage;
		uint64_t at = 0x40000000;

		for (unsigned r = 0; r < 3; r++) {
			at += (1 + next_random(&seed) % 2000) * PLAN_PAGE;
			free[r] = (struct range){at, (1 + next_random(&seed) % 8000) * PLAN_PAGE};
			at += free[r].bytes;
		}
		for (unsigned i = next_random(&seed) % 40; i > 0; i--)
			plan_add(&plan, i, (enum plan_use)(next_random(&seed) % 3), 1 + next_random(&seed) % (3 * MIB),
				 SYS_ANYWHERE);
		if (plan_place(&plan, free, 3, &shortage)) {
			assert_sound(&plan, free, 3);
			placed++;
		} else {
			assert_true(shortage.largest < shortage.item->bytes);
			refused++;
		}
	}
	assert_true(placed > 200 && refused > 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_wish_gets_its_own_range),
	    cmocka_unit_test(the_last_free_page_is_used),
	    cmocka_unit_test(a_shortage_is_named_in_bytes),
	    cmocka_unit_test(enough_bytes_in_too_short_pieces_are_a_shortage),
	    cmocka_unit_test(unreasonable_wishes_are_refused),
	    cmocka_unit_test(random_plans_are_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
