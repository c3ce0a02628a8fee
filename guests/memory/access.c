/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each instruction in holes, in ROM, and across the edges of RAM. With `ignore` the CPU says itself what is right: the
 * same instruction on RAM that holds all ones where there is nothing.
 */
#include "memory.h"

#define EDGE   128 /* bytes on each side */
#define VECTOR (1u << 26)

/* Two successive pages of RAM stand in for both sides. */
static uint8_t stand_in[2][65536] __attribute__((aligned(65536)));

/* What lies there, and how it is reached: pages of the map's windows. */
struct side {
	uint64_t pa;
	bool nothing; /* reads are refused, too */
	bool rom;
};

static uint64_t page_bytes;

static uint64_t window(unsigned int n)
{
	return WINDOW + n * page_bytes;
}

static uint8_t pattern(uint64_t n)
{
	return (uint8_t)(n * 7 + 3);
}

/* What reads show: RAM and ROM their content, holes all ones. */
static void fill(uint8_t *to, const struct side *side, uint64_t from, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		to[i] = side->nothing ? 0xff : side->rom ? *(const uint8_t *)(side->pa + from + i) : pattern(i);
}

static void fill_ram(const struct side *side, uint64_t from, uint64_t bytes)
{
	if (!side->nothing && !side->rom)
		fill((uint8_t *)(side->pa + from), side, from, bytes);
}

/* The page of a side through the identity map, which has RAM only; ROM is mapped to its own address, too. */
static void fill_both(const struct side *first, const struct side *second)
{
	fill_ram(first, page_bytes - EDGE, EDGE);
	fill_ram(second, 0, EDGE);
	fill(&stand_in[0][page_bytes - EDGE], first, page_bytes - EDGE, EDGE);
	fill(stand_in[0] + page_bytes, second, 0, EDGE);
}

static void compare_registers(const struct run *found, const struct run *right, uint32_t insn)
{
	for (uint64_t i = 0; i < 31; i++)
		check("register", insn, found->step.x[i] - (i == 1 ? found->far : 0),
		      right->step.x[i] - (i == 1 ? right->far : 0));
	for (uint64_t i = 0; i < 8; i++)
		check("vector", insn, found->v[i / 2][i % 2], right->v[i / 2][i % 2]);
}

/* RAM has what the CPU would have written there, and nothing else has changed. */
static void compare_memory(const struct side *side, const uint8_t *right, uint64_t from, uint32_t insn)
{
	uint64_t differs = 0;

	if (side->nothing || side->rom)
		return;
	for (uint64_t i = 0; i < EDGE; i++)
		differs += ((uint8_t *)(side->pa + from))[i] != right[i];
	check("bytes that differ", insn, differs, 0);
}

/* `at`: of the first byte, from the edge. The stand-in lies in windows 4 and 5, the two sides in 0 and 1. */
static void one(const struct word *w, const struct side *first, const struct side *second, int64_t at, uint64_t pstate)
{
	bool write = w->flags & (WORD_STORE | WORD_ATOMIC);
	bool first_bad = first->nothing || (first->rom && write);
	int64_t bad = at >= 0 || first_bad ? at : 0;
	uint64_t base = window(1) + (uint64_t)(at - w->offset), wnr;
	struct run found, right, before;

	fill_both(first, second);
	run_prepare(&found, pstate, base);
	before = found;
	run(&found, w->insn);
	counts();
	if (!ignores) {
		wnr = w->flags & WORD_STORE || (w->flags & WORD_ATOMIC && !(bad < 0 ? first : second)->nothing)
			  ? ISS_WNR
			  : 0;
		if (at < 0 && (w->insn & VECTOR)) {
			/* The CPU may have done what lies before the edge. */
			for (uint64_t i = 0; i < 8; i++)
				found.v[i / 2][i % 2] = before.v[i / 2][i % 2];
		} else {
			compare_memory(first, &stand_in[0][page_bytes - EDGE], page_bytes - EDGE, w->insn);
			compare_memory(second, stand_in[0] + page_bytes, 0, w->insn);
		}
		check_abort("abort", &found, &before, EC_DATA, 0x10 | wnr, window(1) + (uint64_t)bad);
		return;
	}
	check("exception", w->insn, found.esr, 0);
	run_prepare(&right, pstate, window(5) + (uint64_t)(at - w->offset));
	run(&right, w->insn);
	found.far = window(1);
	right.far = window(5);
	compare_registers(&found, &right, w->insn);
	compare_memory(first, &stand_in[0][page_bytes - EDGE], page_bytes - EDGE, w->insn);
	compare_memory(second, stand_in[0] + page_bytes, 0, w->insn);
}

/* Of an access of so many bytes, how many may lie before an edge: one, half of it, all but one. */
static unsigned int split(unsigned int bytes, unsigned int n)
{
	return n == 0 ? 1 : n == 1 ? bytes / 2 : bytes - 1;
}

static bool bad(const struct side *side, const struct word *w)
{
	return side->nothing || (side->rom && (w->flags & WORD_STORE));
}

/* Each instruction within the second side. */
static void within(const struct side *side, uint64_t pstate)
{
	for (const struct word *w = plain_words; w < plain_words_end; w++) {
		if (bad(side, w))
			one(w, side, side, 16, pstate);
	}
}

