/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two VMs whose only virtual CPUs share a CPU. In each turn both wait in WFI. The first one's timer wakes it, and it
 * runs beyond the deadline of the second one's. At a time that both know it goes into WFI: from there to the second
 * one's vector. The counter of both counts from power-on. The loop that waits for that time has four instructions, so a
 * sample is at most that many too large.
 */
#include "patterns.h"

#define BEGIN 200000000ull /* of the first turn: both have started by then */
#define TURN  200          /* microseconds */
#define OTHER 30           /* after the begin of a turn: the deadline of the second one's timer */
#define LEAVE 60           /* and when the first one goes into WFI */
#define TURNS (WARM_UP + ROUNDS)

static uint64_t turn(unsigned int i)
{
	return BEGIN + i * microseconds(TURN);
}

static void sleep_until(uint64_t deadline)
{
	uint64_t count = records[0].count;

	timer_set(deadline);
	while (records[0].count == count)
		wfi();
}

void turns_from(void)
{
	for (unsigned int i = 0; i < TURNS; i++) {
		uint64_t count, leave = turn(i) + microseconds(LEAVE), value;

		sleep_until(turn(i));
		count = records[0].count;
		timer_set(turn(i + 1) - microseconds(OTHER));
		__asm__ volatile("1: isb; mrs %0, cntvct_el0; cmp %0, %1; b.lo 1b; wfi"
				 : "=&r"(value)
				 : "r"(leave)
				 : "cc", "memory");
		while (records[0].count == count)
			wfi();
	}
	for (;;)
		wfi();
}

void turns_to(void)
{
	for (unsigned int i = 0; i < TURNS; i++) {
		sleep_until(turn(i) + microseconds(OTHER));
		results_keep(i, records[0].counter - turn(i) - microseconds(LEAVE));
	}
	results_operation(0);
	results_worst("vm_switch");
}
