/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/walk.c qvm/memory.c qvm/arch/aarch64/cache.c */
/* The guest's stage 1 in software: granules, sizes, blocks, and tables that lead nowhere. */
#include "qvm/arch/aarch64/walk.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define RAM        0x40000000ull
#define RAM_SIZE   0x400000ull
#define TABLE_DESC 3ull
#define PAGE_DESC  (3ull | AF)
#define BLOCK      (1ull | AF)
#define AF         (1ull << 10)
#define USER       (1ull << 6)
#define READONLY   (1ull << 7)
#define DBM        (1ull << 51)
#define UXN        (1ull << 54)

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

/* One for all: what was computed of one TCR_EL1 is not used with another. */
static struct walk_layout layout;

/* TCR_EL1 for one granule and size in both halves. */
static struct walk_regs regs(unsigned granule, unsigned size, uint64_t ttbr0, uint64_t ttbr1)
{
	const uint64_t tg0 = granule == 12 ? 0 : granule == 16 ? 1 : 2, tg1 = granule == 12 ? 2 : granule == 16 ? 3 : 1;
	const uint64_t tsz = 64 - size;

	return (struct walk_regs){.sctlr = 1,
				  .tcr = tsz | tsz << 16 | tg0 << 14 | tg1 << 30 | 2ull << 32,
				  .ttbr0 = ttbr0,
				  .ttbr1 = ttbr1,
				  .layout = &layout};
}

static void expect(const struct walk_regs *r, uint64_t va, uint64_t want)
{
	struct walk w = {0};

	assert_true(walk_translate(&memory, r, va, 0, &w));
	assert_int_equal(w.ipa, want);
}

static void expect_fault(const struct walk_regs *r, uint64_t va, unsigned access, unsigned fsc)
{
	struct walk w = {0};

	assert_false(walk_translate(&memory, r, va, access, &w));
	assert_int_equal(w.fsc, fsc);
}

static void expect_with(const struct walk_regs *r, uint64_t va, unsigned access, uint64_t want)
{
	struct walk w = {0};

	assert_true(walk_translate(&memory, r, va, access, &w));
	assert_int_equal(w.ipa, want);
}

static void without_an_mmu_addresses_are_physical(void **state)
{
	struct walk_regs r = regs(12, 48, RAM, RAM);

	(void)state;
	r.sctlr = 0;
	expect(&r, 0xff3456789aull, 0xff3456789aull);
	expect_fault(&r, 0x10000000000ull, 0, 0x00); /* more than 40 bits */
	expect_fault(&r, 0xab00003456789abcull, 0, 0x00);
	r.tcr |= 1ull << 37;
	expect(&r, 0xab00003456789abcull & 0xff000000ffffffffull, 0x56789abc);
}

