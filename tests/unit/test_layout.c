/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/layout.c */
#include "servers/procmgr/layout.h"
#include "servers/procmgr/start.h"
#include "siphash.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <sysplan.h>

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* The paper's reference vector: key 00 to 0f, message 00 to 07. */
static void siphash_gives_the_reference_value(void **state)
{
	(void)state;
	assert_int_equal(siphash(key, 0x0706050403020100), 0x93f5f5799a932462);
}

static const struct layout_sizes sizes = {.program = 0x53000,
					  .heap = 0x200000,
					  .rom = 0x2345000,
					  .window = 0x40000000,
					  .rom_pa = 0x48077000,
					  .modules = {0x3000, 0x4000},
					  .module_count = 2};

#define KINDS 7
struct piece {
	uint64_t start, bytes;
};

static void pieces_of(const struct layout *l, struct piece piece[KINDS])
{
	piece[0] = (struct piece){l->modules[0], sizes.modules[0]};
	piece[1] = (struct piece){l->modules[1], sizes.modules[1]};
	piece[2] = (struct piece){l->program, sizes.program};
	piece[3] = (struct piece){l->stack, STACK_BYTES};
	piece[4] = (struct piece){l->heap, sizes.heap};
	piece[5] = (struct piece){l->rom, sizes.rom};
	piece[6] = (struct piece){l->window, sizes.window};
}

static void every_start_lies_elsewhere(void **state)
{
	static struct piece all[256][KINDS];
	unsigned count = 0;

	(void)state;
	for (uint32_t slot = 1; slot <= 16; slot++) {
		for (uint32_t starts = 0; starts < 16; starts++) {
			struct layout layout;
			struct piece *piece = all[count++];

			assert_true(layout_make(&layout, &sizes, key, slot, starts));
			pieces_of(&layout, piece);
			assert_int_equal(layout.window % LAYOUT_BLOCK, 0);
			assert_int_equal((layout.rom - sizes.rom_pa) % LAYOUT_BLOCK, 0);
			for (unsigned i = 0; i < KINDS; i++) {
				assert_int_equal(piece[i].start % PLAN_PAGE, 0);
				/* Ascending, with something unmapped in between. */
				assert_true(piece[i].start > (i ? piece[i - 1].start + piece[i - 1].bytes : 0));
			}
			assert_true(layout.window + sizes.window < 1ull << 39);
		}
	}
	/* A window has 17 bits, all else at least 20: of 256 starts a few may meet by chance, at most. */
	for (unsigned kind = 0; kind < KINDS; kind++) {
		unsigned same = 0;

		for (unsigned i = 0; i < count; i++)
			for (unsigned j = 0; j < i; j++)
				same += all[i][kind].start == all[j][kind].start;
		assert_true(same <= 4);
	}
}

static void every_start_gets_another_guard(void **state)
{
	uint64_t guard[64];
	unsigned count = 0;

	(void)state;
	for (uint32_t slot = 1; slot <= 8; slot++)
		for (uint32_t starts = 0; starts < 4; starts++)
			for (unsigned half = 0; half < 2; half++)
				guard[count++] = layout_random(key, slot, starts, USE_GUARD + half);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(guard[i], guard[j]);
}

static void what_is_too_large_is_refused(void **state)
{
	struct layout layout;
	struct layout_sizes large = sizes;

	(void)state;
	large.heap = AREA_BYTES - 2 * PLAN_PAGE;
	assert_true(layout_make(&layout, &large, key, 1, 1));
	assert_int_equal(layout.heap, AREA_HEAP + PLAN_PAGE);
	large.heap += PLAN_PAGE;
	assert_false(layout_make(&layout, &large, key, 1, 1));
	large = sizes;
	large.window = WINDOW_BYTES;
	assert_false(layout_make(&layout, &large, key, 1, 1));
	large = sizes;
	large.rom = AREA_BYTES;
	assert_false(layout_make(&layout, &large, key, 1, 1));
	large = sizes;
	large.modules[1] = AREA_MODULE;
	assert_false(layout_make(&layout, &large, key, 1, 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(siphash_gives_the_reference_value),
	    cmocka_unit_test(every_start_lies_elsewhere),
	    cmocka_unit_test(every_start_gets_another_guard),
	    cmocka_unit_test(what_is_too_large_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
