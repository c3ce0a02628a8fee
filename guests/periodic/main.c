/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do others cost a guest with a deadline each millisecond? It notes how late its vector is entered, in ticks of
 * the counter, and reports the latest after all; before, it writes nothing. Compare values are one period apart, never
 * relative to now. Boot arguments: ms=N, how many periods, 1000 without it; period=N: of so many ticks; spin=1: it does
 * not wait by WFI but spins; rest=N: it waits so many ms before it begins, and before it reports. Or it is the other
 * one: reset=N: it does no more than ask for a reset N ms after its start; flush=1: it does cache maintenance by set
 * and way without end, each operation the first of a sequence.
 */
#include "guest.h"

static volatile uint64_t deadline, period, count, late_max, late_sum, over;

void guest_irq(struct frame *frame, uint32_t intid)
{
	uint64_t late = frame->counter - deadline;

	if (intid != INTID_VTIMER) {
		gic_disable(intid);
		return;
	}
	deadline += period;
	timer_set(deadline);
	count++;
	late_sum += late;
	late_max = late > late_max ? late : late_max;
	over += late >= period;
}

/* With interrupts masked. What came is acknowledged, so that it is not there when they are not. */
static void wait_until(uint64_t time)
{
	uint64_t intid;

	while (now() < time) {
		timer_set(time);
		__asm__ volatile("dsb sy; wfi" ::: "memory");
	}
	intid = READ_REG("icc_iar1_el1");
	timer_off();
	if (intid < INTID_SPURIOUS)
		WRITE_REG("icc_eoir1_el1", intid);
}

static void report(void)
{
	line_begin();
	put("periodic: periods ");
	put_number(count);
	put(" latest ");
	put_number(late_max);
	put(" mean ");
	put_number(late_sum / count);
	put(" over ");
	put_number(over);
	put(" hz ");
	put_number(counter_hz());
	put(" at ");
	put_number(now());
	line_end();
}

static void measure(uint64_t periods, bool spin)
{
	deadline = now() + period;
	timer_set(deadline);
	irq_enable();
	while (count < periods)
		if (!spin)
			__asm__ volatile("wfi" ::: "memory");
	irq_disable();
	timer_off();
}

static _Noreturn void flush_always(void)
{
	for (uint64_t flushes = 0;; flushes++) {
		line_begin();
		put("periodic: flushes ");
		put_number(flushes);
		put(" at ");
		put_number(now());
		line_end();
		__asm__ volatile("dc cisw, xzr; dsb sy" ::: "memory");
	}
}

void guest_main(void)
{
	uint64_t reset = bootarg("reset", 0), ms = counter_hz() / 1000, rest = bootarg("rest", 0) * ms;

	if (bootarg("flush", 0))
		flush_always();
	gic_enable_private(0, INTID_VTIMER);
	if (reset != 0) {
		wait_until(now() + reset * ms);
		hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	period = bootarg("period", ms);
	wait_until(now() + rest);
	measure(bootarg("ms", 1000), bootarg("spin", 0) != 0);
	wait_until(now() + rest);
	report();
}
