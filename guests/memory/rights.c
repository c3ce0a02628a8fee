/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights in the page after the one that faults: the CPU has not checked them. The first page is a hole, or a device,
 * to which all may have access.
 */
#include "memory.h"

#define LDP_W2  0x29400c22u /* ldp w2, w3, [x1] */
#define STP_W2  0x29000c22u /* stp w2, w3, [x1] */
#define LDTR_X2 0xf8400822u /* ldtr x2, [x1] */
#define STTR_X2 0xf8000822u /* sttr x2, [x1] */

static uint64_t target[512] __attribute__((aligned(4096)));
static struct map lower;

/* The first page is `attributes`, the second one `after`. iss 0: it is done, or refused as the hole is. */
static void one(uint32_t insn, uint64_t pstate, uint64_t attributes, uint64_t after, uint64_t iss)
{
	uint64_t write = insn == STP_W2 || insn == STTR_X2 ? ISS_WNR : 0, second = WINDOW + 4096;
	struct run r, before;

	target[0] = 0x8877665544332211ull;
	map_set(&lower, WINDOW, HOLE, attributes, 3);
	map_set(&lower, second, (uint64_t)target, after, 3);
	map_on(&lower, NULL, TCR_IPS(2));
	run_prepare(&r, pstate, second - 4);
	before = r;
	run(&r, insn);
	if (iss) {
		check_abort("rights", &r, &before, EC_DATA, iss | write, second);
		check("memory", insn, target[0], 0x8877665544332211ull);
		return;
	}
	counts();
	if (!ignores) {
		check_abort("hole", &r, &before, EC_DATA, 0x10 | write, second - 4);
		return;
	}
	check("exception", insn, r.esr, 0);
	if (write)
		check("memory", insn, target[0], 0x8877665500000000ull | (uint32_t)before.step.x[3]);
	else
		check("x2", insn, r.step.x[2],
		      insn == LDP_W2 ? 0xffffffff : 0xffffffffull | (target[0] & 0xffffffff) << 32);
}

/* The hardware's marks on the second page: accessed, and written to. */
static void marks(void)
{
	uint64_t kind = READ_REG("id_aa64mmfr1_el1") & 15, second = WINDOW + 4096;
	struct run r;

	for (unsigned int i = 0; kind && ignores && i < 3; i++) {
		static const uint64_t attributes[] = {MAP_IDLE, MAP_IDLE | MAP_READONLY | MAP_CLEAN,
						      MAP_READONLY | MAP_CLEAN};
		static const uint32_t insns[] = {LDP_W2, LDP_W2, STP_W2};
		uint64_t entry;

		if (i > 0 && kind < 2)
			break;
		map_set(&lower, WINDOW, HOLE, 0, 3);
		map_set(&lower, second, (uint64_t)target, attributes[i], 3);
		map_on(&lower, NULL, TCR_IPS(2) | TCR_HA | TCR_HD);
		run_prepare(&r, PSTATE_EL1, second - 4);
		run(&r, insns[i]);
		counts();
		entry = *map_entry(&lower, second, 3);
		check("exception", i, r.esr, 0);
		check("access flag", i, entry >> 10 & 1, 1);
		check("AP[2]", i, entry & MAP_READONLY, i == 1 ? MAP_READONLY : 0);
	}
}

void test_rights(void)
{
	bool pan = READ_REG("id_aa64mmfr1_el1") >> 20 & 15;

	begin("rights");
	map_reset();
	lower = map_identity(12, false);
	one(LDP_W2, PSTATE_EL0, MAP_USER, MAP_USER, 0);
	one(LDP_W2, PSTATE_EL0, MAP_USER, 0, 0x0f);
	one(STP_W2, PSTATE_EL0, MAP_USER, MAP_USER, 0);
	one(STP_W2, PSTATE_EL0, MAP_USER, 0, 0x0f);
	one(STP_W2, PSTATE_EL0, MAP_USER, MAP_USER | MAP_READONLY, 0x0f);
	one(LDP_W2, PSTATE_EL0, MAP_USER, MAP_USER | MAP_READONLY, 0);
	one(STP_W2, PSTATE_EL1, 0, MAP_READONLY, 0x0f);
	one(LDP_W2, PSTATE_EL1, 0, MAP_IDLE, 0x0b);
	one(LDTR_X2, PSTATE_EL1, MAP_USER, MAP_USER, 0);
	one(LDTR_X2, PSTATE_EL1, MAP_USER, 0, 0x0f);
	one(STTR_X2, PSTATE_EL1, MAP_USER, MAP_USER | MAP_READONLY, 0x0f);
	one(LDP_W2, PSTATE_EL1, 0, MAP_USER, 0);
	if (pan) {
		one(LDP_W2, PSTATE_EL1 | PSTATE_PAN, 0, MAP_USER, 0x0f);
		one(LDP_W2, PSTATE_EL1 | PSTATE_PAN, 0, 0, 0);
		one(LDTR_X2, PSTATE_EL1 | PSTATE_PAN, MAP_USER, MAP_USER, 0);
	}
	*map_entry(&lower, WINDOW + 4096, 3) = 0;
	marks();
	map_off();
}
