/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/emulate.c qvm/arch/aarch64/insn.c qvm/arch/aarch64/walk.c */
/* SOURCES: qvm/arch/aarch64/watch.c qvm/arch/aarch64/cache.c qvm/memory.c qvm/mmio.c */
/* Accesses that stage 2 stops: the right registers, addresses and faults; with the rights of who makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/bulkhead.h"
#include "qvm/arch/aarch64/emulate.h"
#include "qvm/mmio.h"

#define RAM      0x40000000ull
#define RAM_SIZE 0x20000ull
#define RAM_END  (RAM + RAM_SIZE)
#define ROM      0x48000000ull
#define DEVICE   0x09000000ull
#define HOLE     0x0a000000ull
#define TABLES   (RAM + 0x8000)
#define CODE     RAM
#define EL1H     5ull
#define PAN      (1ull << 22)
#define UAO      (1ull << 23)

/* ESR_EL2 of a data abort. */
#define ISV       (1ull << 24)
#define SAS(n)    ((uint64_t)(n) << 22)
#define SSE       (1ull << 21)
#define SRT(n)    ((uint64_t)(n) << 16)
#define SF        (1ull << 15)
#define CM        (1ull << 8)
#define S1PTW     (1ull << 7)
#define WNR       0x40ull
#define TRANSLATE 0x07ull
#define PERMIT    0x0full

static struct guest_memory memory;
static uint8_t ram[RAM_SIZE + 0x1000];
static uint64_t vreg[VREG_COUNT];
static struct {
	uint64_t ipa, value;
	unsigned size;
	bool store;
} log[64];
static unsigned logged, refuse_at, nothing, nothing_size;
static bool tolerant;
static uint64_t nothing_at;
static bool nothing_write;

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

static bool device(void *ctx, uint64_t ipa, unsigned size)
{
	(void)ctx;
	return ipa >= DEVICE && ipa + size <= DEVICE + 0x1000;
}

