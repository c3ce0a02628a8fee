/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures what a hypervisor costs its guest, with the guest's own counter, and prints a line for each row when all is
 * measured. Runs on the bare machine and under any hypervisor that starts arm64 Images. Boot arguments:
 *     bare=1   there is no hypervisor to call
 *     xen=1    the hypervisor is Xen
 *     idle=1   measure nothing and wait for ever
 *     reset=1  print when the guest was entered and will reset itself, and do so
 */
#include "bench.h"

#define QUIET 50000 /* microseconds in which everybody else finishes starting, or printing */

static struct irq_record records[2] __attribute__((aligned(64)));

static void use_record(unsigned int cpu)
{
	WRITE_REG("tpidr_el1", (uint64_t)&records[cpu]);
	gic_enable_private(cpu, SGI);
	gic_enable_private(cpu, INTID_VTIMER);
	irq_enable();
}

void guest_secondary(unsigned int cpu)
{
	if (cpu >= 2)
		return;
	use_record(cpu);
	pair_peer();
}

static void wait_quietly(void)
{
	uint64_t count = records[0].count;

	timer_set(now() + microseconds(QUIET));
	while (records[0].count == count)
		wfi();
}

static void print_entry(void)
{
	line_begin();
	put("bench: entry cntvct ");
	put_number(board.entry_virtual);
	put(" cntpct ");
	put_number(board.entry_physical);
	line_end();
}

/* At a time that is told before, so that printing it is not part of the reset. */
static void reset(void)
{
	uint64_t end = now() + microseconds(QUIET);

	line_begin();
	put("bench: reset at ");
	put_number(end);
	line_end();
	timer_set(end);
	while (now() < end)
		wfi();
	hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void guest_main(void)
{
	if (bootarg("reset", 0)) {
		print_entry();
		gic_enable_private(0, INTID_VTIMER);
		reset();
	}
	use_record(0);
	while (bootarg("idle", 0))
		wfi();
	wait_quietly();
	measure_overhead();
	measure_calls();
	measure_accesses();
	measure_interrupts(&records[0]);
	measure_pair(&records[0], &records[1]);
	print_entry();
	results_print();
	say("bench: done");
	irq_disable();
}
