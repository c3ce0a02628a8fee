/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses across the end of RAM, out of a hole and to ROM, and instructions that are no longer what has faulted. */
#include "guest.h"

/* Across the end of RAM: what is RAM is real, the rest all ones, or nothing at all happens. */
static void a_load_across_the_end_of_ram_reads_ones_there(void **state)
{
	(void)state;
	put_value(RAM_END - 8, 0x1122334455667788ull);
	for (unsigned i = 1; i < 8; i++) {
		const struct emulate_exit exit = {
		    .ipa = RAM_END, .esr = ISV | SAS(3) | SRT(3) | SF | TRANSLATE, .far = RAM_END, .pc = CODE};

		tolerant = true;
		put_word(0xf9400003); /* ldr x3, [x0] */
		vreg[0] = RAM_END - i;
		assert_int_equal(run_exit(exit), EMULATE_DONE);
		assert_int_equal(vreg[3], 0x1122334455667788ull >> (64 - 8 * i) | ~0ull << 8 * i);
		tolerant = false;
		vreg[3] = 3;
		run_exit(exit);
		expect_abort(0x10, 0);
		assert_int_equal(vreg[3], 3);
		assert_int_equal(nothing_at, RAM_END);
		assert_int_equal(nothing_size, 8);
	}
	assert_int_equal(logged, 0);
}

static void a_store_across_the_end_of_ram_is_whole_or_refused(void **state)
{
	uint64_t now;

	(void)state;
	for (unsigned i = 1; i < 16; i++) {
		put_value(RAM_END - 16, 0);
		put_value(RAM_END - 8, 0);
		vreg[0] = RAM_END - i - 16;
		vreg[1] = 0x8877665544332211ull;
		vreg[2] = ~0ull;
		put_word(STP_X1_X2_PRE);
		tolerant = false;
		run_exit((struct emulate_exit){.ipa = RAM_END, .esr = WNR | TRANSLATE, .far = RAM_END, .pc = CODE});
		expect_abort(0x10 | WNR, 0);
		assert_int_equal(vreg[0], RAM_END - i - 16);
		memcpy(&now, guest_memory_ptr(&memory, RAM_END - 8, 8), 8);
		assert_int_equal(now, 0);
		tolerant = true;
		assert_int_equal(
		    run_exit((struct emulate_exit){.ipa = RAM_END, .esr = WNR | TRANSLATE, .far = RAM_END, .pc = CODE}),
		    EMULATE_DONE);
		assert_int_equal(vreg[0], RAM_END - i);
		memcpy(&now, guest_memory_ptr(&memory, RAM_END - 8, 8), 8);
		assert_int_equal(now, i < 8
					  ? 0x8877665544332211ull << (64 - 8 * i)
					  : (i == 8 ? 0x8877665544332211ull
						    : 0x8877665544332211ull >> (8 * i - 64) | ~0ull << (128 - 8 * i)));
	}
	assert_int_equal(ram[RAM_SIZE], 0); /* what lies after it in the window: ROM */
}

/* From a hole into RAM: FAR is the first byte, and RAM's bytes are real. The pages are those of stage 1. */
static void an_access_from_a_hole_reaches_into_ram(void **state)
{
	(void)state;
	map_page(0, CODE, 0);
	map_page(4, HOLE, 0);
	map_page(5, RAM + 0x3000, 0);
	put_value(RAM + 0x3000, 0x8877665544332211ull);
	vreg[0] = 0x4ffb;
	put_word(LDP_W1_W2_X0);
	assert_int_equal(run_exit((struct emulate_exit){.ipa = HOLE + 0xffb, .esr = TRANSLATE, .far = 0x4ffb, .pc = 0}),
			 EMULATE_DONE);
	assert_int_equal(vreg[1], 0xffffffff);
	assert_int_equal(vreg[2], 0x332211ff);
	assert_int_equal(nothing, 1);
	tolerant = false;
	run_exit((struct emulate_exit){.ipa = HOLE + 0xffb, .esr = TRANSLATE, .far = 0x4ffb, .pc = 0});
	expect_abort(0x10, 0);
	/* The other way round: RAM, then a device; FAR of a refusal is the device's first byte. */
	map_page(6, DEVICE, 0);
	put_value(RAM + 0x3ff8, 0x1111111111111111ull);
	vreg[0] = 0x5ffe;
	put_word(STP_W1_W2_X0);
	vreg[1] = 0x44332211;
	vreg[2] = 0x88776655;
	assert_int_equal(run_exit((struct emulate_exit){.ipa = DEVICE, .esr = WNR | TRANSLATE, .far = 0x6000, .pc = 0}),
			 EMULATE_DONE);
	assert_int_equal(logged, 3);
	expect(0, true, DEVICE, 1, 0x33);
	expect(1, true, DEVICE + 1, 1, 0x44);
	expect(2, true, DEVICE + 2, 4, 0x88776655);
	assert_int_equal(ram[0x3ffe], 0x11);
	assert_int_equal(ram[0x3fff], 0x22);
}

