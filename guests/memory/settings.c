/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to a device while EL1 has settings that mean something at EL0, where VM managers run: each does what it does
 * without them, and the settings are the guest's own again after it.
 */
#include "memory.h"

#define PRIORITIES (board.gicd + 0x420) /* of INTIDs 32 to 35 */
#define VALUE      0x98186088u
#define SCTLR_A    (1ull << 1)
#define SCTLR_UMA  (1ull << 9)
#define SCTLR_I    (1ull << 12)
#define SCTLR_UCT  (1ull << 15)
#define SCTLR_ENIA (1ull << 31)
#define MDSCR_KDE  (1ull << 13)
#define MDSCR_MDE  (1ull << 15)

/* Aligned ones: what is not aligned is an abort with SCTLR_EL1.A. */
static const uint32_t words[] = {
    0x39400022, /* ldrb w2, [x1] */
    0x39c00022, /* ldrsb w2, [x1] */
    0x39800022, /* ldrsb x2, [x1] */
    0x39400422, /* ldrb w2, [x1, #1] */
    0x79400022, /* ldrh w2, [x1] */
    0xb9400022, /* ldr w2, [x1] */
    0xb9800022, /* ldrsw x2, [x1] */
    0xf9400022, /* ldr x2, [x1] */
    0xb940003f, /* ldr wzr, [x1] */
    0xb8408422, /* ldr w2, [x1], #8 */
    0x29400c22, /* ldp w2, w3, [x1] */
    0x39000022, /* strb w2, [x1] */
    0xb9000022, /* str w2, [x1] */
    0xb900003f, /* str wzr, [x1] */
    0x38001c22, /* strb w2, [x1, #1]! */
};

static const struct setting {
	uint64_t sctlr, mdscr;
} settings[] = {
    {SCTLR_A, 0}, {SCTLR_UMA, 0}, {SCTLR_A | SCTLR_UMA | SCTLR_ENIA, 0},        {0, MDSCR_MDE},
    {SCTLR_I, 0}, {SCTLR_UCT, 0}, {SCTLR_A | SCTLR_UCT, MDSCR_MDE | MDSCR_KDE}, {SCTLR_ENIA, 0},
};

static void apply(uint64_t sctlr, uint64_t mdscr)
{
	WRITE_REG("sctlr_el1", sctlr);
	WRITE_REG("mdscr_el1", mdscr);
	__asm__ volatile("isb" ::: "memory");
}

/* What is there after it. With settings twice: the first access after a change may take another way than the next. */
static uint32_t one(struct run *r, uint32_t insn, uint64_t pstate, const struct setting *with, unsigned int times)
{
	uint64_t sctlr = READ_REG("sctlr_el1");

	for (unsigned int i = 0; i < times; i++) {
		write32(PRIORITIES, VALUE);
		run_prepare(r, pstate, PRIORITIES);
		r->step.x[2] = 0x0818283848586878ull;
		apply(sctlr ^ with->sctlr, with->mdscr);
		run(r, insn);
		check("SCTLR_EL1", insn, READ_REG("sctlr_el1"), sctlr ^ with->sctlr);
		check("MDSCR_EL1", insn, READ_REG("mdscr_el1"), with->mdscr);
	}
	apply(sctlr, 0);
	return read32(PRIORITIES);
}

static void compare(uint32_t insn, uint64_t pstate)
{
	static const struct setting none;
	struct run plain, odd;
	uint32_t right = one(&plain, insn, pstate, &none, 1);

	check("exception", insn, plain.esr, 0);
	for (unsigned int i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		check("register", insn, one(&odd, insn, pstate, &settings[i], 2), right);
		check("exception", insn, odd.esr, 0);
		for (unsigned int x = 0; x < 31; x++)
			check("x", insn, odd.step.x[x], plain.step.x[x]);
	}
}

static void compare_all(void)
{
	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		compare(words[i], PSTATE_EL1);
		compare(words[i], PSTATE_EL0);
	}
}

void test_settings(void)
{
	struct map m;

	begin("settings");
	compare_all();
	map_reset();
	m = map_identity(12, false);
	map_on(&m, NULL, TCR_IPS(2));
	compare_all();
	map_off();
}
