/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/walk.c qvm/memory.c */
/* The guest's stage 1 in software: granules, sizes, blocks, and tables that lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qvm/walk.h"

#define RAM       0x40000000ull
#define RAM_SIZE  0x400000ull
#define PAGE_DESC 3ull
#define BLOCK     1ull
#define AF        (1ull << 10)

static struct guest_memory memory;
static uint8_t *ram;

static int set_up(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	assert_null(guest_memory_add(&memory, RAM, RAM_SIZE, false));
	memory.window = ram = calloc(1, RAM_SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

static void set(uint64_t table, uint64_t index, uint64_t desc)
{
	memcpy(ram + (table - RAM) + index * 8, &desc, 8);
}

/* TCR_EL1 for one granule and size in both halves. */
static struct walk_regs regs(unsigned granule, unsigned size, uint64_t ttbr0, uint64_t ttbr1)
{
	const uint64_t tg0 = granule == 12 ? 0 : granule == 16 ? 1 : 2, tg1 = granule == 12 ? 2 : granule == 16 ? 3 : 1;
	const uint64_t tsz = 64 - size;

	return (struct walk_regs){
	    .sctlr = 1, .tcr = tsz | tsz << 16 | tg0 << 14 | tg1 << 30, .ttbr0 = ttbr0, .ttbr1 = ttbr1};
}

static void expect(const struct walk_regs *r, uint64_t va, uint64_t want)
{
	uint64_t ipa = 0;

	assert_true(guest_walk(&memory, r, va, &ipa));
	assert_int_equal(ipa, want);
}

static void expect_none(const struct walk_regs *r, uint64_t va)
{
	uint64_t ipa;

	assert_false(guest_walk(&memory, r, va, &ipa));
}

static void test_off(void **state)
{
	struct walk_regs r = regs(12, 48, RAM, RAM);

	(void)state;
	r.sctlr = 0;
	expect(&r, 0xffff123456789abcull, 0xffff123456789abcull);
}

/* 48 bits of 4 KiB pages: four levels; upper half by TTBR1, lower half empty. */
static void test_4k(void **state)
{
	const struct walk_regs r = regs(12, 48, RAM + 0x8000, RAM | 1);
	const uint64_t va = 0xffff800000000000ull | 1ull << 30 | 2ull << 21 | 3ull << 12;

	(void)state;
	set(RAM, 256, (RAM + 0x1000) | PAGE_DESC);
	set(RAM + 0x1000, 1, (RAM + 0x2000) | PAGE_DESC);
	set(RAM + 0x2000, 2, (RAM + 0x3000) | PAGE_DESC);
	set(RAM + 0x3000, 3, 0x12345000ull | PAGE_DESC | AF | 1ull << 54 | 1ull << 63);
	set(RAM + 0x3000, 4, 0x12345000ull | BLOCK);
	set(RAM + 0x2000, 3, 0x40200000ull | BLOCK | AF);
	set(RAM + 0x1000, 2, 0x80000000ull | BLOCK | AF);
	set(RAM, 257, RAM | BLOCK);
	expect(&r, va | 0x678, 0x12345678);
	expect(&r, 0xffff800000000000ull | 1ull << 30 | 3ull << 21 | 0x123456, 0x40323456);
	expect(&r, 0xffff800000000000ull | 2ull << 30 | 0x3abcdef4, 0xbabcdef4);
	expect_none(&r, va + 0x1000);           /* a block descriptor among pages is reserved */
	expect_none(&r, va + 0x2000);           /* not valid */
	expect_none(&r, 0xffff808000000000ull); /* no block at level 0 */
	expect_none(&r, 0x1000);
	expect_none(&r, 0x0001000000000000ull); /* between the halves */
	expect_none(&r, 0xfffe800000000000ull);
}