static bool note(uint64_t ipa, unsigned size, uint64_t value, bool store)
{
	assert_true(logged < 64 && device(NULL, ipa, size));
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

static bool apply_policy(void *ctx, uint64_t ipa, unsigned size, enum unsupported_act act)
{
	(void)ctx;
	nothing_size = size;
	nothing++;
	nothing_at = ipa;
	nothing_write = act == UNSUPPORTED_WRITES;
	return tolerant;
}

static const struct device_ops devices = {device, read_device, write_device, apply_policy};
static const struct emulate_ops ops = {get, set, &devices};

static int set_up(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	memset(vreg, 0, sizeof(vreg));
	memset(ram, 0, sizeof(ram));
	logged = refuse_at = nothing = 0;
	tolerant = true;
	assert_null(guest_memory_add(&memory, RAM, RAM_SIZE, false));
	assert_null(guest_memory_add(&memory, ROM, 0x1000, true));
	memory.window = ram;
	vreg[VREG_PSTATE] = EL1H;
	return 0;
}

static void put(uint64_t ipa, uint64_t value)
{
	assert_true(guest_put(&memory, ipa, &value, 8));
}

static void put_word(uint32_t word)
{
	assert_true(guest_put(&memory, CODE, &word, 4));
}

/* 4 KiB pages, 39 bits: an entry for each page of the first 2 MiB of addresses, VA = page number. */
static void map_page(unsigned page, uint64_t ipa, uint64_t attributes)
{
	put(TABLES, (TABLES + 0x1000) | 3);
	put(TABLES + 0x1000, (TABLES + 0x2000) | 3);
	put(TABLES + 0x2000 + page * 8, ipa | attributes | 1ull << 10 | 3);
	vreg[VREG_SCTLR_EL1] = 1;
	vreg[VREG_TCR_EL1] = 25 | 25ull << 16 | 2ull << 30 | 2ull << 32;
	vreg[VREG_TTBR0_EL1] = TABLES;
}

#define USER     (1ull << 6)
#define READONLY (1ull << 7)

static struct emulate_result result;

static enum emulate_outcome run_exit(struct emulate_exit exit)
{
	result = emulate_access(&memory, &ops, NULL, &exit);
	return result.outcome;
}

/* A word whose syndrome says no more than direction, without an MMU. */
static enum emulate_outcome run(uint32_t word, uint64_t address, bool write)
{
	put_word(word);
	return run_exit((struct emulate_exit){address, TRANSLATE | (write ? WNR : 0), address, CODE});
}

static enum emulate_outcome load(uint32_t word, uint64_t address)
{
	return run(word, address, false);
}

static enum emulate_outcome store(uint32_t word, uint64_t address)
{
	return run(word, address, true);
}

static void expect_abort(uint64_t iss, uint64_t offset)
{
	assert_int_equal(result.outcome, EMULATE_ABORT);
	assert_int_equal(result.iss, iss);
	assert_int_equal(result.offset, offset);
}

static void expect(unsigned n, bool is_store, uint64_t ipa, unsigned size, uint64_t value)
{
	assert_true(n < logged);
	assert_int_equal(log[n].store, is_store);
	assert_int_equal(log[n].ipa, ipa);
	assert_int_equal(log[n].size, size);
	if (is_store)
		assert_int_equal(log[n].value, value);
}

#define STP_W1_W2_X0  0x29000801 /* stp w1, w2, [x0] */
#define LDP_W1_W2_X0  0x29400801 /* ldp w1, w2, [x0] */
#define STP_X1_X2_PRE 0xa9810801 /* stp x1, x2, [x0, #16]! */
#define LDTR_X3_X0    0xf8400803 /* ldtr x3, [x0] */
#define STTR_X3_X0    0xf8000803 /* sttr x3, [x0] */

static void test_pair(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[1] = 0x1111222233334444ull;
	vreg[2] = 5;
	assert_int_equal(store(0x29010801, DEVICE + 8), EMULATE_DONE); /* stp w1, w2, [x0, #8] */
	assert_int_equal(logged, 2);
	expect(0, true, DEVICE + 8, 4, 0x33334444);
	expect(1, true, DEVICE + 12, 4, 5);
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE), EMULATE_DONE);
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
	assert_int_equal(store(0xb80047e3, DEVICE + 0x10), EMULATE_DONE); /* str w3, [sp], #4 */
	expect(0, true, DEVICE + 0x10, 4, 0xabcd);
	assert_int_equal(vreg[VREG_SP_EL1], DEVICE + 0x14);
	assert_int_equal(vreg[VREG_SP_EL0], 0x77);
	vreg[4] = DEVICE;
	assert_int_equal(load(0x38401c85, DEVICE + 1), EMULATE_DONE); /* ldrb w5, [x4, #1]! */
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
	assert_int_equal(store(0xb80047ff, DEVICE), EMULATE_DONE); /* str wzr, [sp], #4 */
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
	assert_int_equal(store(0x3d800002, DEVICE), EMULATE_DONE); /* str q2, [x0] */
	assert_int_equal(logged, 2);
	expect(0, true, DEVICE, 8, 1);
	expect(1, true, DEVICE + 8, 8, 2);
	vreg[VREG_V0 + 3] = 99;
	assert_int_equal(load(0xbd400001, DEVICE), EMULATE_DONE); /* ldr s1, [x0] */
	assert_int_equal(vreg[VREG_V0 + 2], 0x44332213);
	assert_int_equal(vreg[VREG_V0 + 3], 0);
}

