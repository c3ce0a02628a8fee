/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a PL031 real-time clock (Arm DDI 0224) that was passed to it, and counts its alarms: level interrupts of the
 * host. Each comes once for each completion while its line stays high, and not at all while it is disabled.
 * Boot arguments: alarms=N, 5 without it; rtc=ADDRESS; intid=N; storm=N: how often the line is left high at completion,
 * so that the interrupt must come again at once; stuck=1: in the end one is never completed; patience=SECONDS for each
 * interrupt, 60 without it, since on a busy machine much is late.
 */
#include "guest.h"

#define RTCDR    0x00
#define RTCMR    0x04
#define RTCIMSC  0x10
#define RTCRIS   0x14
#define RTCICR   0x1c
#define PERIPHID 0xfe0

#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ISPENDR    0x0200
#define GICD_ISACTIVER  0x0300
#define GICD_IPRIORITYR 0x0400
#define GICD_IROUTER    0x6000

static uint64_t rtc, patience;
static uint32_t intid;
static volatile uint64_t taken, storm, foreign, spurious, inactive;
static volatile bool stuck;

static uint32_t gicd_bit(uint32_t offset)
{
	return read32(board.gicd + offset + intid / 32 * 4) >> intid % 32 & 1;
}

static void gicd_set(uint32_t offset)
{
	write32(board.gicd + offset + intid / 32 * 4, 1u << intid % 32);
}

static void gic_enable_spi(unsigned int cpu)
{
	uint64_t group = board.gicd + GICD_IGROUPR + intid / 32 * 4, priority = board.gicd + GICD_IPRIORITYR;
	uint32_t shift = intid % 4 * 8;

	write32(group, read32(group) | 1u << intid % 32);
	priority += intid & ~3u;
	write32(priority, (read32(priority) & ~(0xffu << shift)) | 0xa0u << shift);
	write32(board.gicd + GICD_IROUTER + 8 * intid, cpu);
	gicd_set(GICD_ISENABLER);
}

void guest_irq(struct frame *frame, uint32_t which)
{
	(void)frame;
	if (which != intid) {
		foreign++;
		gic_disable(which);
		return;
	}
	taken++;
	spurious += !(read32(rtc + RTCRIS) & 1);
	inactive += !gicd_bit(GICD_ISACTIVER);
	while (stuck) {
		__asm__ volatile("wfi" ::: "memory"); /* for ever: masked, and not completed */
	}
	if (storm)
		storm--;
	else
		write32(rtc + RTCICR, 1);
}

/* To the next full second. */
static void set_alarm(void)
{
	write32(rtc + RTCMR, read32(rtc + RTCDR) + 1);
}

static bool wait_for(uint64_t count)
{
	uint64_t end = now() + patience * counter_hz();

	while (taken < count && now() < end) {
		irq_disable();
		__asm__ volatile("dsb sy" ::: "memory");
		irq_enable();
		yield();
	}
	return taken >= count;
}

static void report(const char *what, uint64_t number)
{
	line_begin();
	put(what);
	put_number(number);
	line_end();
}

/* What comes before it is enabled waits, and comes then. */
static bool check_held(void)
{
	uint64_t end = now() + patience * counter_hz();

	set_alarm();
	while (!(read32(rtc + RTCRIS) & 1) && now() < end)
		yield();
	irq_enable();
	if (taken || !gicd_bit(GICD_ISPENDR))
		return false;
	gic_enable_spi(0);
	return wait_for(1) && taken == 1;
}

void guest_secondary(unsigned int cpu)
{
	(void)cpu;
	irq_enable();
	for (;;)
		__asm__ volatile("wfi" ::: "memory");
}

/* From one virtual CPU to the next, and back. */
static bool check_alarms(uint64_t count, unsigned int cpus)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t before = taken;

		write32(board.gicd + GICD_IROUTER + 8 * intid, (unsigned int)(i % cpus));
		set_alarm();
		if (!wait_for(before + 1))
			return false;
	}
	return true;
}

/* The line stays high while it is completed: each completion brings the next. */
static bool check_storm(uint64_t count)
{
	uint64_t before = taken;

	storm = count;
	set_alarm();
	return wait_for(before + count + 1) && taken == before + count + 1;
}

void guest_main(void)
{
	uint64_t alarms = bootarg("alarms", 5), storms = bootarg("storm", 1000);
	unsigned int cpus;
	bool good;

	rtc = bootarg("rtc", 0x9010000);
	patience = bootarg("patience", 60);
	intid = (uint32_t)bootarg("intid", 34);
	if ((read32(rtc + PERIPHID) & 0xff) != 0x31) {
		say("rtc: none");
		return;
	}
	report("rtc: time ", read32(rtc + RTCDR));
	write32(rtc + RTCICR, 1);
	write32(rtc + RTCIMSC, 1);
	cpus = cpu_on_all();
	good = check_held() && check_alarms(alarms, cpus);
	report("rtc: alarms ", taken);
	good = good && check_storm(storms);
	report("rtc: taken ", taken);
	report("rtc: spurious ", spurious);
	report("rtc: inactive ", inactive);
	good = good && !foreign && !spurious && !inactive && taken == 2 + alarms + storms;
	say(good ? "rtc: done" : "rtc: FAILED");
	if (bootarg("stuck", 0)) {
		stuck = true;
		set_alarm();
		wait_for(taken + 1);
	}
}
