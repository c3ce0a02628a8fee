/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user thread loads from a device that its kernel has given it to read, while another virtual CPU makes a store of
 * that load and back: no store may come through.
 */
#include "memory.h"

#define TURNS     4000
#define REGISTERS (board.gicd + 0x420)
#define VALUE     0x40404040u
#define LDP_W2    0x29400c22u /* ldp w2, w3, [x1] */
#define STP_W2    0x29000c22u /* stp w2, w3, [x1] */

static volatile bool swapping, swapped;
static uint32_t *volatile word;

/* One of the two in each round: a machine that emulates its CPUs in turns changes over between rounds only. */
void swap_other(void)
{
	while (!swapping)
		yield();
	for (uint32_t insn = LDP_W2; swapping; insn ^= LDP_W2 ^ STP_W2) {
		*word = insn;
		__asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish" ::"r"(word) : "memory");
		swapped = true;
	}
}

void test_swap(void)
{
	uint64_t loads = 0, refused = 0, other = 0, writes = 0;
	struct map m;
	struct run r;

	begin("an instruction that changes");
	map_reset();
	m = map_identity(12, false);
	map_set(&m, board.gicd, board.gicd, MAP_DEVICE | MAP_USER | MAP_READONLY, 3);
	map_set(&m, WINDOW, board.gicd, MAP_DEVICE, 3);
	map_on(&m, NULL, TCR_IPS(2));
	run_prepare(&r, PSTATE_EL0, REGISTERS);
	run(&r, LDP_W2); /* so that the word is there */
	word = &code[64];
	if (cpu_on(1) != 0)
		check("second virtual CPU", 1, 1, 0);
	swapping = true;
	barrier();
	while (!swapped)
		yield();
	/* The other one may get no time for a while. */
	for (unsigned int i = 0; i < TURNS || (i < 50 * TURNS && (loads <= 100 || refused <= 100)); i++) {
		if (i >= TURNS)
			yield();
		write32(WINDOW + 0x420, VALUE);
		write32(WINDOW + 0x424, VALUE);
		run_prepare(&r, PSTATE_EL0, REGISTERS);
		r.step.x[2] = r.step.x[3] = 0x08080808;
		r.step.pc = code_address + 4ull * 64;
		run_code(&r);
		if (r.esr == 0)
			loads++;
		else if (r.esr >> 26 == EC_DATA && (r.esr & 0x7f) == (0x0f | ISS_WNR))
			refused++;
		else
			other++;
		writes += read32(WINDOW + 0x420) != VALUE || read32(WINDOW + 0x424) != VALUE;
	}
	swapping = false;
	barrier();
	check("stores that came through", TURNS, writes, 0);
	check("other exceptions", TURNS, other, 0);
	check("loads, of which there are too few", loads, loads > 100, true);
	check("stores that were refused, too few", refused, refused > 100, true);
	map_off();
}