/* Structures: elements in the order of memory, each an access of its own size. */
static void test_structures(void **state)
{
	(void)state;
	vreg[1] = DEVICE + 0x100;
	vreg[VREG_V0] = 0x1111111100000000ull; /* v0 */
	vreg[VREG_V0 + 1] = 0x3333333322222222ull;
	vreg[VREG_V0 + 2] = 0x5555555544444444ull; /* v1 */
	vreg[VREG_V0 + 3] = 0x7777777766666666ull;
	assert_int_equal(store(0x4c9f8820, DEVICE + 0x100), EMULATE_DONE); /* st2 {v0.4s, v1.4s}, [x1], #32 */
	assert_int_equal(logged, 8);
	for (unsigned n = 0; n < 8; n++)
		expect(n, true, DEVICE + 0x100 + 4 * n, 4, 0x11111111u * (n / 2 + n % 2 * 4));
	assert_int_equal(vreg[1], DEVICE + 0x120);
	logged = 0;
	vreg[1] = DEVICE;
	memset(&vreg[VREG_V0], 0x99, 64 * 8);
	assert_int_equal(load(0x0c40a020, DEVICE), EMULATE_DONE); /* ld1 {v0.8b, v1.8b}, [x1] */
	assert_int_equal(logged, 16);
	expect(15, false, DEVICE + 15, 1, 0);
	assert_int_equal(vreg[VREG_V0], 0x1817161514131211ull);
	assert_int_equal(vreg[VREG_V0 + 1], 0);
	assert_int_equal(vreg[VREG_V0 + 2], 0x201f1e1d1c1b1a19ull);
	assert_int_equal(vreg[VREG_V0 + 3], 0);
	assert_int_equal(vreg[VREG_V0 + 4], 0x9999999999999999ull);
	/* One lane: the rest of the register stays. */
	logged = 0;
	assert_int_equal(load(0x0d605020, DEVICE), EMULATE_DONE); /* ld2 {v0.h, v1.h}[2], [x1] */
	assert_int_equal(logged, 2);
	assert_int_equal(vreg[VREG_V0], 0x1817221114131211ull);
	assert_int_equal(vreg[VREG_V0 + 2], 0x201f22121c1b1a19ull);
	/* To all lanes. */
	logged = 0;
	assert_int_equal(load(0x4d40c420, DEVICE), EMULATE_DONE); /* ld1r {v0.8h}, [x1] */
	assert_int_equal(logged, 1);
	assert_int_equal(vreg[VREG_V0], 0x2211221122112211ull);
	assert_int_equal(vreg[VREG_V0 + 1], 0x2211221122112211ull);
}

/* A refused access leaves all registers as they were; FAR is the address that was refused. */
static void test_refusal(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	vreg[1] = 7;
	refuse_at = 2;
	load(0x28c10801, DEVICE); /* ldp w1, w2, [x0], #8 */
	expect_abort(0x10, 4);
	refuse_at = 3;
	store(0x28810801, DEVICE); /* stp w1, w2, [x0], #8 */
	expect_abort(0x10 | WNR, 0);
	assert_int_equal(vreg[0], DEVICE);
	assert_int_equal(vreg[1], 7);
	assert_int_equal(nothing, 0);
}

/* The syndrome is all that is needed: no instruction is examined where the register and the sign are known. */
static void test_described(void **state)
{
	const struct emulate_exit exit = {HOLE + 8, ISV | SAS(0) | SSE | SRT(4) | TRANSLATE, 0xab00000000000008ull,
					  ~3ull};

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
	run_exit((struct emulate_exit){HOLE + 8, ISV | SAS(3) | WNR | TRANSLATE, 8, ~3ull});
	expect_abort(0x10 | WNR, 0);
	assert_true(nothing_write);
	/* The last bytes of a page, and none of the next one. */
	run_exit((struct emulate_exit){HOLE + 0xff8, ISV | SAS(3) | TRANSLATE, 0xff8, ~3ull});
	expect_abort(0x10, 0);
}

