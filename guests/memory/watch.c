/* SPDX-License-Identifier: Apache-2.0 */
/* Watchpoints on registers of a device: the exception comes before the access. */
#include "memory.h"

#define REGISTER   (board.gicd + 0x420) /* priorities of INTIDs 32 to 35 */
#define LDR_W2     0xb9400022u
#define STR_W2     0xb9000022u
#define STP_W2     0x29000c22u
#define LDXR_X2    0xc85f7c22u
#define EC_WATCH   0x34u
#define DFSC_WATCH 0x22u
#define MDSCR_KDE  (1ull << 13)
#define MDSCR_MDE  (1ull << 15)
#define WCR_ON     (1ull | 0xffull << 5)
#define WCR_EL1    (1ull << 1)
#define WCR_EL0    (1ull << 2)
#define WCR_LOAD   (1ull << 3)
#define WCR_STORE  (1ull << 4)
#define VALUE      0x20202020u

/* hits: the exception, else it is done. */
static void one(uint32_t insn, uint64_t pstate, uint64_t wcr, uint64_t mdscr, bool hits)
{
	uint64_t write = insn == LDR_W2 || insn == LDXR_X2 ? 0 : ISS_WNR;
	struct run r, before;

	WRITE_REG("mdscr_el1", 0);
	write32(REGISTER, VALUE);
	WRITE_REG("dbgwvr0_el1", REGISTER & ~7ull);
	WRITE_REG("dbgwcr0_el1", wcr);
	WRITE_REG("mdscr_el1", mdscr);
	__asm__ volatile("isb" ::: "memory");
	run_prepare(&r, pstate, REGISTER);
	r.step.x[2] = r.step.x[3] = 0x08080808;
	before = r;
	run(&r, insn);
	WRITE_REG("mdscr_el1", 0);
	__asm__ volatile("isb" ::: "memory");
	if (hits)
		check_abort("watchpoint", &r, &before, EC_WATCH, DFSC_WATCH | write, REGISTER);
	else
		check("exception", insn, r.esr, 0);
	if (!hits && !write)
		check("x2", insn, r.step.x[2], VALUE);
	check("register", insn, read32(REGISTER), hits || !write ? VALUE : 0x08080808);
}

void test_watchpoints(void)
{
	uint64_t el1 = PSTATE_EL1 & ~(uint64_t)PSTATE_D, el0 = PSTATE_EL0;
	uint64_t both = WCR_ON | WCR_EL1 | WCR_EL0 | WCR_LOAD | WCR_STORE, on = MDSCR_MDE | MDSCR_KDE;
	struct map m;

	begin("watchpoints");
	map_reset();
	m = map_identity(12, false);
	map_on(&m, NULL, TCR_IPS(2));
	WRITE_REG("oslar_el1", 0);
	one(LDR_W2, el1, both, on, true);
	one(STR_W2, el1, both, on, true);
	one(STP_W2, el1, both, on, true);
	one(LDXR_X2, el1, both, on, true); /* before what the device says of exclusives */
	one(LDR_W2, el0, both, on, true);
	one(STP_W2, el0, both, MDSCR_MDE, true);
	one(LDR_W2, el1, both, MDSCR_MDE, false);
	one(LDR_W2, el1 | PSTATE_D, both, on, false);
	one(STR_W2, el1, both & ~WCR_STORE, on, false);
	one(LDR_W2, el1, both & ~WCR_LOAD, on, false);
	one(LDR_W2, el0, both & ~WCR_EL0, on, false);
	one(STR_W2, el1, both & ~WCR_EL1, on, false);
	one(LDR_W2, el1, both & ~1ull, on, false);
	one(STR_W2, el1, both, MDSCR_KDE, false);
	WRITE_REG("oslar_el1", 1);
	one(STR_W2, el1, both, on, false);
	WRITE_REG("dbgwcr0_el1", 0);
	map_off();
}
