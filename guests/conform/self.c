/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's own means: an exception is noted, an instruction that never ends is ended, the other virtual CPU answers.
 */
#include "conform.h"

static uint64_t answer(uint64_t a, uint64_t b)
{
	return a << 8 | b;
}

static uint64_t undefined(uint64_t a, uint64_t b)
{
	__asm__ volatile("mrs x9, sctlr_el2" ::: "x9");
	return a + b;
}

void check_self(void)
{
	if (CHECK("self", "watchdog")) {
		watchdog_on();
		__asm__ volatile("b ." ::: "memory");
		watchdog_off();
		bool hang = faults[0].hang;

		fault_clear();
		found_right(hang, 1);
	}
	if (CHECK("self", "other"))
		found_right(other(answer, 0x12, 0x34), 0x1234);
	if (CHECK("self", "fault"))
		found_fault(undefined(0, 0), 0x02000000);
	if (CHECK("self", "fault_of_other"))
		found_fault(other(undefined, 0, 0), 0x02000000);
	if (CHECK("self", "time")) {
		while (in_time())
			yield();
		found_right(in_time(), 0);
	}
}