/* Across the end of RAM: what is RAM is real, the rest all ones, or nothing at all happens. */
static void test_end_of_ram(void **state)
{
	(void)state;
	put(RAM_END - 8, 0x1122334455667788ull);
	for (unsigned i = 1; i < 8; i++) {
		const struct emulate_exit exit = {RAM_END, ISV | SAS(3) | SRT(3) | SF | TRANSLATE, RAM_END, CODE};

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

static void test_store_across_the_end(void **state)
{
	uint64_t now;

	(void)state;
	for (unsigned i = 1; i < 16; i++) {
		put(RAM_END - 16, 0);
		put(RAM_END - 8, 0);
		vreg[0] = RAM_END - i - 16;
		vreg[1] = 0x8877665544332211ull;
		vreg[2] = ~0ull;
		put_word(STP_X1_X2_PRE);
		tolerant = false;
		run_exit((struct emulate_exit){RAM_END, WNR | TRANSLATE, RAM_END, CODE});
		expect_abort(0x10 | WNR, 0);
		assert_int_equal(vreg[0], RAM_END - i - 16);
		guest_read64(&memory, RAM_END - 8, &now);
		assert_int_equal(now, 0);
		tolerant = true;
		assert_int_equal(run_exit((struct emulate_exit){RAM_END, WNR | TRANSLATE, RAM_END, CODE}),
				 EMULATE_DONE);
		assert_int_equal(vreg[0], RAM_END - i);
		guest_read64(&memory, RAM_END - 8, &now);
		assert_int_equal(now, i < 8
					  ? 0x8877665544332211ull << (64 - 8 * i)
					  : (i == 8 ? 0x8877665544332211ull
						    : 0x8877665544332211ull >> (8 * i - 64) | ~0ull << (128 - 8 * i)));
	}
	assert_int_equal(ram[RAM_SIZE], 0); /* what lies after it in the window: ROM */
}

/* From a hole into RAM: FAR is the first byte, and RAM's bytes are real. The pages are those of stage 1. */
static void test_into_ram(void **state)
{
	(void)state;
	map_page(0, CODE, 0);
	map_page(4, HOLE, 0);
	map_page(5, RAM + 0x3000, 0);
	put(RAM + 0x3000, 0x8877665544332211ull);
	vreg[0] = 0x4ffb;
	put_word(LDP_W1_W2_X0);
	assert_int_equal(run_exit((struct emulate_exit){HOLE + 0xffb, TRANSLATE, 0x4ffb, 0}), EMULATE_DONE);
	assert_int_equal(vreg[1], 0xffffffff);
	assert_int_equal(vreg[2], 0x332211ff);
	assert_int_equal(nothing, 1);
	tolerant = false;
	run_exit((struct emulate_exit){HOLE + 0xffb, TRANSLATE, 0x4ffb, 0});
	expect_abort(0x10, 0);
	/* The other way round: RAM, then a device; FAR of a refusal is the device's first byte. */
	map_page(6, DEVICE, 0);
	put(RAM + 0x3ff8, 0x1111111111111111ull);
	vreg[0] = 0x5ffe;
	put_word(STP_W1_W2_X0);
	vreg[1] = 0x44332211;
	vreg[2] = 0x88776655;
	assert_int_equal(run_exit((struct emulate_exit){DEVICE, WNR | TRANSLATE, 0x6000, 0}), EMULATE_DONE);
	assert_int_equal(logged, 3);
	expect(0, true, DEVICE, 1, 0x33);
	expect(1, true, DEVICE + 1, 1, 0x44);
	expect(2, true, DEVICE + 2, 4, 0x88776655);
	assert_int_equal(ram[0x3ffe], 0x11);
	assert_int_equal(ram[0x3fff], 0x22);
}

/* What the instruction is now is not what faulted: it is not done, neither here nor with other rights. */
static void test_swapped(void **state)
{
	(void)state;
	vreg[0] = DEVICE;
	assert_int_equal(load(STP_W1_W2_X0, DEVICE), EMULATE_RETRY);
	assert_int_equal(store(LDP_W1_W2_X0, DEVICE), EMULATE_RETRY);
	assert_int_equal(load(0xd503201f, DEVICE), EMULATE_RETRY);           /* nop */
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE + 0x100), EMULATE_RETRY); /* not the address that faulted */
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE - 4), EMULATE_RETRY);
	put_word(LDP_W1_W2_X0);
	assert_int_equal(run_exit((struct emulate_exit){DEVICE, TRANSLATE, DEVICE, CODE + 2}), EMULATE_RETRY);
	assert_int_equal(run_exit((struct emulate_exit){DEVICE, TRANSLATE, DEVICE, CODE - 4}), EMULATE_RETRY);
	assert_int_equal(logged + nothing, 0);
	/* A syndrome that is complete: register, size, sign and direction are compared where the word is examined. */
	vreg[0] = RAM_END - 1;
	put_word(0x79400003); /* ldrh w3, [x0] */
	for (unsigned i = 0; i < 7; i++) {
		static const uint64_t wrong[] = {0, WNR, SAS(2), SRT(1), SSE, SF, SAS(1)};
		const uint64_t esr = ISV | SAS(1) | SRT(3) | TRANSLATE;
		const enum emulate_outcome outcome =
		    run_exit((struct emulate_exit){RAM_END, i == 6 ? esr : esr ^ wrong[i], RAM_END, CODE});

		assert_int_equal(outcome, i == 0 || i == 6 ? EMULATE_DONE : EMULATE_RETRY);
	}
	/* The tables lead elsewhere now. */
	map_page(0, CODE, 0);
	map_page(4, RAM + 0x3000, 0);
	vreg[0] = 0x4010;
	put_word(LDP_W1_W2_X0);
	assert_int_equal(run_exit((struct emulate_exit){HOLE + 0x10, TRANSLATE, 0x4010, 0}), EMULATE_RETRY);
	/* What faulted is memory after all. */
	assert_int_equal(run_exit((struct emulate_exit){RAM + 0x3010, TRANSLATE, 0x4010, 0}), EMULATE_RETRY);
	vreg[VREG_PSTATE] = 0x10;
	assert_int_equal(load(LDP_W1_W2_X0, HOLE), EMULATE_UNSUPPORTED);
}

