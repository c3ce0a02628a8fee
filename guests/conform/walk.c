/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of stage 1 by kind and level, for loads, stores, fetches and AT: those of its own tables, those of
 * tables that lie where nothing is, and output addresses that the CPU does not have (Arm ARM D17.2.40, ISS of a data
 * abort).
 */
#include "conform.h"

#define HOLE        0x0b000000ull
#define GIB         (1ull << 30)
#define WINDOW      (200ull * GIB)        /* of the VA, with tables of its own */
#define HIGH        0xffffff8000000000ull /* TTBR1 with 39 bits */
#define HIGH_48     0xffff000000000000ull
#define VALID_TABLE 3ull
#define BLOCK       1ull
#define PAGE        3ull
#define AF          (1ull << 10)
#define INNER       (3ull << 8)
#define READ_ONLY   (2ull << 6)
#define UXN_PXN     (3ull << 53)
#define EXTERNAL    0x10         /* fault status: from here on */
#define BEYOND      (1ull << 47) /* an address that no CPU here has */

static uint64_t level2[512] __attribute__((aligned(4096)));
static uint64_t level3[512] __attribute__((aligned(4096)));
static uint64_t scratch[512] __attribute__((aligned(4096)));

enum how { LOAD, STORE, FETCH, TRANSLATE, ACCESSES };
static const char *const access_names[] = {"load", "store", "fetch", "at_read"};

static uint64_t do_access(enum how how, uint64_t address)
{
	uint64_t value = 0;

	watchdog_on();
	switch (how) {
	case LOAD: value = read_sized(address, 8); break;
	case STORE: write_sized(address, 8, 1); break;
	case FETCH: __asm__ volatile("blr %0" ::"r"(address) : "x30", "memory"); break;
	case TRANSLATE:
		__asm__ volatile("at s1e1r, %0; isb" ::"r"(address) : "memory");
		value = READ_REG("par_el1");
		break;
	default: break;
	}
	watchdog_off();
	return value;
}

/* ESR_EL1 for a fault status, with WnR for stores, and CM and WnR for AT, which reports in PAR_EL1 unless the abort is
 * External. */
static uint32_t esr(enum how how, uint32_t status)
{
	uint32_t iss = status | (how == STORE ? 0x40 : how == TRANSLATE ? 0x140 : 0);

	return (how == FETCH ? 0x86000000u : 0x96000000u) | iss;
}

static void check_all(const char *name, uint64_t address, uint32_t status)
{
	for (enum how how = LOAD; how < ACCESSES; how++) {
		if (!CHECK("walk", name, access_names[how]))
			continue;
		uint64_t value = do_access(how, address);

		if (how == TRANSLATE && status < EXTERNAL)
			found_right(value & 0x7f, status << 1 | 1);
		else
			found_fault(value, esr(how, status));
	}
}

static void flush(void)
{
	__asm__ volatile("dsb sy; tlbi vmalle1; dsb sy; isb" ::: "memory");
}

static void point(uint64_t *entry, uint64_t value)
{
	*entry = value;
	flush();
}

/* Entries of the window's level 1, 2 and 3, one after the other, with a fault in each. */
static void check_levels(uint64_t *level1)
{
	uint64_t *first = &level1[WINDOW >> 30];

	point(first, 0);
	check_all("translation_1", WINDOW, 0x05);
	point(first, (uint64_t)level2 | VALID_TABLE);
	point(&level2[0], 0);
	check_all("translation_2", WINDOW, 0x06);
	point(&level2[0], (uint64_t)level3 | VALID_TABLE);
	point(&level3[0], 0);
	check_all("translation_3", WINDOW, 0x07);
	point(&level3[0], (uint64_t)scratch | INNER | PAGE);
	check_all("access_flag_3", WINDOW, 0x0b);
	point(first, HOLE | VALID_TABLE);
	check_all("external_2", WINDOW, 0x16);
	point(first, (uint64_t)level2 | VALID_TABLE);
	point(&level2[0], HOLE | VALID_TABLE);
	check_all("external_3", WINDOW, 0x17);
	point(first, BEYOND | AF | BLOCK);
	check_all("address_size_1", WINDOW, 0x01);
	point(first, (uint64_t)level2 | VALID_TABLE);
	point(&level2[0], BEYOND | AF | BLOCK);
	check_all("address_size_2", WINDOW, 0x02);
	point(&level2[0], (uint64_t)level3 | VALID_TABLE);
	point(&level3[0], BEYOND | AF | PAGE);
	check_all("address_size_3", WINDOW, 0x03);
	point(first, BEYOND | VALID_TABLE);
	check_all("address_size_table_1", WINDOW, 0x01);
}

