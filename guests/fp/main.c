/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the FP registers still this guest's when it comes back from its VM manager? All of them hold a pattern, which is
 * checked after one to four exits, between which nothing here touches them, while others on this CPU use theirs. Boot
 * arguments: seconds=N, 5 without it; device=A is read at some of the exits.
 */
#include "guest.h"

#define UNKNOWN 0x86000000u

/* fp.S: V0 to V31, both halves, are `first` and what follows. */
void fp_fill(uint64_t first);
uint64_t fp_differences(uint64_t first); /* bits that differ, of all registers; they are not changed */

/* 1 to 4 exits, each one of the two kinds, in every order. */
static void exits(uint64_t round, uint64_t device)
{
	for (uint64_t i = 0; i <= (round & 3); i++) {
		if (device && (round >> (2 + i) & 1))
			read32(device);
		else
			hvc(UNKNOWN, 0, 0, 0);
	}
}

void guest_main(void)
{
	uint64_t end = now() + bootarg("seconds", 5) * counter_hz(), rounds = 0, different = 0;

	say("fp: begins");
	for (; now() < end && !different; rounds++) {
		if (rounds % 1000 == 0)
			fp_fill(rounds);
		exits(rounds, bootarg("device", 0));
		different = fp_differences(rounds / 1000 * 1000);
	}
	line_begin();
	put(different ? "fp: FAILED after " : "fp: done, ");
	put_number(rounds);
	put(" rounds");
	line_end();
}