/* Rights of stage 1 are those of the access that is made, in each page that it touches. */
static void test_rights(void **state)
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
			run_exit((struct emulate_exit){DEVICE + 0xffc, TRANSLATE | wnr, 0x4ffc, 0});
			if (rows[i].iss == 0)
				assert_int_equal(result.outcome, EMULATE_DONE);
			else
				expect_abort(rows[i].iss, second ? 4 : 0);
			assert_int_equal(logged != 0, rows[i].iss == 0);
		}
	}
}

/* A write to ROM has no address but the guest's: at any place that its tables can name. */
static void test_rom(void **state)
{
	const struct emulate_exit exit = {UINT64_MAX, ISV | SAS(3) | SRT(1) | SF | WNR | PERMIT, 0x5008, ~0ull};

	(void)state;
	map_page(5, ROM, 0);
	put(ROM + 8, 0x55);
	vreg[1] = 0x1234;
	assert_int_equal(run_exit(exit), EMULATE_DONE);
	assert_int_equal(nothing_at, ROM + 8);
	assert_true(nothing_write);
	tolerant = false;
	run_exit(exit);
	expect_abort(0x10 | WNR, 0);
	assert_int_equal(ram[RAM_SIZE + 8], 0x55);
	/* Not mapped any more: that is the guest's fault. */
	put(TABLES + 0x2000 + 5 * 8, 0);
	run_exit(exit);
	expect_abort(0x07 | WNR, 0);
	/* RAM of the host that may only be read. */
	map_page(5, RAM + 0x5000, 0);
	run_exit(exit);
	expect_abort(0x10 | WNR, 0);
}

#define LDADD 0xf8210002 /* ldadd x1, x2, [x0] */
#define CASP  0x48227c04 /* casp x2, x3, x4, x5, [x0] */
#define LDXR  0xc85f7c02 /* ldxr x2, [x0] */
#define STXR  0xc8037c02 /* stxr w3, x2, [x0] */
#define ZVA   0xd50b7420 /* dc zva, x0 */

