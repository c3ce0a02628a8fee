/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does only what the kernel answers by itself, for ever: both timers, software-generated interrupts from each virtual
 * CPU to the next, and alarms of a PL031 real-time clock (Arm DDI 0224) that was passed to it. It prints nothing, since
 * its UART is its process's; a test reads `counts` in its memory.
 * Boot arguments: rate=N, interrupts a second of each timer, 100 without it; rtc=ADDRESS of the clock, none without it;
 * busy=1: computes between interrupts, instead of waiting for them by WFI.
 */
#include "guest.h"

#define SGI     5
#define RTC_SPI 34

#define RTCDR   0x00
#define RTCMR   0x04
#define RTCIMSC 0x10
#define RTCICR  0x1c

#define GICD_IGROUPR   0x0080
#define GICD_ISENABLER 0x0100

/* One writer each: the virtual CPU itself. The test knows the order. */
struct counts {
	volatile uint64_t virtual_timer, physical_timer, sgi, alarm, turns;
} counts[CPU_LIMIT];

static uint64_t rtc, period;
static volatile bool ready[CPU_LIMIT];
static volatile unsigned int cpus;

static void set_physical_timer(uint64_t deadline)
{
	WRITE_REG("cntp_cval_el0", deadline);
	WRITE_REG("cntp_ctl_el0", 1);
	__asm__ volatile("isb");
}

/* In the next second. */
static void set_alarm(void)
{
	write32(rtc + RTCICR, 1);
	write32(rtc + RTCMR, read32(rtc + RTCDR) + 1);
}

void guest_irq(struct frame *frame, uint32_t intid)
{
	unsigned int cpu = cpu_index();
	struct counts *c = &counts[cpu];

	(void)frame;
	switch (intid) {
	case INTID_VTIMER:
		c->virtual_timer++;
		timer_set(now() + period);
		gic_send_sgi(cpu + 1 < cpus ? cpu + 1 : 0, SGI);
		break;
	case INTID_PTIMER:
		c->physical_timer++;
		set_physical_timer(READ_REG("cntpct_el0") + period);
		break;
	case SGI: c->sgi++; break;
	case RTC_SPI:
		c->alarm++;
		set_alarm();
		break;
	default: gic_disable(intid);
	}
}

static _Noreturn void run(unsigned int cpu)
{
	gic_enable_private(cpu, SGI);
	gic_enable_private(cpu, INTID_VTIMER);
	gic_enable_private(cpu, INTID_PTIMER);
	ready[cpu] = true;
	while (!cpus)
		yield();
	timer_set(now() + period);
	set_physical_timer(READ_REG("cntpct_el0") + period);
	irq_enable();
	for (;;) {
		counts[cpu].turns++;
		if (!bootarg("busy", 0))
			__asm__ volatile("wfi" ::: "memory");
	}
}

void guest_secondary(unsigned int cpu)
{
	run(cpu);
}

/* To virtual CPU 0, group 1. */
static void enable_alarm(void)
{
	uint64_t word = RTC_SPI / 32 * 4;
	uint32_t bit = 1u << RTC_SPI % 32;

	write32(board.gicd + GICD_IGROUPR + word, read32(board.gicd + GICD_IGROUPR + word) | bit);
	write32(board.gicd + GICD_ISENABLER + word, bit);
	write32(rtc + RTCIMSC, 1);
	set_alarm();
}

void guest_main(void)
{
	unsigned int started;

	period = counter_hz() / bootarg("rate", 100);
	rtc = bootarg("rtc", 0);
	started = cpu_on_all();
	for (unsigned int i = 1; i < started; i++) {
		while (!ready[i])
			yield();
	}
	barrier();
	cpus = started;
	if (rtc)
		enable_alarm();
	run(0);
}
