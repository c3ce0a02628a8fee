/* SPDX-License-Identifier: Apache-2.0 */
/* Whose rights decide: stage 1 of the access, of its walk and of a fetch; watchpoints. */
#include "guest.h"

/* Rights of stage 1 are those of the access that is made, in each page that it touches. */
static void rights_are_those_of_the_access_in_each_page(void **state)
{
	static const struct {
		uint32_t word;
		uint64_t pstate, page;
		uint64_t good; /* rights that are enough for the other page */
		uint64_t iss;  /* 0: done */
	} rows[] = {
	    {LDP_W1_W2_X0, 0, USER, USER, 0},
	    {LDP_W1_W2_X0, 0, 0, USER, 0x0f},
	    {LDP_W1_W2_X0, 0, USER | READONLY, USER, 0},
	    {STP_W1_W2_X0, 0, USER | READONLY, USER, 0x4f},
	    {STP_W1_W2_X0, 0, USER, USER, 0},
	    {STP_W1_W2_X0, EL1H, READONLY, 0, 0x4f},
	    {LDP_W1_W2_X0, EL1H, USER, 0, 0},
	    {LDP_W1_W2_X0, EL1H | PAN, USER, 0, 0x0f},
	    {LDP_W1_W2_X0, EL1H | PAN, 0, 0, 0},
	    {LDTR_X3_X0, EL1H, 0, USER, 0x0f},
	    {LDTR_X3_X0, EL1H | PAN, USER, USER, 0},
	    {LDTR_X3_X0, EL1H | UAO, 0, 0, 0},
	    {LDTR_X3_X0, EL1H | UAO | PAN, USER, 0, 0x0f},
	    {STTR_X3_X0, EL1H, USER | READONLY, USER, 0x4f},
	    {STTR_X3_X0, EL1H, USER, USER, 0},
	};

	(void)state;
	map_page(0, CODE, 0);
	vreg[0] = 0x4ffc;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint64_t wnr = rows[i].word == STP_W1_W2_X0 || rows[i].word == STTR_X3_X0 ? WNR : 0;

		vreg[VREG_PSTATE] = rows[i].pstate;
		put_word(rows[i].word);
		for (unsigned second = 0; second < 2; second++) {
			logged = 0;
			map_page(4, DEVICE, second ? rows[i].good : rows[i].page);
			map_page(5, RAM + 0x4000, second ? rows[i].page : rows[i].good);
			run_exit((struct emulate_exit){
			    .ipa = DEVICE + 0xffc, .esr = TRANSLATE | wnr, .far = 0x4ffc, .pc = 0});
			if (rows[i].iss == 0)
				assert_int_equal(result.outcome, EMULATE_DONE);
			else
				expect_abort(rows[i].iss, second ? 4 : 0);
			assert_int_equal(logged != 0, rows[i].iss == 0);
		}
	}
}

/* Walks that stage 2 stops, addresses beyond what is shown, maintenance of what is not there. */
static void a_walk_that_stage_2_stops_is_an_abort(void **state)
{
	(void)state;
	map_page(4, HOLE, 0);
	put_value(TABLES + 0x1000, 0x0a000000ull | 3);
	run_exit((struct emulate_exit){.ipa = HOLE, .esr = S1PTW | TRANSLATE, .far = 0x4008, .pc = CODE});
	expect_abort(0x17, 0);
	run_exit((struct emulate_exit){.ipa = HOLE, .esr = S1PTW | TRANSLATE | WNR, .far = 0x4008, .pc = CODE});
	expect_abort(0x17 | WNR, 0);
	put_value(TABLES, 0x0a000000ull | 3);
	run_exit((struct emulate_exit){.ipa = HOLE, .esr = S1PTW | TRANSLATE, .far = 0x4008, .pc = CODE});
	expect_abort(0x16, 0);
	vreg[VREG_TTBR0_EL1] = HOLE;
	run_exit((struct emulate_exit){.ipa = HOLE, .esr = S1PTW | TRANSLATE, .far = 0x4008, .pc = CODE});
	expect_abort(0x15, 0);
	/* The walk is good, but what it found could not be marked. */
	map_page(4, HOLE, 0);
	run_exit((struct emulate_exit){.ipa = HOLE, .esr = S1PTW | PERMIT | WNR, .far = 0x4008, .pc = CODE});
	expect_abort(0x17 | WNR, 0);
	map_page(4, 0x10000000000ull, 0);
	run_exit(
	    (struct emulate_exit){.ipa = 0x10000000000ull, .esr = ISV | SAS(2) | TRANSLATE, .far = 0x4008, .pc = CODE});
	expect_abort(0x03, 0);
	vreg[VREG_SCTLR_EL1] = 0;
	run_exit((struct emulate_exit){
	    .ipa = 0x10000000000ull, .esr = ISV | SAS(2) | TRANSLATE, .far = 0x10000000008ull, .pc = CODE});
	expect_abort(0x00, 0);
	assert_int_equal(nothing, 0);
	assert_int_equal(
	    run_exit((struct emulate_exit){.ipa = HOLE, .esr = CM | WNR | TRANSLATE, .far = HOLE, .pc = CODE}),
	    EMULATE_DONE);
	assert_int_equal(
	    run_exit((struct emulate_exit){.ipa = UINT64_MAX, .esr = CM | WNR | PERMIT, .far = ROM, .pc = CODE}),
	    EMULATE_DONE);
	assert_int_equal(nothing, 0);
}