/* Each, or each `step`th, across the edge. Ordered ones must be aligned. */
static void across(const struct side *first, const struct side *second, unsigned int step, uint64_t pstate)
{
	for (const struct word *w = plain_words; w < plain_words_end; w += step) {
		if ((!bad(first, w) && !bad(second, w)) || (w->flags & WORD_ORDERED))
			continue;
		for (unsigned int n = 0; n < 3; n++) {
			if (n > 0 && split(w->bytes, n) <= split(w->bytes, n - 1))
				continue;
			if (w->bytes > 1)
				one(w, first, second, -(int64_t)split(w->bytes, n), pstate);
		}
	}
}

static bool has_lse(void)
{
	return READ_REG("id_aa64isar0_el1") >> 20 & 15;
}

static void atomics(const struct side *side, uint64_t pstate)
{
	for (const struct word *w = atomic_words; w < atomic_words_end; w++) {
		/* ROM can be read; what DC ZVA would have written is not asked for on the stand-in. */
		if (side->rom && !(w->flags & WORD_STORE))
			continue;
		if (!(w->flags & WORD_ZERO) || !ignores)
			one(w, side, side, 16, pstate);
	}
	for (const struct word *w = lse_words; has_lse() && w < lse_words_end; w++)
		one(w, side, side, 16, pstate);
}

/* A store that the monitor lets through: only where a load was good. */
static void exclusive_store(uint64_t pstate)
{
	static const uint32_t ldxr = 0xc85f7c22, stxr = 0xc8077c23; /* ldxr x2, [x1]; stxr w7, x3, [x1] */
	struct run found, before;

	run_prepare(&found, pstate, window(1));
	before = found;
	run_two(&found, ldxr, stxr);
	counts();
	if (ignores) {
		check("status of stxr", stxr, found.esr | found.step.x[7], 0);
		return;
	}
	before.step.x[2] = found.step.x[2];
	check_abort("stxr", &found, &before, EC_DATA, 0x10 | ISS_WNR, window(1));
}

static void sides(unsigned int granule, const struct side *first, const struct side *second)
{
	struct map m;

	map_off();
	map_reset();
	m = map_identity(granule, false);
	map_set(&m, window(0), first->pa, MAP_USER, 3);
	map_set(&m, window(1), second->pa, MAP_USER, 3);
	map_set(&m, window(4), (uint64_t)stand_in[0], MAP_USER, 3);
	map_set(&m, window(5), (uint64_t)stand_in[0] + page_bytes, MAP_USER, 3);
	map_set(&m, ROM, ROM, 0, 3);
	map_on(&m, NULL, TCR_IPS(2));
}

/* With 4 KiB all of them; with other granules, whose tables are what is new, some. */
void test_access(unsigned int granule)
{
	static const uint64_t pstates[] = {PSTATE_EL1, PSTATE_EL0};
	struct side hole = {HOLE, true, false}, rom = {ROM, false, true}, ram, after = {RAM_END, true, false};
	unsigned int step = granule == 12 ? 1 : 5;

	page_bytes = 1ull << granule;
	ram = (struct side){RAM_END - page_bytes, false, false};
	begin(granule == 12 ? "accesses, 4 KiB" : granule == 14 ? "accesses, 16 KiB" : "accesses, 64 KiB");
	for (unsigned int i = 0; i < 2; i++) {
		sides(granule, &ram, &after);
		across(&ram, &after, step, pstates[i]);
		sides(granule, &hole, &ram);
		across(&hole, &ram, step, pstates[i]);
		sides(granule, &ram, &rom);
		across(&ram, &rom, step, pstates[i]);
		if (granule == 12) {
			sides(granule, &hole, &hole);
			across(&hole, &hole, 3, pstates[i]);
			within(&hole, pstates[i]);
			atomics(&hole, pstates[i]);
			sides(granule, &rom, &rom);
			within(&rom, pstates[i]);
			atomics(&rom, pstates[i]);
			exclusive_store(pstates[i]);
		}
		map_off();
	}
}

/* Without an MMU all is Device memory: aligned, and at its own address. */
void test_access_off(void)
{
	static const uint64_t pstates[] = {PSTATE_EL1, PSTATE_EL0};
	struct run r, before;

	begin("accesses, MMU off");
	for (unsigned int i = 0; i < 2; i++) {
		for (const struct word *w = plain_words; w < plain_words_end; w++) {
			bool write = w->flags & WORD_STORE;
			uint64_t address = (write ? ROM : HOLE) + 1024;

			if (w->offset & (w->bytes > 8 ? 7 : w->bytes - 1))
				continue;
			run_prepare(&r, pstates[i], address - (uint64_t)(int64_t)w->offset);
			before = r;
			run(&r, w->insn);
			counts();
			if (ignores)
				check("exception", w->insn, r.esr, 0);
			else
				check_abort("abort", &r, &before, EC_DATA, 0x10 | (write ? ISS_WNR : 0), address);
		}
		/* Addresses: the last that are asked for as such, and those that are too large. */
		for (unsigned int bits = 39; bits <= 47; bits++) {
			run_prepare(&r, pstates[i], 1ull << bits);
			before = r;
			run(&r, plain_words[2].insn); /* ldr w2, [x1] */
			if (bits == 39)
				counts();
			if (bits > 39 || !ignores)
				check_abort("high address", &r, &before, EC_DATA, bits > 39 ? 0 : 0x10, 1ull << bits);
		}
	}
}
