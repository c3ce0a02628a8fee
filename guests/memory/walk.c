/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of every granule and size, walks that lead to no memory, and addresses that are too large. */
#include "memory.h"

#define LDR_X2 0xf9400022u /* ldr x2, [x1] */
#define STR_X2 0xf9000022u /* str x2, [x1] */
#define STR_UP 0xf8010c22u /* str x2, [x1, #16]! */
#define LDP_UP 0xa8c10c22u /* ldp x2, x3, [x1], #16 */
#define BR_X1  0xd61f0020u
#define HIGH   (1ull << 40)

/* The last page of the upper half is ROM, the one before nothing. */
static void one_size(unsigned int granule, unsigned int bits, bool ds)
{
	uint64_t page = 1ull << granule, rom = 0 - page, hole = rom - page;
	struct run r, before;
	struct map lower, upper;

	map_reset();
	lower = map_identity(granule, ds);
	map_set(&lower, ROM, ROM, 0, 3);
	upper = map_new(granule, bits, ds);
	map_set(&upper, rom, ROM, 0, 3);
	map_set(&upper, hole, HOLE, 0, 3);
	map_on(&lower, &upper, TCR_IPS(2));
	for (unsigned int i = 0; i < 4; i++) {
		static const uint32_t insns[] = {STR_X2, STR_UP, LDP_UP, LDP_UP};
		uint64_t address = i < 2 ? rom + 64 : i == 2 ? hole + 64 : rom - 8, at = address - (i == 1 ? 16 : 0);

		run_prepare(&r, PSTATE_EL1, at);
		before = r;
		run(&r, insns[i]);
		counts();
		if (ignores) {
			check("exception", bits, r.esr, 0);
			check("base", bits, r.step.x[1] - at, i == 0 ? 0 : 16);
			check("x2", bits, r.step.x[2], i < 2 ? before.step.x[2] : ~0ull);
			check("x3", bits, r.step.x[3], i < 2 ? before.step.x[3] : i == 2 ? ~0ull : read64(ROM));
		} else {
			check_abort("abort", &r, &before, EC_DATA, 0x10 | (i < 2 ? ISS_WNR : 0), address);
		}
	}
	map_off();
}

void test_sizes(void)
{
	static const uint8_t sizes[] = {16, 17, 18, 20, 24, 25, 28, 30, 32, 36, 39, 40, 42, 47, 48, 51, 52};
	uint64_t mmfr0 = READ_REG("id_aa64mmfr0_el1"), mmfr2 = READ_REG("s3_0_c0_c7_2");
	bool small = mmfr2 >> 28 & 15, large = mmfr2 >> 16 & 15;

	begin("sizes");
	for (unsigned int granule = 12; granule <= 16; granule += 2) {
		bool ds = granule == 12 ? (mmfr0 >> 28 & 15) == 1 : granule == 14 && (mmfr0 >> 20 & 15) == 2;

		for (unsigned int i = 0; granule_there(granule) && i < sizeof(sizes); i++) {
			unsigned int least = small ? granule == 16 ? 17 : 16 : 25;

			if (sizes[i] < least || (sizes[i] > 48 && !ds && !(large && granule == 16)))
				continue;
			one_size(granule, sizes[i], ds && sizes[i] > 48);
		}
	}
}

/* A load, a store, and a branch there, from EL1 and EL0. What EL0 may write to, EL1 may not execute. */
static void all_fault(const char *what, uint64_t va, uint64_t fsc, bool leaf)
{
	static const uint32_t insns[] = {LDR_X2, STR_X2, LDP_UP, STR_UP, BR_X1};
	struct run r, before;

	for (unsigned int i = 0; i < 10; i++) {
		uint32_t insn = insns[i % 5];
		uint64_t write = insn == STR_X2 || insn == STR_UP ? ISS_WNR : 0;

		if (leaf && insn == BR_X1 && i < 5)
			continue;
		run_prepare(&r, i < 5 ? PSTATE_EL1 : PSTATE_EL0, insn == STR_UP ? va - 16 : va);
		before = r;
		run(&r, insn);
		check_abort(what, &r, &before, insn == BR_X1 ? EC_FETCH : EC_DATA, fsc | write, va);
	}
}

#define VA (0xffffull << 48 | 0x123456789000ull)

/* At each level the table, and then the output, is not memory, or has an address that is too large. */
static void one_walk(unsigned int granule, unsigned int bits, uint64_t ips)
{
	struct map lower, upper;
	int first;

	map_reset();
	lower = map_identity(granule, false);
	upper = map_new(granule, bits, false);
	first = map_first_level(&upper);
	for (int level = first; level < 3; level++) {
		uint64_t *entry, was, va = VA | ~0ull << bits;

		map_set(&upper, va, HOLE, MAP_USER, 3);
		entry = map_entry(&upper, va, level);
		was = *entry;
		*entry = HOLE | 3;
		map_on(&lower, &upper, ips);
		all_fault("walk to nothing", va, 0x14u + (unsigned int)level + 1, false);
		*entry = HIGH | 3;
		map_on(&lower, &upper, ips);
		all_fault("table beyond 40 bits", va, (unsigned int)level, false);
		if (level == 2 || (level == 1 && granule == 12)) {
			*entry = HIGH | MAP_USER | 1ull << 10 | 1;
			map_on(&lower, &upper, ips);
			all_fault("block beyond 40 bits", va, (unsigned int)level, true);
		}
		*entry = was;
	}
	map_set(&upper, VA | ~0ull << bits, HIGH, MAP_USER, 3);
	map_on(&lower, &upper, ips);
	all_fault("page beyond 40 bits", VA | ~0ull << bits, 3, true);
	upper.root = HOLE;
	map_on(&lower, &upper, ips);
	all_fault("first table is nothing", VA | ~0ull << bits, 0x14u + (unsigned int)first, false);
	upper.root = HIGH;
	map_on(&lower, &upper, ips);
	all_fault("first table beyond 40 bits", VA | ~0ull << bits, 0, false);
	map_off();
}

void test_walks(void)
{
	begin("walks");
	for (unsigned int granule = 12; granule <= 16; granule += 2) {
		for (unsigned int bits = 39; granule_there(granule) && bits <= 48; bits += 9) {
			one_walk(granule, bits, TCR_IPS(2));
			one_walk(granule, bits, TCR_IPS(5));
		}
	}
}
