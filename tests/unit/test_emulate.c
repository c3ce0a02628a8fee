/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/emulate.c qvm/insn.c qvm/walk.c qvm/memory.c qvm/mmio.c */
/* Device accesses without a syndrome: the right registers, the right addresses, and no more than the page that faulted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/bulkhead.h"
#include "qvm/emulate.h"
#include "qvm/mmio.h"

#define RAM    0x40000000ull
#define DEVICE 0x09000000ull
#define EL1H   5ull

static struct guest_memory memory;
static uint32_t code[1024];
static uint64_t vreg[VREG_V0 + 64];
static struct {
	uint64_t ipa, value;
	unsigned size;
	bool store;
} log[8];
static unsigned logged, refuse_at;

static uint64_t get(void *ctx, unsigned reg)
{
	(void)ctx;
	return vreg[reg];
}

static void set(void *ctx, unsigned reg, uint64_t value)
{
	(void)ctx;
	vreg[reg] = value;
}

static bool note(uint64_t ipa, unsigned size, uint64_t value, bool store)
{
	assert_true(logged < 8);
	log[logged].ipa = ipa;
	log[logged].size = size;
	log[logged].value = value;
	log[logged].store = store;
	return ++logged != refuse_at;
}

static bool read_device(void *ctx, uint64_t ipa, unsigned size, uint64_t *value)
{
	(void)ctx;
	*value = 0x8877665544332211ull + logged; /* more bits than asked for must not matter */
	return note(ipa, size, 0, false);
}

static bool write_device(void *ctx, uint64_t ipa, unsigned size, uint64_t value)
{
	(void)ctx;
	return note(ipa, size, value, true);
}

static const struct emulate_ops ops = {get, set, read_device, write_device};

static int set_up(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	memset(vreg, 0, sizeof(vreg));
	logged = refuse_at = 0;
	assert_null(guest_memory_add(&memory, RAM, sizeof(code), false));
	memory.window = (uint8_t *)code;
	vreg[VREG_PSTATE] = EL1H;
	return 0;
}

static enum emulate_result run(uint32_t word, uint64_t address)
{
	code[0] = word;
	return emulate_access(&memory, &ops, NULL, address, address, RAM);
}

static void expect(unsigned n, bool store, uint64_t ipa, unsigned size, uint64_t value)
{
	assert_int_equal(log[n].store, store);
	assert_int_equal(log[n].ipa, ipa);
	assert_int_equal(log[n].size, size);
	if (store)
		assert_int_equal(log[n].value, value);
}

static void test_pair(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[1] = 0x1111222233334444ull;
	vreg[2] = 5;
	assert_int_equal(run(0x29010801, DEVICE + 8), EMULATE_DONE); /* stp w1, w2, [x0, #8] */
	assert_int_equal(logged, 2);
	expect(0, true, DEVICE + 8, 4, 0x33334444);
	expect(1, true, DEVICE + 12, 4, 5);
	assert_int_equal(run(0x29400801, DEVICE), EMULATE_DONE); /* ldp w1, w2, [x0] */
	assert_int_equal(vreg[1], 0x44332211 + 2);
	assert_int_equal(vreg[2], 0x44332211 + 3);
	assert_int_equal(vreg[0], DEVICE);
}

static void test_write_back(void **state)
{
	(void)state;
	vreg[VREG_SP_EL1] = DEVICE + 0x10;
	vreg[VREG_SP_EL0] = 0x77;
	vreg[3] = 0xabcd;
	assert_int_equal(run(0xb80047e3, DEVICE + 0x10), EMULATE_DONE); /* str w3, [sp], #4 */
	expect(0, true, DEVICE + 0x10, 4, 0xabcd);
	assert_int_equal(vreg[VREG_SP_EL1], DEVICE + 0x14);
	assert_int_equal(vreg[VREG_SP_EL0], 0x77);
	vreg[4] = DEVICE;
	assert_int_equal(run(0x38401c85, DEVICE + 1), EMULATE_DONE); /* ldrb w5, [x4, #1]! */
	expect(1, false, DEVICE + 1, 1, 0);
	assert_int_equal(vreg[5], 0x12);
	assert_int_equal(vreg[4], DEVICE + 1);
}

/* The stack pointer is that of the guest's mode. */
static void test_stack_of_el0(void **state)
{
	(void)state;
	vreg[VREG_PSTATE] = 0;
	vreg[VREG_SP_EL0] = DEVICE;
	assert_int_equal(run(0xb80047ff, DEVICE), EMULATE_DONE); /* str wzr, [sp], #4 */
	expect(0, true, DEVICE, 4, 0);
	assert_int_equal(vreg[VREG_SP_EL0], DEVICE + 4);
	assert_int_equal(vreg[VREG_SP_EL1], 0);
}