static void check_permissions(uint64_t *level1)
{
	point(&level1[WINDOW >> 30], (uint64_t)level2 | VALID_TABLE);
	point(&level2[0], (uint64_t)level3 | VALID_TABLE);
	point(&level3[0], (uint64_t)scratch | AF | INNER | READ_ONLY | UXN_PXN | PAGE);
	if (CHECK("walk", "read_only", "store"))
		found_fault(do_access(STORE, WINDOW), esr(STORE, 0x0f));
	if (CHECK("walk", "read_only", "load"))
		found_right(do_access(LOAD, WINDOW), 0);
	if (CHECK("walk", "never_executed", "fetch"))
		found_fault(do_access(FETCH, WINDOW), esr(FETCH, 0x0f));
	/* Stage 1 maps a page, stage 2 nothing. */
	point(&level3[0], HOLE | AF | INNER | PAGE);
	if (CHECK("walk", "mapped_hole", "load"))
		found_fault(do_access(LOAD, WINDOW), esr(LOAD, 0x10));
	if (CHECK("walk", "mapped_hole", "store"))
		found_fault(do_access(STORE, WINDOW), esr(STORE, 0x10));
	if (CHECK("walk", "mapped_hole", "fetch"))
		found_fault(do_access(FETCH, WINDOW), esr(FETCH, 0x10));
	point(&level1[WINDOW >> 30], 0);
}

/* The upper half of the VA, with its first table where nothing is. */
static void check_first_level(void)
{
	uint64_t tcr = READ_REG("tcr_el1");

	WRITE_REG("ttbr1_el1", HOLE);
	WRITE_REG("tcr_el1", (tcr & ~(1ull << 23)) | 0xb5190000);
	flush();
	check_all("external_1", HIGH, 0x15);
	WRITE_REG("tcr_el1", (tcr & ~(1ull << 23)) | 0xb5100000);
	flush();
	check_all("external_0", HIGH_48, 0x14);
	WRITE_REG("ttbr1_el1", BEYOND);
	flush();
	check_all("address_size_0", HIGH_48, 0x00);
	WRITE_REG("tcr_el1", tcr);
	WRITE_REG("ttbr1_el1", 0);
	flush();
	if (CHECK("walk", "between_halves", "load"))
		found_fault(do_access(LOAD, 1ull << 45), esr(LOAD, 0x04));
	if (CHECK("walk", "upper_half_off", "load"))
		found_fault(do_access(LOAD, HIGH), esr(LOAD, 0x04));
}

#define NOT_GLOBAL (1ull << 11)
#define ASID(n)    ((uint64_t)(n) << 48)

/* One VA in two address spaces; no translation is invalidated in between. */
static void check_asid(uint64_t *level1)
{
	uint64_t table = READ_REG("ttbr0_el1"), a = 0, b = 0;

	if (!CHECK("walk", "asid", "switch"))
		return;
	scratch[0] = 0xa;
	point(&level1[WINDOW >> 30], (uint64_t)level2 | VALID_TABLE);
	point(&level2[0], (uint64_t)level3 | VALID_TABLE);
	point(&level3[0], (uint64_t)scratch | AF | INNER | NOT_GLOBAL | PAGE);
	WRITE_REG("ttbr0_el1", table | ASID(1));
	isb();
	a = read_sized(WINDOW, 8);
	WRITE_REG("ttbr0_el1", table | ASID(2));
	isb();
	level3[0] = (uint64_t)level2 | AF | INNER | NOT_GLOBAL | PAGE;
	dsb();
	b = read_sized(WINDOW, 8);
	WRITE_REG("ttbr0_el1", table);
	isb();
	point(&level1[WINDOW >> 30], 0);
	found_right((a == 0xa) | (uint64_t)(b == level2[0]) << 1, 3);
}

void check_walk(void)
{
	uint64_t *level1 = (uint64_t *)READ_REG("ttbr0_el1");

	check_levels(level1);
	check_permissions(level1);
	check_first_level();
	check_asid(level1);
}
