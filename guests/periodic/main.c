/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do others cost a guest with a deadline each millisecond? It notes how late its vector is entered, in ticks of
 * the counter, and reports the latest after all; before, it writes nothing. Compare values are one period apart, never
 * relative to now. Boot arguments: ms=N, how long, 1000 without it; spin=1: it does not wait by WFI but spins; reset=N:
 * it is the other one, which does no more than ask for a reset N ms after its start.
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

static void wait_until(uint64_t time)
{
	while (now() < time) {
		timer_set(time);
		__asm__ volatile("dsb sy; wfi" ::: "memory");
	}
	timer_off();
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
	line_end();
}

static void measure(uint64_t periods, bool spin)
{
	deadline = now() + period;
	timer_set(deadline);
	gic_enable_private(0, INTID_VTIMER);
	irq_enable();
	while (count < periods)
		if (!spin)
			__asm__ volatile("wfi" ::: "memory");
	irq_disable();
	timer_off();
	report();
}

void guest_main(void)
{
	uint64_t reset = bootarg("reset", 0);

	period = counter_hz() / 1000;
	if (reset != 0) {
		gic_enable_private(0, INTID_VTIMER);
		wait_until(now() + reset * period);
		hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	measure(bootarg("ms", 1000), bootarg("spin", 0) != 0);
}
