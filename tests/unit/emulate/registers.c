/* SPDX-License-Identifier: Apache-2.0 */
/* What an access does to registers: of each form of load and store, refused ones, and those that the syndrome
 * describes. */
#include "guest.h"

static void each_half_of_a_pair_is_an_access(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[1] = 0x1111222233334444ull;
	vreg[2] = 5;
	assert_int_equal(run_store(0x29010801, DEVICE + 8), EMULATE_DONE); /* stp w1, w2, [x0, #8] */
	assert_int_equal(logged, 2);
	expect(0, true, DEVICE + 8, 4, 0x33334444);
	expect(1, true, DEVICE + 12, 4, 5);
	assert_int_equal(run_load(LDP_W1_W2_X0, DEVICE), EMULATE_DONE);
	assert_int_equal(vreg[1], 0x44332211 + 2);
	assert_int_equal(vreg[2], 0x44332211 + 3);
	assert_int_equal(vreg[0], DEVICE);
}

static void the_base_register_is_written_back(void **state)
{
	(void)state;
	vreg[VREG_SP_EL1] = DEVICE + 0x10;
	vreg[VREG_SP_EL0] = 0x77;
	vreg[3] = 0xabcd;
	assert_int_equal(run_store(0xb80047e3, DEVICE + 0x10), EMULATE_DONE); /* str w3, [sp], #4 */
	expect(0, true, DEVICE + 0x10, 4, 0xabcd);
	assert_int_equal(vreg[VREG_SP_EL1], DEVICE + 0x14);
	assert_int_equal(vreg[VREG_SP_EL0], 0x77);
	vreg[4] = DEVICE;
	assert_int_equal(run_load(0x38401c85, DEVICE + 1), EMULATE_DONE); /* ldrb w5, [x4, #1]! */
	expect(1, false, DEVICE + 1, 1, 0);
	assert_int_equal(vreg[5], 0x12);
	assert_int_equal(vreg[4], DEVICE + 1);
}

/* The stack pointer is that of the guest's mode. */
static void the_stack_pointer_is_that_of_the_mode(void **state)
{
	(void)state;
	vreg[VREG_PSTATE] = 0;
	vreg[VREG_SP_EL0] = DEVICE;
	assert_int_equal(run_store(0xb80047ff, DEVICE), EMULATE_DONE); /* str wzr, [sp], #4 */
	expect(0, true, DEVICE, 4, 0);
	assert_int_equal(vreg[VREG_SP_EL0], DEVICE + 4);
	assert_int_equal(vreg[VREG_SP_EL1], 0);
}

static void a_simd_register_is_stored_and_loaded_whole(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[VREG_V0 + 4] = 1;
	vreg[VREG_V0 + 5] = 2;
	assert_int_equal(run_store(0x3d800002, DEVICE), EMULATE_DONE); /* str q2, [x0] */
	assert_int_equal(logged, 2);
	expect(0, true, DEVICE, 8, 1);
	expect(1, true, DEVICE + 8, 8, 2);
	vreg[VREG_V0 + 3] = 99;
	assert_int_equal(run_load(0xbd400001, DEVICE), EMULATE_DONE); /* ldr s1, [x0] */
	assert_int_equal(vreg[VREG_V0 + 2], 0x44332213);
	assert_int_equal(vreg[VREG_V0 + 3], 0);
}