static unsigned fetch(struct emulate_exit exit, uint64_t *ipa)
{
	take_registers(&exit);
	return emulate_fetch(&memory, &exit, ipa);
}

static void a_fetch_from_nothing_is_an_abort(void **state)
{
	struct emulate_exit exit = {.ipa = HOLE, .esr = TRANSLATE, .far = 0x4000, .pc = 0x4000};
	uint64_t ipa;

	(void)state;
	map_page(4, HOLE, 0);
	assert_int_equal(fetch(exit, &ipa), 0x10);
	assert_int_equal(ipa, HOLE);
	exit.ipa = UINT64_MAX;
	exit.esr = PERMIT;
	assert_int_equal(fetch(exit, &ipa), 0x10);
	assert_int_equal(ipa, HOLE);
	map_page(4, 0x20000000000ull, 0);
	exit.ipa = 0x20000000000ull;
	assert_int_equal(fetch(exit, &ipa), 0x03);
	put_value(TABLES + 0x1000, 0x0a000000ull | 3);
	exit.esr = S1PTW | TRANSLATE;
	assert_int_equal(fetch(exit, &ipa), 0x17);
	vreg[VREG_SCTLR_EL1] = 0;
	exit.esr = TRANSLATE;
	exit.ipa = exit.far = 0x20000000000ull;
	assert_int_equal(fetch(exit, &ipa), 0x00);
}

/* One watchpoint each, and what it does to ldp and stp of w1, w2 at DEVICE + 8. */
static const struct {
	uint64_t wcr, wvr;
	bool load, store; /* whether they hit */
	uint64_t offset;
} watchpoints[] = {
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5, DEVICE + 8, true, true, 0},
    {0x1 | 3 << 1 | 1 << 3 | 0xff << 5, DEVICE + 8, true, false, 0},
    {0x1 | 3 << 1 | 2 << 3 | 0xff << 5, DEVICE + 8, false, true, 0},
    {0x1 | 1 << 1 | 3 << 3 | 0xff << 5, DEVICE + 8, true, true, 0},
    {0x1 | 2 << 1 | 3 << 3 | 0xff << 5, DEVICE + 8, false, false, 0}, /* EL0's only */
    {0x0 | 3 << 1 | 3 << 3 | 0xff << 5, DEVICE + 8, false, false, 0},
    {0x1 | 3 << 1 | 3 << 3 | 0x80 << 5, DEVICE + 8, true, true, 7},
    {0x1 | 3 << 1 | 3 << 3 | 0x01 << 5, DEVICE + 12, true, true, 4}, /* a word's own four bytes */
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5, DEVICE + 16, false, false, 0},
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5, DEVICE, false, false, 0},
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5 | 4 << 24, DEVICE, true, true, 0}, /* 16 bytes */
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5 | 31u << 24, DEVICE & ~0x7fffffffull, true, true, 0},
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5 | 1 << 20, DEVICE + 8, false, false, 0}, /* linked */
    {0x1 | 3 << 1 | 3 << 3 | 0xff << 5 | 2 << 14, DEVICE + 8, false, false, 0}, /* Secure state */
};

/* Watchpoints: which byte, which direction, whose access, and whether debug exceptions are on. */
static void watchpoints_hit_as_the_architecture_says(void **state)
{
	(void)state;
	vreg[0] = DEVICE + 8;
	vreg[VREG_MDSCR_EL1] = 1 << 15 | 1 << 13;
	for (unsigned i = 0; i < sizeof(watchpoints) / sizeof(watchpoints[0]); i++) {
		logged = 0;
		vreg[VREG_DBGWCR0 + i] = watchpoints[i].wcr;
		vreg[VREG_DBGWVR0 + i] = watchpoints[i].wvr;
		run_load(LDP_W1_W2_X0, DEVICE + 8);
		if (watchpoints[i].load)
			expect_abort(0x22, watchpoints[i].offset);
		assert_int_equal(logged, watchpoints[i].load ? 0 : 2);
		run_store(STP_W1_W2_X0, DEVICE + 8);
		if (watchpoints[i].store)
			expect_abort(0x22 | WNR, watchpoints[i].offset);
		assert_int_equal(logged, (watchpoints[i].load ? 0 : 2) + (watchpoints[i].store ? 0 : 2));
		vreg[VREG_DBGWCR0 + i] = 0;
	}
	vreg[VREG_DBGWCR0 + 15] = watchpoints[0].wcr;
	vreg[VREG_DBGWVR0 + 15] = watchpoints[0].wvr;
	vreg[VREG_PSTATE] = EL1H | 1 << 9; /* D */
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
	vreg[VREG_PSTATE] = EL1H;
	vreg[VREG_MDSCR_EL1] = 1 << 15;
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
	vreg[VREG_PSTATE] = 0; /* EL0 needs neither KDE nor D clear */
	run_load(LDP_W1_W2_X0, DEVICE + 8);
	expect_abort(0x22, 0);
	vreg[VREG_OSLOCK] = 1;
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
	vreg[VREG_OSLOCK] = 0;
	vreg[VREG_MDSCR_EL1] = 1 << 13;
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
}

int right_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(rights_are_those_of_the_access_in_each_page),
	    CASE(a_walk_that_stage_2_stops_is_an_abort),
	    CASE(a_fetch_from_nothing_is_an_abort),
	    CASE(watchpoints_hit_as_the_architecture_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