static void test_atomics(void **state)
{
	(void)state;
	vreg[0] = HOLE;
	assert_int_equal(load(LDADD, HOLE), EMULATE_DONE);
	assert_int_equal(vreg[2], ~0ull);
	assert_int_equal(load(CASP, HOLE), EMULATE_DONE);
	assert_int_equal(vreg[3], ~0ull);
	assert_int_equal(load(LDXR, HOLE), EMULATE_DONE);
	vreg[3] = 9;
	assert_int_equal(store(STXR, HOLE), EMULATE_DONE);
	assert_int_equal(vreg[3], 0); /* nobody waits for ever */
	assert_int_equal(store(ZVA, HOLE), EMULATE_DONE);
	assert_int_equal(nothing, 5);
	tolerant = false;
	vreg[2] = vreg[3] = 4;
	load(LDADD, HOLE);
	expect_abort(0x10, 0); /* a read would have been wrong, too */
	store(LDADD, HOLE);    /* a CPU that looks for the right to write first */
	expect_abort(0x10, 0);
	load(LDXR, HOLE);
	expect_abort(0x10, 0);
	store(STXR, HOLE);
	expect_abort(0x10 | WNR, 0);
	vreg[0] = HOLE + 0x13;
	store(ZVA, HOLE + 0x13);
	expect_abort(0x10 | WNR, 0);
	vreg[0] = DEVICE + 0x18;
	load(LDADD, DEVICE + 0x18);
	expect_abort(0x35, 0);
	load(CASP, DEVICE + 0x18);
	expect_abort(0x35, 0);
	load(LDXR, DEVICE + 0x18);
	expect_abort(0x35, 0);
	store(STXR, DEVICE + 0x18);
	expect_abort(0x35 | WNR, 0);
	store(ZVA, DEVICE + 0x18);
	expect_abort(0x21 | WNR, 0);
	assert_int_equal(nothing, 15);
	assert_int_equal(logged, 0);
	assert_int_equal(vreg[2] + vreg[3], 8);
	/* ROM: the read is good. */
	put(ROM + 0x20, 0x77);
	vreg[0] = ROM + 0x20;
	put_word(LDADD);
	run_exit((struct emulate_exit){UINT64_MAX, WNR | PERMIT, ROM + 0x20, CODE});
	expect_abort(0x10 | WNR, 0);
	tolerant = true;
	assert_int_equal(run_exit((struct emulate_exit){UINT64_MAX, WNR | PERMIT, ROM + 0x20, CODE}), EMULATE_DONE);
	assert_int_equal(vreg[2], 0x77);
	assert_int_equal(ram[RAM_SIZE + 0x20], 0x77);
}

/* Walks that stage 2 stops, addresses beyond what is shown, maintenance of what is not there. */
static void test_walks(void **state)
{
	(void)state;
	map_page(4, HOLE, 0);
	put(TABLES + 0x1000, 0x0a000000ull | 3);
	run_exit((struct emulate_exit){HOLE, S1PTW | TRANSLATE, 0x4008, CODE});
	expect_abort(0x17, 0);
	run_exit((struct emulate_exit){HOLE, S1PTW | TRANSLATE | WNR, 0x4008, CODE});
	expect_abort(0x17 | WNR, 0);
	put(TABLES, 0x0a000000ull | 3);
	run_exit((struct emulate_exit){HOLE, S1PTW | TRANSLATE, 0x4008, CODE});
	expect_abort(0x16, 0);
	vreg[VREG_TTBR0_EL1] = HOLE;
	run_exit((struct emulate_exit){HOLE, S1PTW | TRANSLATE, 0x4008, CODE});
	expect_abort(0x15, 0);
	/* The walk is good, but what it found could not be marked. */
	map_page(4, HOLE, 0);
	run_exit((struct emulate_exit){HOLE, S1PTW | PERMIT | WNR, 0x4008, CODE});
	expect_abort(0x17 | WNR, 0);
	map_page(4, 0x10000000000ull, 0);
	run_exit((struct emulate_exit){0x10000000000ull, ISV | SAS(2) | TRANSLATE, 0x4008, CODE});
	expect_abort(0x03, 0);
	vreg[VREG_SCTLR_EL1] = 0;
	run_exit((struct emulate_exit){0x10000000000ull, ISV | SAS(2) | TRANSLATE, 0x10000000008ull, CODE});
	expect_abort(0x00, 0);
	assert_int_equal(nothing, 0);
	assert_int_equal(run_exit((struct emulate_exit){HOLE, CM | WNR | TRANSLATE, HOLE, CODE}), EMULATE_DONE);
	assert_int_equal(run_exit((struct emulate_exit){UINT64_MAX, CM | WNR | PERMIT, ROM, CODE}), EMULATE_DONE);
	assert_int_equal(nothing, 0);
}