/* Structures: elements in the order of memory, each an access of its own size. */
static void structures_go_element_by_element(void **state)
{
	(void)state;
	vreg[1] = DEVICE + 0x100;
	vreg[VREG_V0] = 0x1111111100000000ull; /* v0 */
	vreg[VREG_V0 + 1] = 0x3333333322222222ull;
	vreg[VREG_V0 + 2] = 0x5555555544444444ull; /* v1 */
	vreg[VREG_V0 + 3] = 0x7777777766666666ull;
	assert_int_equal(run_store(0x4c9f8820, DEVICE + 0x100), EMULATE_DONE); /* st2 {v0.4s, v1.4s}, [x1], #32 */
	assert_int_equal(logged, 8);
	for (unsigned n = 0; n < 8; n++)
		expect(n, true, DEVICE + 0x100 + 4 * n, 4, 0x11111111u * (n / 2 + n % 2 * 4));
	assert_int_equal(vreg[1], DEVICE + 0x120);
	logged = 0;
	vreg[1] = DEVICE;
	memset(&vreg[VREG_V0], 0x99, 64 * 8);
	assert_int_equal(run_load(0x0c40a020, DEVICE), EMULATE_DONE); /* ld1 {v0.8b, v1.8b}, [x1] */
	assert_int_equal(logged, 16);
	expect(15, false, DEVICE + 15, 1, 0);
	assert_int_equal(vreg[VREG_V0], 0x1817161514131211ull);
	assert_int_equal(vreg[VREG_V0 + 1], 0);
	assert_int_equal(vreg[VREG_V0 + 2], 0x201f1e1d1c1b1a19ull);
	assert_int_equal(vreg[VREG_V0 + 3], 0);
	assert_int_equal(vreg[VREG_V0 + 4], 0x9999999999999999ull);
	/* One lane: the rest of the register stays. */
	logged = 0;
	assert_int_equal(run_load(0x0d605020, DEVICE), EMULATE_DONE); /* ld2 {v0.h, v1.h}[2], [x1] */
	assert_int_equal(logged, 2);
	assert_int_equal(vreg[VREG_V0], 0x1817221114131211ull);
	assert_int_equal(vreg[VREG_V0 + 2], 0x201f22121c1b1a19ull);
	/* To all lanes. */
	logged = 0;
	assert_int_equal(run_load(0x4d40c420, DEVICE), EMULATE_DONE); /* ld1r {v0.8h}, [x1] */
	assert_int_equal(logged, 1);
	assert_int_equal(vreg[VREG_V0], 0x2211221122112211ull);
	assert_int_equal(vreg[VREG_V0 + 1], 0x2211221122112211ull);
}

/* A refused access leaves all registers as they were; FAR is the address that was refused. */
static void a_refused_access_leaves_all_registers(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[1] = 7;
	refuse_at = 2;
	run_load(0x28c10801, DEVICE); /* ldp w1, w2, [x0], #8 */
	expect_abort(0x10, 4);
	refuse_at = 3;
	run_store(0x28810801, DEVICE); /* stp w1, w2, [x0], #8 */
	expect_abort(0x10 | WNR, 0);
	assert_int_equal(vreg[0], DEVICE);
	assert_int_equal(vreg[1], 7);
	assert_int_equal(nothing, 0);
}

/* The syndrome is all that is needed: no instruction is examined where the register and the sign are known. */
static void a_complete_syndrome_needs_no_instruction(void **state)
{
	const struct emulate_exit exit = {
	    .ipa = HOLE + 8, .esr = ISV | SAS(0) | SSE | SRT(4) | TRANSLATE, .far = 0xab00000000000008ull, .pc = ~3ull};

	(void)state;
	vreg[VREG_PSTATE] = 0x10; /* AArch32, too */
	assert_int_equal(run_exit(exit), EMULATE_DONE);
	assert_int_equal(vreg[4], 0xffffffff);
	assert_int_equal(nothing, 1);
	assert_int_equal(nothing_at, HOLE + 8);
	assert_int_equal(nothing_size, 1);
	tolerant = false;
	vreg[4] = 1;
	run_exit(exit);
	expect_abort(0x10, 0);
	assert_int_equal(vreg[4], 1);
	run_exit((struct emulate_exit){.ipa = HOLE + 8, .esr = ISV | SAS(3) | WNR | TRANSLATE, .far = 8, .pc = ~3ull});
	expect_abort(0x10 | WNR, 0);
	assert_true(nothing_write);
	/* The last bytes of a page, and none of the next one. */
	run_exit(
	    (struct emulate_exit){.ipa = HOLE + 0xff8, .esr = ISV | SAS(3) | TRANSLATE, .far = 0xff8, .pc = ~3ull});
	expect_abort(0x10, 0);
}

#define LDADD 0xf8210002 /* ldadd x1, x2, [x0] */
#define CASP  0x48227c04 /* casp x2, x3, x4, x5, [x0] */
#define LDXR  0xc85f7c02 /* ldxr x2, [x0] */
#define STXR  0xc8037c02 /* stxr w3, x2, [x0] */
#define ZVA   0xd50b7420 /* dc zva, x0 */

