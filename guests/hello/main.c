/* SPDX-License-Identifier: Apache-2.0 */
/* Says hello from each virtual CPU, waits for one timer interrupt, and powers off. */
#include "guest.h"

#define WAIT_MS 10

static volatile bool ticked;
static volatile unsigned int up;

void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	if (intid != INTID_VTIMER) {
		gic_disable(intid);
		return;
	}
	timer_off();
	ticked = true;
}

static void say_hello(unsigned int cpu)
{
	line_begin();
	put("hello: virtual CPU ");
	put_number(cpu);
	put(" is up");
	line_end();
}

void guest_secondary(unsigned int cpu)
{
	say_hello(cpu);
	up++;
}

/* One after the other, so that the lines come in order. */
static void start_others(void)
{
	for (unsigned int cpu = 1; cpu < CPU_LIMIT && cpu_on(cpu) == 0; cpu++) {
		while (up < cpu)
			yield();
	}
}

/* Masked from the test to the WFI: what arrives in between ends the WFI instead of being missed. */
static void wait_for_timer(void)
{
	gic_enable_private(0, INTID_VTIMER);
	timer_set(now() + counter_hz() / 1000 * WAIT_MS);
	while (!ticked) {
		__asm__ volatile("dsb sy; wfi" ::: "memory");
		irq_enable();
		__asm__ volatile("isb");
		irq_disable();
	}
}

void guest_main(void)
{
	say_hello(0);
	start_others();
	wait_for_timer();
	say("hello: the timer has ticked");
	say("hello: done");
}
