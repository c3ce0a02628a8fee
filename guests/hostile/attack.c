/* SPDX-License-Identifier: Apache-2.0 */
/* One step: registers, and one instruction in the scratch page with BRK all around it. */
#include "hostile.h"

#define PSTATE_EL1T 0x244 /* debug exceptions and FIQ masked; IRQ, the watchdog, and SError are not */
#define PSTATE_EL0T 0x240

#define WORD_BR_X1   0xd61f0020u
#define WORD_HVC     0xd4000002u
#define WORD_SMC     0xd4000003u
#define WORD_SYSTEM  0xd5000000u /* MRS, MSR, SYS, hints, barriers: 22 bits to choose */
#define WORD_MRS_MSR 0xd5100000u

static void put_word(struct attacker *a, uint32_t word)
{
	*a->word = word;
	__asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(a->word) : "memory");
}

static void prepare_access(struct attacker *a)
{
	uint64_t count = (uint64_t)(access_words_end - access_words);

	a->step.x[1] = random_address(a, true);
	put_word(a, access_words[random_next(a) % count]);
}

static void prepare_branch(struct attacker *a)
{
	uint64_t address = random_address(a, true);

	a->step.x[1] = random_next(a) & 7 ? address & ~3ull : address;
	put_word(a, WORD_BR_X1);
}

/*
 * Functions that would, quite rightly, end or suspend this guest: CPU_OFF, SYSTEM_OFF, SYSTEM_RESET, CPU_FREEZE,
 * CPU_DEFAULT_SUSPEND, SYSTEM_SUSPEND, SYSTEM_RESET2, SYSTEM_OFF2 (DEN0022 5.1), in both register widths.
 */
static bool function_ends_guest(uint64_t function)
{
	static const uint8_t numbers[] = {0x02, 0x08, 0x09, 0x0b, 0x0c, 0x0e, 0x12, 0x15};

	for (size_t i = 0; i < sizeof(numbers); i++) {
		if (((uint32_t)function & 0xbfffffff) == (0x84000000u | numbers[i]))
			return true;
	}
	return false;
}

static uint64_t random_function(struct attacker *a)
{
	static const uint32_t bases[] = {0x84000000, 0xc4000000, 0x80000000, 0xc0000000, 0x82000000, 0xc2000000,
					 0x83000000, 0x85000000, 0x86000000, 0xc6000000, 0xb2000000, 0xbf000000,
					 0x84000040, 0xc4000050, 0x8400ff00, 0x00000000};
	uint64_t r = random_next(a), function;

	do {
		function = bases[r >> 8 & 15] + (r >> 16 & 0x1f);
		if ((r & 15) == 0)
			function = random_next(a);
		else if ((r & 15) == 1)
			function |= random_next(a) << 32;
		r = random_next(a);
	} while (function_ends_guest(function));
	return function;
}

static void prepare_call(struct attacker *a)
{
	uint64_t r = random_next(a);
	uint32_t immediate = r & 1 ? 0 : r >> 8 & 0xffff;

	a->step.x[0] = random_function(a);
	/* CPU_SUSPEND as standby: power down would come back at a random entry point (DEN0022 5.4.2, bits 16 and 30).
	 */
	if (((uint32_t)a->step.x[0] & 0xbfffffff) == 0x84000001)
		a->step.x[1] &= ~((1ull << 30) | (1ull << 16));
	put_word(a, (r & 2 ? WORD_SMC : WORD_HVC) | immediate << 5);
}

static void prepare_system(struct attacker *a, bool mmu)
{
	uint32_t word;

	do {
		uint64_t r = random_next(a);

		word = r & 7 ? WORD_MRS_MSR | (r >> 8 & 0x2fffff) : WORD_SYSTEM | (r >> 8 & 0x3fffff);
	} while (!word_is_safe(word, mmu));
	put_word(a, word);
}

static void prepare_word(struct attacker *a, bool mmu)
{
	uint32_t word;

	do
		word = (uint32_t)(random_next(a) >> 16);
	while (!word_is_safe(word, mmu));
	/* Mostly give it an address where it would have one. */
	if (random_next(a) & 3)
		a->step.x[(word >> 5 & 31) % 31] = random_address(a, true);
	put_word(a, word);
}

/* With X registers full of addresses and numbers, nothing of a step depends on what ran before. */
static void fill_registers(struct attacker *a, bool mmu)
{
	for (unsigned int i = 0; i < 31; i++)
		a->step.x[i] = random_next(a) & 3 ? random_next(a) : random_address(a, false);
	a->step.sp = random_address(a, false);
	a->step.pc = (uint64_t)a->word;
	/* The map of mmu.c gives EL0 nothing, so that steps there would only meet stage 1. */
	a->step.pstate = !mmu && (random_next(a) & 7) == 0 ? PSTATE_EL0T : PSTATE_EL1T;
}

void attack_prepare(struct attacker *a, bool mmu)
{
	uint32_t base;

	fill_registers(a, mmu);
	switch (random_next(a) & 15) {
	case 0:
	case 1: prepare_branch(a); break;
	case 2:
	case 3: prepare_call(a); break;
	case 4:
	case 5:
	case 6: prepare_system(a, mmu); break;
	case 7:
	case 8:
	case 9: prepare_word(a, mmu); break;
	default: prepare_access(a); break;
	}
	base = *a->word >> 5 & 31;
	a->gic_parts = word_gic_parts(*a->word, base < 31 ? a->step.x[base] : a->step.sp);
}