/* 48 bits of 4 KiB pages: four levels; upper half by TTBR1, lower half empty. */
static void pages_of_4k_have_four_levels(void **state)
{
	const struct walk_regs r = regs(12, 48, RAM + 0x8000, RAM | 1);
	const uint64_t va = 0xffff800000000000ull | 1ull << 30 | 2ull << 21 | 3ull << 12;

	(void)state;
	set(RAM, 256, (RAM + 0x1000) | TABLE_DESC);
	set(RAM + 0x1000, 1, (RAM + 0x2000) | TABLE_DESC);
	set(RAM + 0x2000, 2, (RAM + 0x3000) | TABLE_DESC);
	set(RAM + 0x3000, 3, 0x12345000ull | PAGE_DESC | UXN | 1ull << 63);
	set(RAM + 0x3000, 4, 0x12345000ull | BLOCK);
	set(RAM + 0x3000, 6, 0x12345000ull | (PAGE_DESC & ~AF));
	set(RAM + 0x3000, 7, 0x10012345000ull | PAGE_DESC);
	set(RAM + 0x2000, 3, 0x40200000ull | BLOCK);
	set(RAM + 0x1000, 2, 0x80000000ull | BLOCK);
	set(RAM + 0x1000, 3, 0x10080000000ull | BLOCK);
	set(RAM + 0x1000, 4, 0x8000000000ull | TABLE_DESC);
	set(RAM + 0x1000, 5, 0x10000000000ull | TABLE_DESC);
	set(RAM, 257, RAM | BLOCK);
	set(RAM, 258, 0x7000000000ull | TABLE_DESC);
	set(RAM, 259, (RAM + 0x4000) | TABLE_DESC);
	expect(&r, va | 0x678, 0x12345678);
	expect(&r, 0xffff800000000000ull | 1ull << 30 | 3ull << 21 | 0x123456, 0x40323456);
	expect(&r, 0xffff800000000000ull | 2ull << 30 | 0x3abcdef4, 0xbabcdef4);
	expect_fault(&r, va + 0x1000, 0, 0x07);           /* a block descriptor among pages is reserved */
	expect_fault(&r, va + 0x2000, 0, 0x07);           /* not valid */
	expect_fault(&r, va + 0x3000, 0, 0x0b);           /* access flag */
	expect_fault(&r, va + 0x4000, 0, 0x03);           /* address size */
	expect_fault(&r, va + (2ull << 21), 0, 0x06);     /* not valid at level 2 */
	expect_fault(&r, 0xffff8000c0000000ull, 0, 0x01); /* address size of a block */
	expect_fault(&r, 0xffff800100000000ull, 0, 0x16); /* the table of level 2 is not memory */
	expect_fault(&r, 0xffff800140000000ull, 0, 0x01); /* its address is too large */
	expect_fault(&r, 0xffff808000000000ull, 0, 0x04); /* no block at level 0 */
	expect_fault(&r, 0xffff810000000000ull, 0, 0x15); /* the table of level 1 is not memory */
	expect_fault(&r, 0xffff818000000000ull, 0, 0x05);
	expect_fault(&r, 0x1000, 0, 0x04);
	expect_fault(&r, 0x0001000000000000ull, 0, 0x04); /* between the halves */
	expect_fault(&r, 0xfffe800000000000ull, 0, 0x04);
	expect_fault(&r, 0xffff818000000000ull, WALK_ANY, 0x05);
	expect_with(&r, 0xffff800100000000ull - 0x40000000ull * 2, WALK_ANY, 0x80000000);
}

/* The tables that TTBRs name: not memory, too large, of a size that IPS does not allow. */
static void a_wrong_first_table_is_a_fault(void **state)
{
	struct walk_regs r = regs(12, 39, 0x1000, RAM);

	(void)state;
	expect_fault(&r, 0, 0, 0x15);
	r = regs(12, 48, 0x1000, RAM);
	expect_fault(&r, 0, 0, 0x14);
	r = regs(12, 30, 0x1000, RAM);
	expect_fault(&r, 0, 0, 0x16);
	r = regs(12, 21, 0x1000, RAM);
	expect_fault(&r, 0, 0, 0x17);
	r = regs(12, 39, 0x10000000000ull, RAM);
	expect_fault(&r, 0, 0, 0x00);
	r = regs(12, 39, RAM, RAM);
	set(RAM, 0, 0x100000000ull | BLOCK);
	expect(&r, 5, 0x100000005ull);
	r.tcr &= ~(7ull << 32); /* 32 bits */
	expect_fault(&r, 5, 0, 0x01);
	r.tcr |= 5ull << 32; /* 48: no more than the guest is shown */
	set(RAM, 0, 0x10000000000ull | BLOCK);
	expect_fault(&r, 5, 0, 0x01);
}