static void expect_atomics_to_abort_on_a_device(void)
{
	vreg[0] = DEVICE + 0x18;
	run_load(LDADD, DEVICE + 0x18);
	expect_abort(0x35, 0);
	run_load(CASP, DEVICE + 0x18);
	expect_abort(0x35, 0);
	run_load(LDXR, DEVICE + 0x18);
	expect_abort(0x35, 0);
	run_store(STXR, DEVICE + 0x18);
	expect_abort(0x35 | WNR, 0);
	run_store(ZVA, DEVICE + 0x18);
	expect_abort(0x21 | WNR, 0);
}

static void atomics_work_on_nothing_and_abort_on_devices(void **state)
{
	(void)state;
	vreg[0] = HOLE;
	assert_int_equal(run_load(LDADD, HOLE), EMULATE_DONE);
	assert_int_equal(vreg[2], ~0ull);
	assert_int_equal(run_load(CASP, HOLE), EMULATE_DONE);
	assert_int_equal(vreg[3], ~0ull);
	assert_int_equal(run_load(LDXR, HOLE), EMULATE_DONE);
	vreg[3] = 9;
	assert_int_equal(run_store(STXR, HOLE), EMULATE_DONE);
	assert_int_equal(vreg[3], 0); /* nobody waits for ever */
	assert_int_equal(run_store(ZVA, HOLE), EMULATE_DONE);
	assert_int_equal(nothing, 5);
	tolerant = false;
	vreg[2] = vreg[3] = 4;
	run_load(LDADD, HOLE);
	expect_abort(0x10, 0);  /* a read would have been wrong, too */
	run_store(LDADD, HOLE); /* a CPU that looks for the right to write first */
	expect_abort(0x10, 0);
	run_load(LDXR, HOLE);
	expect_abort(0x10, 0);
	run_store(STXR, HOLE);
	expect_abort(0x10 | WNR, 0);
	vreg[0] = HOLE + 0x13;
	run_store(ZVA, HOLE + 0x13);
	expect_abort(0x10 | WNR, 0);
	expect_atomics_to_abort_on_a_device();
	assert_int_equal(nothing, 15);
	assert_int_equal(logged, 0);
	assert_int_equal(vreg[2] + vreg[3], 8);
}

static void an_atomic_on_rom_reads_and_changes_nothing(void **state)
{
	(void)state;
	tolerant = false;
	put_value(ROM + 0x20, 0x77);
	vreg[0] = ROM + 0x20;
	put_word(LDADD);
	run_exit((struct emulate_exit){.ipa = UINT64_MAX, .esr = WNR | PERMIT, .far = ROM + 0x20, .pc = CODE});
	expect_abort(0x10 | WNR, 0);
	tolerant = true;
	assert_int_equal(
	    run_exit((struct emulate_exit){.ipa = UINT64_MAX, .esr = WNR | PERMIT, .far = ROM + 0x20, .pc = CODE}),
	    EMULATE_DONE);
	assert_int_equal(vreg[2], 0x77);
	assert_int_equal(ram[RAM_SIZE + 0x20], 0x77);
}

/* No instruction word, whatever it is, reaches anything outside the device's page, if only that is mapped. */
static void no_instruction_reaches_beyond_its_page(void **state)
{
	unsigned done = 0;

	(void)state;
	srand(3);
	for (unsigned i = 0; i < 200000; i++) {
		const uint32_t word = ((uint32_t)rand() << 16 ^ (uint32_t)rand()) | 0x08000000u;

		set_up(NULL);
		tolerant = i & 1;
		for (unsigned r = 0; r < 31; r++)
			vreg[r] = DEVICE - 32 + (unsigned)rand() % 0x1040;
		vreg[VREG_SP_EL1] = DEVICE;
		vreg[VREG_PC] = CODE;
		if (run(word, vreg[word >> 5 & 31], i & 2) == EMULATE_DONE)
			done++;
		for (unsigned n = 4; n < sizeof(ram); n++)
			if (ram[n] != 0)
				fail_msg("%08x has written memory", word);
	}
	assert_true(done > 1000);
}

int register_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(each_half_of_a_pair_is_an_access),           CASE(the_base_register_is_written_back),
	    CASE(the_stack_pointer_is_that_of_the_mode),      CASE(a_simd_register_is_stored_and_loaded_whole),
	    CASE(structures_go_element_by_element),           CASE(a_refused_access_leaves_all_registers),
	    CASE(a_complete_syndrome_needs_no_instruction),   CASE(atomics_work_on_nothing_and_abort_on_devices),
	    CASE(an_atomic_on_rom_reads_and_changes_nothing), CASE(no_instruction_reaches_beyond_its_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