static void test_simd(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[VREG_V0 + 4] = 1;
	vreg[VREG_V0 + 5] = 2;
	assert_int_equal(run(0x3d800002, DEVICE), EMULATE_DONE); /* str q2, [x0] */
	assert_int_equal(logged, 2);
	expect(0, true, DEVICE, 8, 1);
	expect(1, true, DEVICE + 8, 8, 2);
	vreg[VREG_V0 + 3] = 99;
	assert_int_equal(run(0xbd400001, DEVICE), EMULATE_DONE); /* ldr s1, [x0] */
	assert_int_equal(vreg[VREG_V0 + 2], 0x44332213);
	assert_int_equal(vreg[VREG_V0 + 3], 0);
}

/* A refused access leaves all registers as they were. */
static void test_abort(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[1] = 7;
	refuse_at = 2;
	assert_int_equal(run(0x28c10801, DEVICE), EMULATE_ABORT); /* ldp w1, w2, [x0], #8 */
	assert_int_equal(vreg[0], DEVICE);
	assert_int_equal(vreg[1], 7);
}

static void test_unsupported(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	assert_int_equal(run(0xd503201f, DEVICE), EMULATE_UNSUPPORTED);         /* nop */
	assert_int_equal(run(0x29400801, DEVICE + 0x100), EMULATE_UNSUPPORTED); /* not the address that faulted */
	assert_int_equal(run(0x29400801, DEVICE - 4), EMULATE_UNSUPPORTED);
	vreg[0] = DEVICE + 0xffc; /* into the page behind */
	assert_int_equal(run(0x29400801, DEVICE + 0xffc), EMULATE_UNSUPPORTED);
	assert_int_equal(run(0x29400801, DEVICE + 0x1000), EMULATE_UNSUPPORTED); /* from the page before */
	code[0] = 0x29400801;
	assert_int_equal(emulate_access(&memory, &ops, NULL, DEVICE, DEVICE, RAM + 2), EMULATE_UNSUPPORTED);
	assert_int_equal(emulate_access(&memory, &ops, NULL, DEVICE, DEVICE, RAM - 4), EMULATE_UNSUPPORTED);
	vreg[VREG_SCTLR_EL1] = 1; /* the MMU is on and its tables are nowhere */
	assert_int_equal(emulate_access(&memory, &ops, NULL, DEVICE, DEVICE, RAM), EMULATE_UNSUPPORTED);
	assert_int_equal(logged, 0);
}

/* No instruction word, whatever it is, makes more than four accesses or leaves the page. */
static void test_random_words(void **state)
{
	unsigned done = 0;

	(void)state;
	srand(3);
	for (unsigned i = 0; i < 200000; i++) {
		const uint32_t word = ((uint32_t)rand() << 16 ^ (uint32_t)rand()) | 0x08000000u;

		set_up(NULL);
		for (unsigned r = 0; r < 31; r++)
			vreg[r] = DEVICE + (unsigned)rand() % 0x1000;
		vreg[VREG_SP_EL1] = DEVICE;
		if (run(word, vreg[word >> 5 & 31] & ~0ull) == EMULATE_DONE)
			done++;
		for (unsigned n = 0; n < logged; n++)
			assert_true(log[n].ipa >= DEVICE && log[n].ipa + log[n].size <= DEVICE + 0x1000);
		assert_true(logged <= 4);
	}
	assert_true(done > 100);
}

static void test_mmio_table(void **state)
{
	struct mmio m = {0};

	(void)state;
	assert_true(mmio_add(&m, &(struct mmio_region){.start = 0x3000, .bytes = 0x1000}));
	assert_true(mmio_add(&m, &(struct mmio_region){.start = 0x1000, .bytes = 0x1000}));
	assert_true(mmio_add(&m, &(struct mmio_region){.start = 0x2000, .bytes = 0x1000}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x3fff, .bytes = 8}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x800, .bytes = 0x801}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = ~0ull - 6, .bytes = 8}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x9000, .bytes = 0}));
	assert_false(mmio_add(&m, &(struct mmio_region){.start = 0x9000, .bytes = 7}));
	for (uint64_t ipa = 0; ipa < 0x5000; ipa += 4) {
		const struct mmio_region *region = mmio_find(&m, ipa, 4);

		if (ipa < 0x1000 || ipa >= 0x4000)
			assert_null(region);
		else
			assert_int_equal(region->start, ipa & ~0xfffull);
	}
	assert_null(mmio_find(&m, 0x3ffe, 4)); /* half outside */
	assert_null(mmio_find(&m, 0x1ffe, 4)); /* across two devices */
	assert_int_equal(mmio_find(&m, 0x2000, 8)->start, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_pair, set_up),         cmocka_unit_test_setup(test_write_back, set_up),
	    cmocka_unit_test_setup(test_stack_of_el0, set_up), cmocka_unit_test_setup(test_simd, set_up),
	    cmocka_unit_test_setup(test_abort, set_up),        cmocka_unit_test_setup(test_unsupported, set_up),
	    cmocka_unit_test_setup(test_random_words, set_up), cmocka_unit_test_setup(test_mmio_table, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