/* 39 bits start at level 1; 25 bits at level 2, with a table of 16 entries; 16 at level 3. */
static void short_addresses_start_at_a_later_level(void **state)
{
	struct walk_regs r = regs(12, 39, RAM, RAM);

	(void)state;
	set(RAM, 5, 0x40000000ull | BLOCK);
	expect(&r, 5ull << 30 | 0x1234, 0x40001234);
	r = regs(12, 25, RAM + 0x80, RAM);
	set(RAM + 0x80, 15, 0x40200000ull | BLOCK);
	expect(&r, 15ull << 21 | 8, 0x40200008);
	expect_fault(&r, 16ull << 21, 0, 0x04);
	r = regs(12, 20, RAM, RAM + 0x1000); /* T1SZ = 44 */
	set(RAM + 0x1000, 0xab, 0x12345000ull | PAGE_DESC);
	expect(&r, 0xfffffffffff00000ull | 0xab123, 0x12345123);
	expect_fault(&r, 0xfffffffffffff000ull - 0x100000, 0, 0x04);
	r = regs(12, 16, RAM, RAM + 0x1080);
	set(RAM + 0x1080, 15, 0x12346000ull | PAGE_DESC);
	expect(&r, 0xfffffffffffff008ull, 0x12346008);
	r = regs(14, 16, RAM, RAM + 0x1080);
	set(RAM + 0x1080, 3, 0x12344000ull | PAGE_DESC);
	expect(&r, 0xffffffffffffffffull, 0x12347fff);
	r = regs(16, 17, RAM, RAM + 0x10c0);
	set(RAM + 0x10c0, 1, 0x12340000ull | PAGE_DESC);
	expect(&r, 0xffffffffffffffffull, 0x1234ffff);
	r = regs(12, 15, RAM, RAM);
	expect_fault(&r, 0, 0, 0x04);
	r = regs(16, 16, RAM, RAM);
	expect_fault(&r, 0, 0, 0x04);
}

static void pages_of_16k_have_four_levels(void **state)
{
	const struct walk_regs r = regs(14, 48, RAM, RAM);

	(void)state;
	set(RAM, 1, (RAM + 0x4000) | TABLE_DESC);
	set(RAM + 0x4000, 2, (RAM + 0x8000) | TABLE_DESC);
	set(RAM + 0x4000, 3, RAM | BLOCK);
	set(RAM + 0x8000, 3, (RAM + 0xc000) | TABLE_DESC);
	set(RAM + 0x8000, 4, 0x44000000ull | BLOCK);
	set(RAM + 0xc000, 5, 0x12344000ull | PAGE_DESC);
	expect(&r, (0xffffull << 48) | 1ull << 47 | 2ull << 36 | 3ull << 25 | 5ull << 14 | 0x2222, 0x12346222);
	expect(&r, (0xffffull << 48) | 1ull << 47 | 2ull << 36 | 4ull << 25 | 0x1ffffff, 0x45ffffff);
	expect_fault(&r, (0xffffull << 48) | 1ull << 47 | 3ull << 36, 0, 0x05); /* no block at level 1 */
}

static void pages_of_64k_have_three_levels(void **state)
{
	struct walk_regs r = regs(16, 42, RAM, RAM);

	(void)state;
	set(RAM, 7, (RAM + 0x10000) | TABLE_DESC);
	set(RAM, 8, 0x60000000ull | BLOCK);
	set(RAM + 0x10000, 9, 0x12340000ull | PAGE_DESC);
	expect(&r, 7ull << 29 | 9ull << 16 | 0xfedc, 0x1234fedc);
	expect(&r, 8ull << 29 | 0x1fffffff, 0x7fffffff);
	/* 52 bits of virtual address: FEAT_LVA. */
	r = regs(16, 52, RAM, RAM + 0x20000);
	set(RAM + 0x20000, 1023, (RAM + 0x30000) | TABLE_DESC);
	set(RAM + 0x20000, 1022, BLOCK);
	set(RAM + 0x30000, 7, (RAM + 0x10000) | TABLE_DESC);
	expect(&r, 0xfffffc0000000000ull | 7ull << 29 | 9ull << 16 | 4, 0x12340004);
	expect(&r, 0xfffff800f0001234ull, 0xf0001234);
	/* Bits 51:48 of output addresses, where IPS asks for them: FEAT_LPA. */
	set(RAM + 0x10000, 10, 0x12340000ull | PAGE_DESC | 1ull << 12);
	expect(&r, 0xfffffc0000000000ull | 7ull << 29 | 10ull << 16, 0x12340000);
	r.tcr |= 6ull << 32;
	expect_fault(&r, 0xfffffc0000000000ull | 7ull << 29 | 10ull << 16, 0, 0x03);
}

