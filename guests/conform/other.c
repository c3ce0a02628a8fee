/* SPDX-License-Identifier: Apache-2.0 */
/* The second virtual CPU: does one job after the other, with its interrupts masked unless a job opens them. */
#include "conform.h"

#define OTHER 1

static job *volatile wanted;
static volatile uint64_t args[2], answer;
static volatile bool up;

void guest_secondary(unsigned int cpu)
{
	map_on();
	if (cpu != OTHER)
		return;
	up = true;
	for (;;) {
		job *run = wanted;

		if (!run) {
			yield();
			continue;
		}
		barrier();
		fault_clear();
		answer = run(args[0], args[1]);
		barrier();
		wanted = NULL;
	}
}

bool other_start(void)
{
	if (cpu_on(OTHER) != 0)
		return false;
	while (!up)
		yield();
	return true;
}

void other_begin(job *run, uint64_t a, uint64_t b)
{
	args[0] = a;
	args[1] = b;
	barrier();
	wanted = run;
}

uint64_t other_end(void)
{
	while (wanted)
		yield();
	barrier();
	if (faults[OTHER].any) {
		faults[0].esr = faults[OTHER].esr;
		faults[0].vector = faults[OTHER].vector;
		faults[0].any = true;
	}
	return answer;
}

uint64_t other(job *run, uint64_t a, uint64_t b)
{
	other_begin(run, a, b);
	return other_end();
}
