/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures as guests/bench does, but what guests really do: all operations of a row, of which the worst counts, and
 * the states in which guests do them. It runs under Bulkhead only. Boot arguments choose what:
 *     rows=1      all operations, with 2 virtual CPUs
 *     targets=1   interrupts for several virtual CPUs, with 4
 *     real=1      a few rows in each state, with 4; vm=1: in the state in which another VM has used the CPU meanwhile
 *     busy=N      measure nothing, but wake every N microseconds; fp=1: nor that, but use the FP registers once
 *     turns=1     go into WFI at certain times; turns=2: measure when this VM runs after that
 *     raiser=ADDRESS second=ADDRESS   devices
 */
#include "patterns.h"

#define QUIET 50000 /* microseconds in which everybody else finishes starting, or printing */

struct irq_record records[VCPUS] __attribute__((aligned(64)));
uint64_t raiser, second;

static void use_record(unsigned int cpu)
{
	WRITE_REG("tpidr_el1", (uint64_t)&records[cpu]);
	gic_enable_private(cpu, SGI);
	gic_enable_private(cpu, INTID_VTIMER);
	gic_enable_private(cpu, INTID_PTIMER);
	irq_enable();
}

void guest_secondary(unsigned int cpu)
{
	ready_at = now();
	if (cpu >= VCPUS)
		return;
	use_record(cpu);
	peer_run(cpu);
}

static void wait_for_timer(uint64_t us)
{
	uint64_t count = records[0].count;

	timer_set(now() + microseconds(us));
	while (records[0].count == count)
		wfi();
}

static _Noreturn void busy(uint64_t us)
{
	for (;;) {
		fp_use();
		wait_for_timer(us);
	}
}

/*
 * Whoever used the floating-point registers of this CPU last has them open, which costs each exit of it something. This
 * is neither the VM that is measured nor its qvm.
 */
static _Noreturn void take_fp(void)
{
	wait_for_timer(QUIET / 2);
	fp_use();
	for (;;)
		wfi();
}

static void measure_rows(void)
{
	measure_calls_swept();
	measure_uart();
	measure_gic();
	measure_odd();
	measure_timers();
	measure_first_cpu_on();
	measure_pairs();
	measure_raised();
	measure_cpu_on();
	measure_uart_wide();
}

void guest_main(void)
{
	use_record(0);
	raiser = bootarg("raiser", 0);
	second = bootarg("second", 0);
	if (bootarg("busy", 0))
		busy(bootarg("busy", 0));
	if (bootarg("fp", 0))
		take_fp();
	if (bootarg("turns", 0) == 1)
		turns_from();
	wait_for_timer(QUIET);
	measure_overhead();
	if (bootarg("turns", 0) == 2)
		turns_to();
	if (bootarg("rows", 0))
		measure_rows();
	if (bootarg("targets", 0))
		measure_targets();
	if (bootarg("real", 0))
		measure_real(bootarg("vm", 0));
	results_print();
	say("bench: done");
	irq_disable();
}