/* 52 bits with granules of 4 and 16 KiB, TCR_EL1.DS: level -1, and addresses with their top in bits 9:8. */
static void lpa2_has_a_level_more(void **state)
{
	struct walk_regs r = regs(12, 52, RAM, RAM + 0x100);

	(void)state;
	expect_fault(&r, 0xfff0000000000000ull, 0, 0x04); /* without DS there is no such size */
	r.tcr |= 1ull << 59;
	set(RAM + 0x100, 0, (RAM + 0x1000) | TABLE_DESC);
	set(RAM + 0x100, 1, 0x7000000000ull | TABLE_DESC);
	set(RAM + 0x100, 3, (RAM | TABLE_DESC) + 0x100);
	set(RAM + 0x1000, 2, (RAM + 0x2000) | TABLE_DESC);
	set(RAM + 0x1000, 3, BLOCK);
	set(RAM + 0x2000, 3, 0x40000000ull | BLOCK);
	expect(&r, 0xfff0000000000000ull | 2ull << 39 | 3ull << 30 | 0x123, 0x40000123);
	expect(&r, 0xfff0000000000000ull | 3ull << 39 | 0x4512345678ull, 0x4512345678ull);
	expect_fault(&r, 0xfff1000000000000ull, 0, 0x14); /* the table of level 0 is not memory */
	expect_fault(&r, 0xfff2000000000000ull, 0, 0x2b); /* not valid at level -1 */
	expect_fault(&r, 0xfff3000000000000ull, 0, 0x29); /* an address with bit 50 */
	r.ttbr1 = 0x7000000000ull;
	expect_fault(&r, 0xfff0000000000000ull, 0, 0x13);
	r = regs(14, 52, RAM, RAM + 0x4000);
	r.tcr |= 1ull << 59;
	set(RAM + 0x4000, 1, (RAM + 0x8000) | TABLE_DESC);
	set(RAM + 0x8000, 2, BLOCK);
	expect(&r, 0xfff0800000000000ull | 2ull << 36 | 0x567, 0x567);
}

static void control_bits_change_the_walk(void **state)
{
	struct walk_regs r = regs(12, 39, RAM, RAM);

	(void)state;
	set(RAM, 0, 0x40000000ull | BLOCK | USER);
	expect_fault(&r, 0xab00000000000000ull, 0, 0x04);
	r.tcr |= 1ull << 37; /* TBI0 */
	expect(&r, 0xab00000000000004ull, 0x40000004);
	r.tcr |= 1ull << 55; /* E0PD0 */
	expect(&r, 0, 0x40000000);
	expect_fault(&r, 0, WALK_USER, 0x04);
	r.tcr |= 1ull << 7; /* EPD0 */
	expect_fault(&r, 0, 0, 0x04);
	expect(&r, 0xffffff8000000000ull, 0x40000000);
	r.tcr |= 1ull << 56; /* E0PD1 */
	expect_fault(&r, 0xffffff8000000000ull, WALK_USER, 0x04);
	r = regs(12, 39, RAM, RAM);
	r.tcr |= 3ull << 14; /* reserved TG0 */
	expect_fault(&r, 0, 0, 0x04);
}

/* Who may what: each block against reads and writes of EL0, of EL1, and of EL1 with PAN. */
static void permissions_depend_on_who_accesses(void **state)
{
	static const struct {
		uint64_t block, table;
		const char *good; /* of "rwRWpq": EL0, EL1, EL1 with PAN */
	} rows[] = {
	    {0, 0, "RWpq"},
	    {USER, 0, "rwRW"},
	    {READONLY, 0, "Rp"},
	    {USER | READONLY, 0, "rR"},
	    {USER, 1ull << 61, "RWpq"},
	    {USER, 1ull << 62, "rR"},
	    {USER, 3ull << 61, "Rp"},
	    {READONLY | DBM, 0, "Rp"},
	};
	static const unsigned kinds[] = {WALK_USER, WALK_USER | WALK_WRITE, 0, WALK_WRITE,
					 WALK_PAN,  WALK_PAN | WALK_WRITE};
	struct walk_regs r = regs(12, 48, RAM, RAM);

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(RAM, 0, (RAM + 0x1000) | TABLE_DESC | rows[i].table);
		set(RAM + 0x1000, 0, 0x40000000ull | BLOCK | UXN | rows[i].block);
		for (unsigned k = 0; k < 6; k++) {
			r.tcr &= ~(1ull << 41);
			if (strchr(rows[i].good, "rwRWpq"[k]))
				expect_with(&r, 8, kinds[k], 0x40000008);
			else
				expect_fault(&r, 8, kinds[k], 0x0d);
			expect_with(&r, 8, kinds[k] | WALK_ANY, 0x40000008);
		}
	}
	/* HPD0: what tables take away does not count. */
	r.tcr |= 1ull << 41;
	set(RAM, 0, (RAM + 0x1000) | TABLE_DESC | 3ull << 61);
	set(RAM + 0x1000, 0, 0x40000000ull | BLOCK | USER);
	expect_with(&r, 8, WALK_USER | WALK_WRITE, 0x40000008);
	/* EPAN: what EL0 may only execute. */
	set(RAM + 0x1000, 0, 0x40000000ull | BLOCK);
	expect_with(&r, 8, WALK_PAN, 0x40000008);
	r.sctlr |= 1ull << 57;
	expect_fault(&r, 8, WALK_PAN, 0x0d);
}