/* What the instruction is now is not what faulted: it is not done, neither here nor with other rights. */
static void an_instruction_that_has_changed_is_tried_again(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	assert_int_equal(run_load(STP_W1_W2_X0, DEVICE), EMULATE_RETRY);
	assert_int_equal(run_store(LDP_W1_W2_X0, DEVICE), EMULATE_RETRY);
	assert_int_equal(run_load(0xd503201f, DEVICE), EMULATE_RETRY);           /* nop */
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE + 0x100), EMULATE_RETRY); /* not the address that faulted */
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE - 4), EMULATE_RETRY);
	put_word(LDP_W1_W2_X0);
	assert_int_equal(
	    run_exit((struct emulate_exit){.ipa = DEVICE, .esr = TRANSLATE, .far = DEVICE, .pc = CODE + 2}),
	    EMULATE_RETRY);
	assert_int_equal(
	    run_exit((struct emulate_exit){.ipa = DEVICE, .esr = TRANSLATE, .far = DEVICE, .pc = CODE - 4}),
	    EMULATE_RETRY);
	assert_int_equal(logged + nothing, 0);
	/* A syndrome that is complete: register, size, sign and direction are compared where the word is examined. */
	vreg[0] = RAM_END - 1;
	put_word(0x79400003); /* ldrh w3, [x0] */
	for (unsigned i = 0; i < 7; i++) {
		static const uint64_t wrong[] = {0, WNR, SAS(2), SRT(1), SSE, SF, SAS(1)};
		const uint64_t esr = ISV | SAS(1) | SRT(3) | TRANSLATE;
		const enum emulate_outcome outcome = run_exit((struct emulate_exit){
		    .ipa = RAM_END, .esr = i == 6 ? esr : esr ^ wrong[i], .far = RAM_END, .pc = CODE});

		assert_int_equal(outcome, i == 0 || i == 6 ? EMULATE_DONE : EMULATE_RETRY);
	}
	/* The tables lead elsewhere now: of no matter to what the CPU has looked up, but to other rights. */
	map_page(0, CODE, 0);
	map_page(4, RAM + 0x3000, 1 << 6);
	vreg[0] = 0x4010;
	put_word(LDP_W1_W2_X0);
	assert_int_equal(run_exit((struct emulate_exit){.ipa = HOLE + 0x10, .esr = TRANSLATE, .far = 0x4010, .pc = 0}),
			 EMULATE_DONE);
	assert_int_equal(nothing_at, HOLE + 0x10);
	put_word(0xb8400801); /* ldtr w1, [x0] */
	assert_int_equal(run_exit((struct emulate_exit){.ipa = HOLE + 0x10, .esr = TRANSLATE, .far = 0x4010, .pc = 0}),
			 EMULATE_RETRY);
	/* What faulted is memory after all. */
	assert_int_equal(run_exit((struct emulate_exit){.ipa = RAM + 0x3010, .esr = TRANSLATE, .far = 0x4010, .pc = 0}),
			 EMULATE_RETRY);
	vreg[VREG_PSTATE] = 0x10;
	assert_int_equal(run_load(LDP_W1_W2_X0, HOLE), EMULATE_UNSUPPORTED);
}

/* A write to ROM has no address but the guest's: at any place that its tables can name. */
static void a_write_to_rom_changes_nothing(void **state)
{
	const struct emulate_exit exit = {
	    .ipa = UINT64_MAX, .esr = ISV | SAS(3) | SRT(1) | SF | WNR | PERMIT, .far = 0x5008, .pc = ~0ull};

	(void)state;
	map_page(5, ROM, 0);
	put_value(ROM + 8, 0x55);
	vreg[1] = 0x1234;
	assert_int_equal(run_exit(exit), EMULATE_DONE);
	assert_int_equal(nothing_at, ROM + 8);
	assert_true(nothing_write);
	tolerant = false;
	run_exit(exit);
	expect_abort(0x10 | WNR, 0);
	assert_int_equal(ram[RAM_SIZE + 8], 0x55);
	/* Not mapped any more: that is the guest's fault. */
	put_value(TABLES + 0x2000 + 5 * 8, 0);
	run_exit(exit);
	expect_abort(0x07 | WNR, 0);
	/* RAM of the host that may only be read. */
	map_page(5, RAM + 0x5000, 0);
	run_exit(exit);
	expect_abort(0x10 | WNR, 0);
}

int edge_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_load_across_the_end_of_ram_reads_ones_there),
	    CASE(a_store_across_the_end_of_ram_is_whole_or_refused),
	    CASE(an_access_from_a_hole_reaches_into_ram),
	    CASE(an_instruction_that_has_changed_is_tried_again),
	    CASE(a_write_to_rom_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