/* 39 bits start at level 1; 25 bits at level 2, with a table of 16 entries. */
static void test_short(void **state)
{
	struct walk_regs r = regs(12, 39, RAM, RAM);

	(void)state;
	set(RAM, 5, 0x40000000ull | BLOCK);
	expect(&r, 5ull << 30 | 0x1234, 0x40001234);
	r = regs(12, 25, RAM + 0x80, RAM);
	set(RAM + 0x80, 15, 0x40200000ull | BLOCK);
	expect(&r, 15ull << 21 | 8, 0x40200008);
	expect_none(&r, 16ull << 21);
	r = regs(12, 24, RAM, RAM);
	expect_none(&r, 0);
}

static void test_16k(void **state)
{
	const struct walk_regs r = regs(14, 48, RAM, RAM);

	(void)state;
	set(RAM, 1, (RAM + 0x4000) | PAGE_DESC);
	set(RAM + 0x4000, 2, (RAM + 0x8000) | PAGE_DESC);
	set(RAM + 0x8000, 3, (RAM + 0xc000) | PAGE_DESC);
	set(RAM + 0x8000, 4, 0x44000000ull | BLOCK);
	set(RAM + 0xc000, 5, 0x12344000ull | PAGE_DESC);
	expect(&r, (0xffffull << 48) | 1ull << 47 | 2ull << 36 | 3ull << 25 | 5ull << 14 | 0x2222, 0x12346222);
	expect(&r, (0xffffull << 48) | 1ull << 47 | 2ull << 36 | 4ull << 25 | 0x1ffffff, 0x45ffffff);
}

static void test_64k(void **state)
{
	const struct walk_regs r = regs(16, 42, RAM, RAM);

	(void)state;
	set(RAM, 7, (RAM + 0x10000) | PAGE_DESC);
	set(RAM, 8, 0x60000000ull | BLOCK);
	set(RAM + 0x10000, 9, 0x12340000ull | PAGE_DESC);
	expect(&r, 7ull << 29 | 9ull << 16 | 0xfedc, 0x1234fedc);
	expect(&r, 8ull << 29 | 0x1fffffff, 0x7fffffff);
}

static void test_controls(void **state)
{
	struct walk_regs r = regs(12, 39, RAM, RAM);

	(void)state;
	set(RAM, 0, 0x40000000ull | BLOCK);
	expect_none(&r, 0xab00000000000000ull);
	r.tcr |= 1ull << 37; /* TBI0 */
	expect(&r, 0xab00000000000004ull, 0x40000004);
	r.tcr |= 1ull << 7; /* EPD0 */
	expect_none(&r, 0);
	r = regs(12, 39, RAM, RAM);
	r.tcr |= 3ull << 14; /* reserved TG0 */
	expect_none(&r, 0);
	r = regs(12, 39, 0x1000, RAM); /* the table is not memory */
	expect_none(&r, 0);
	set(RAM, 1, 0x7000000000ull | PAGE_DESC);
	r = regs(12, 39, RAM, RAM);
	expect_none(&r, 1ull << 30);
}

/* A table that points to itself ends after the last level, and random registers and tables end, too. */
static void test_ends(void **state)
{
	const struct walk_regs r = regs(12, 48, RAM, RAM);
	uint64_t ipa;

	(void)state;
	set(RAM, 0, RAM | PAGE_DESC);
	expect(&r, 0x123, RAM + 0x123);
	srand(2);
	for (uint64_t i = 0; i < 0x10000; i++)
		ram[i] = (uint8_t)rand();
	for (unsigned i = 0; i < 100000; i++) {
		const struct walk_regs any = {.sctlr = 1,
					      .tcr = (uint64_t)rand() << 31 ^ (uint64_t)rand(),
					      .ttbr0 = RAM + (unsigned)rand() % 0x10000,
					      .ttbr1 = RAM + (unsigned)rand() % 0x10000};

		guest_walk(&memory, &any, (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand(), &ipa);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_off, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_4k, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_short, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_16k, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_64k, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_controls, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