static uint64_t entry(uint64_t table, uint64_t index)
{
	uint64_t desc;

	memcpy(&desc, ram + (table - RAM) + index * 8, 8);
	return desc;
}

/* The hardware's marks: accessed, and written to. Nothing is marked by a look-up, nor where the guest does it itself.
 */
static void a_look_up_marks_nothing(void **state)
{
	const uint64_t clean = 0x40000000ull | 1ull | READONLY | DBM;
	struct walk_regs r = regs(12, 39, RAM, RAM);

	(void)state;
	set(RAM, 0, clean);
	expect_fault(&r, 0, 0, 0x09);
	expect_with(&r, 0, WALK_ANY, 0x40000000);
	r.tcr |= 1ull << 39; /* HA */
	expect_with(&r, 0, WALK_ANY, 0x40000000);
	assert_int_equal(entry(RAM, 0), clean);
	expect(&r, 0, 0x40000000);
	assert_int_equal(entry(RAM, 0), clean | AF);
	expect_fault(&r, 0, WALK_WRITE, 0x0d);
	r.tcr |= 1ull << 40; /* HD */
	expect(&r, 0, 0x40000000);
	assert_int_equal(entry(RAM, 0), clean | AF);
	expect_with(&r, 0, WALK_WRITE, 0x40000000);
	assert_int_equal(entry(RAM, 0), (clean | AF) & ~READONLY);
	/* A fault marks nothing. */
	set(RAM, 0, clean & ~DBM);
	expect_fault(&r, 0, WALK_WRITE, 0x0d);
	assert_int_equal(entry(RAM, 0), clean & ~DBM);
	/* Tables in ROM cannot be marked. */
	memory.range[0].rom = true;
	expect_fault(&r, 0, 0, 0x09);
}

/* A table that points to itself ends after the last level, and random registers and tables end, too. */
static void every_walk_ends(void **state)
{
	const struct walk_regs r = regs(12, 48, RAM, RAM);

	(void)state;
	set(RAM, 0, RAM | PAGE_DESC);
	expect(&r, 0x123, RAM + 0x123);
	srand(2);
	for (uint64_t i = 0; i < 0x10000; i++)
		ram[i] = (uint8_t)rand();
	for (unsigned i = 0; i < 100000; i++) {
		const struct walk_regs any = {.sctlr = 1,
					      .tcr = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand(),
					      .ttbr0 = RAM + (unsigned)rand() % 0x10000,
					      .ttbr1 = RAM + (unsigned)rand() % 0x10000,
					      .layout = &layout};
		struct walk w;

		if (walk_translate(&memory, &any, (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand(),
				   (unsigned)rand() & 7, &w))
			assert_int_equal(w.ipa >> 40, 0);
		assert_true(w.level >= -1 && w.level <= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(without_an_mmu_addresses_are_physical, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(pages_of_4k_have_four_levels, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_wrong_first_table_is_a_fault, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(lpa2_has_a_level_more, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(permissions_depend_on_who_accesses, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_look_up_marks_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(short_addresses_start_at_a_later_level, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(pages_of_16k_have_four_levels, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(pages_of_64k_have_three_levels, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(control_bits_change_the_walk, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(every_walk_ends, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
