/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/boot/ranges.c */
/* CFLAGS: -Ikernel/include */
/* The start's lists of RAM, compared with a map of its pages. */
#include "console.h"
#include "kernel/boot/ranges.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define PAGES 64u

static unsigned said;

void printk(const char *format, ...)
{
	(void)format;
	said++;
}

static void assert_list(const struct range *list, unsigned count, const bool pages[PAGES])
{
	bool got[PAGES] = {false};

	for (unsigned i = 0; i < count; i++) {
		assert_true(list[i].bytes != 0 && is_aligned(list[i].start | list[i].bytes, PAGE_SIZE));
		assert_true(i == 0 || list[i - 1].start + list[i - 1].bytes < list[i].start);
		for (uint64_t at = 0; at < list[i].bytes; at += PAGE_SIZE)
			got[(list[i].start + at) / PAGE_SIZE] = true;
	}
	assert_memory_equal(got, pages, sizeof(got));
}

static void lists_hold_what_was_added_and_not_removed(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct range list[BOOT_RAM_MAX];
		unsigned count = 0;
		bool pages[PAGES] = {false};

		said = 0;
		for (unsigned step = 0; step < 8; step++) {
			uint64_t start = random_below(&seed, (PAGES - 8) * 4096), bytes = random_below(&seed, 8 * 4096);
			bool add = random_below(&seed, 3) != 0;
			struct range r = {start, bytes};

			if (add)
				ranges_add(list, &count, r);
			else
				ranges_remove(list, &count, r);
			for (unsigned i = 0; i < PAGES; i++) {
				if (add && range_holds(start, bytes, i * PAGE_SIZE, PAGE_SIZE))
					pages[i] = true;
				if (!add && ranges_overlap(start, bytes, i * PAGE_SIZE, PAGE_SIZE))
					pages[i] = false;
			}
			assert_list(list, count, pages);
		}
		assert_int_equal(said, 0);
	}
}

static void what_wraps_or_finds_no_room_is_left_out(void **state)
{
	struct range list[BOOT_RAM_MAX];
	unsigned count = 0;

	(void)state;
	ranges_add(list, &count, (struct range){PAGE_SIZE, 0 - PAGE_SIZE});
	ranges_add(list, &count, (struct range){UINT64_MAX - 100, 50});
	assert_int_equal(count, 0);
	said = 0;
	for (unsigned i = 0; i < BOOT_RAM_MAX + 1; i++)
		ranges_add(list, &count, (struct range){2 * i * PAGE_SIZE, PAGE_SIZE});
	assert_int_equal(count, BOOT_RAM_MAX);
	assert_int_equal(said, 1);
	assert_int_equal(list[BOOT_RAM_MAX - 1].start, (BOOT_RAM_MAX - 1) * 2 * PAGE_SIZE);
	ranges_remove(list, &count, (struct range){1ull << 46, 0 - (1ull << 46) - PAGE_SIZE});
	assert_int_equal(count, BOOT_RAM_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_hold_what_was_added_and_not_removed),
	    cmocka_unit_test(what_wraps_or_finds_no_room_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