static void test_fetch(void **state)
{
	struct emulate_exit exit = {HOLE, TRANSLATE, 0x4000, 0x4000};
	uint64_t ipa;

	(void)state;
	map_page(4, HOLE, 0);
	assert_int_equal(emulate_fetch(&memory, &ops, NULL, &exit, &ipa), 0x10);
	assert_int_equal(ipa, HOLE);
	exit.ipa = UINT64_MAX;
	exit.esr = PERMIT;
	assert_int_equal(emulate_fetch(&memory, &ops, NULL, &exit, &ipa), 0x10);
	assert_int_equal(ipa, HOLE);
	map_page(4, 0x20000000000ull, 0);
	exit.ipa = 0x20000000000ull;
	assert_int_equal(emulate_fetch(&memory, &ops, NULL, &exit, &ipa), 0x03);
	put(TABLES + 0x1000, 0x0a000000ull | 3);
	exit.esr = S1PTW | TRANSLATE;
	assert_int_equal(emulate_fetch(&memory, &ops, NULL, &exit, &ipa), 0x17);
	vreg[VREG_SCTLR_EL1] = 0;
	exit.esr = TRANSLATE;
	exit.ipa = exit.far = 0x20000000000ull;
	assert_int_equal(emulate_fetch(&memory, &ops, NULL, &exit, &ipa), 0x00);
}

/* Watchpoints: which byte, which direction, whose access, and whether debug exceptions are on. */
static void test_watchpoints(void **state)
{
	static const struct {
		uint64_t wcr, wvr;
		bool load, store; /* whether they hit: ldp, stp of w1, w2 at DEVICE + 8 */
		uint64_t offset;
	} rows[] = {
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

	(void)state;
	vreg[0] = DEVICE + 8;
	vreg[VREG_MDSCR_EL1] = 1 << 15 | 1 << 13;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		logged = 0;
		vreg[VREG_DBGWCR0 + i] = rows[i].wcr;
		vreg[VREG_DBGWVR0 + i] = rows[i].wvr;
		load(LDP_W1_W2_X0, DEVICE + 8);
		if (rows[i].load)
			expect_abort(0x22, rows[i].offset);
		assert_int_equal(logged, rows[i].load ? 0 : 2);
		store(STP_W1_W2_X0, DEVICE + 8);
		if (rows[i].store)
			expect_abort(0x22 | WNR, rows[i].offset);
		assert_int_equal(logged, (rows[i].load ? 0 : 2) + (rows[i].store ? 0 : 2));
		vreg[VREG_DBGWCR0 + i] = 0;
	}
	vreg[VREG_DBGWCR0 + 15] = rows[0].wcr;
	vreg[VREG_DBGWVR0 + 15] = rows[0].wvr;
	vreg[VREG_PSTATE] = EL1H | 1 << 9; /* D */
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
	vreg[VREG_PSTATE] = EL1H;
	vreg[VREG_MDSCR_EL1] = 1 << 15;
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
	vreg[VREG_PSTATE] = 0; /* EL0 needs neither KDE nor D clear */
	load(LDP_W1_W2_X0, DEVICE + 8);
	expect_abort(0x22, 0);
	vreg[VREG_OSLOCK] = 1;
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
	vreg[VREG_OSLOCK] = 0;
	vreg[VREG_MDSCR_EL1] = 1 << 13;
	assert_int_equal(load(LDP_W1_W2_X0, DEVICE + 8), EMULATE_DONE);
}

/* No instruction word, whatever it is, reaches anything but the device's page, where nothing but that is mapped. */
static void test_random_words(void **state)
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
	    cmocka_unit_test_setup(test_pair, set_up),
	    cmocka_unit_test_setup(test_write_back, set_up),
	    cmocka_unit_test_setup(test_stack_of_el0, set_up),
	    cmocka_unit_test_setup(test_simd, set_up),
	    cmocka_unit_test_setup(test_structures, set_up),
	    cmocka_unit_test_setup(test_refusal, set_up),
	    cmocka_unit_test_setup(test_described, set_up),
	    cmocka_unit_test_setup(test_end_of_ram, set_up),
	    cmocka_unit_test_setup(test_store_across_the_end, set_up),
	    cmocka_unit_test_setup(test_into_ram, set_up),
	    cmocka_unit_test_setup(test_swapped, set_up),
	    cmocka_unit_test_setup(test_rights, set_up),
	    cmocka_unit_test_setup(test_rom, set_up),
	    cmocka_unit_test_setup(test_atomics, set_up),
	    cmocka_unit_test_setup(test_walks, set_up),
	    cmocka_unit_test_setup(test_fetch, set_up),
	    cmocka_unit_test_setup(test_watchpoints, set_up),
	    cmocka_unit_test_setup(test_random_words, set_up),
	    cmocka_unit_test_setup(test_mmio_table, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
