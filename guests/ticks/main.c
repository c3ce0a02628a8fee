/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are timer and software-generated interrupts ever lost? Each virtual CPU has a chain of compare values one period
 * apart, never written relative to now, so a late interrupt is followed at once by the next and none may be missing.
 * Each sends a software-generated interrupt to the next after every SGI_EVERY ticks, but not before the one sent last
 * has arrived: two that are pending together count as one, so only a lost one may break the chain.
 * Boot arguments: seconds=N, 10 without it; rate=N, ticks a second, 1000 without it; sgis=N, so many must have been
 * sent, an eighth of what a machine without load sends without it; physical=1 takes the physical timer instead of the
 * virtual one; nofp=1 keeps FP registers off at EL1 and EL0 (CPACR_EL1.FPEN), which must not matter to anybody else.
 */
#include "guest.h"

#define SGI       5
#define SGI_EVERY 16
#define PATIENCE  20 /* seconds: what has not come by then never will; on a busy machine much is late */

/* One writer each: the virtual CPU itself. Others only read `received`. */
static struct counts {
	volatile uint64_t ticks, sent, received, early, coalesced, late_max, foreign;
	volatile bool ready, done;
	uint64_t deadline, period, target;
} counts[CPU_LIMIT];

static volatile unsigned int cpus;
static bool physical;

static void set_timer(uint64_t deadline)
{
	if (!physical) {
		timer_set(deadline);
		return;
	}
	WRITE_REG("cntp_cval_el0", deadline);
	WRITE_REG("cntp_ctl_el0", 1);
	__asm__ volatile("isb");
}

static void stop_timer(void)
{
	timer_off();
	WRITE_REG("cntp_ctl_el0", 0);
	__asm__ volatile("isb");
}

static void tick(struct counts *c, unsigned int cpu, uint64_t at)
{
	unsigned int next = cpu + 1 < cpus ? cpu + 1 : 0;
	uint64_t late = at - c->deadline;

	if (at < c->deadline) {
		c->early++;
		return;
	}
	c->deadline += c->period;
	set_timer(c->deadline);
	if (c->ticks >= c->target)
		return;
	c->ticks++;
	c->late_max = late > c->late_max ? late : c->late_max;
	c->coalesced += late >= c->period;
	if (c->ticks % SGI_EVERY == 0 && counts[next].received == c->sent) {
		c->sent++;
		barrier();
		gic_send_sgi(next, SGI);
	}
}

void guest_irq(struct frame *frame, uint32_t intid)
{
	unsigned int cpu = cpu_index();
	struct counts *c = &counts[cpu];

	(void)frame;
	/* Now, not when the vector was entered: that may have been for an SGI, and the timer came before the
	 * acknowledge. */
	if (intid == (physical ? INTID_PTIMER : INTID_VTIMER)) {
		tick(c, cpu, now());
	} else if (intid == SGI) {
		c->received++;
	} else {
		c->foreign++;
		gic_disable(intid);
	}
}

/*
 * Done when all ticks are there and nothing that was sent to this one is under way, or PATIENCE after the last.
 * The timer goes on beyond the ticks that count, so that nobody has to spin meanwhile.
 */
static bool finished(unsigned int cpu, uint64_t limit)
{
	unsigned int previous = cpu ? cpu - 1 : cpus - 1;
	const struct counts *c = &counts[cpu];

	if (now() > limit)
		return true;
	return c->ticks >= c->target && counts[previous].ticks >= c->target && counts[previous].sent == c->received;
}

/* Masked from the test to the WFI: what arrives in between ends the WFI instead of being missed. */
static void wait_irq(void)
{
	__asm__ volatile("dsb sy; wfi" ::: "memory");
	irq_enable();
	__asm__ volatile("isb");
	irq_disable();
}

static void run(unsigned int cpu)
{
	struct counts *c = &counts[cpu];
	uint64_t start, limit, rate;

	if (bootarg("nofp", 0))
		WRITE_REG("cpacr_el1", 0);
	c->ready = true;
	while (!cpus)
		yield();
	rate = bootarg("rate", 1000);
	c->period = counter_hz() / rate;
	c->target = bootarg("seconds", 10) * rate;
	start = now();
	limit = start + (c->target + PATIENCE * rate) * c->period;
	c->deadline = start + c->period;
	gic_enable_private(cpu, SGI);
	gic_enable_private(cpu, physical ? INTID_PTIMER : INTID_VTIMER);
	set_timer(c->deadline);
	while (!finished(cpu, limit))
		wait_irq();
	c->done = true;
}

static bool all_done(unsigned int started)
{
	bool done = true;

	for (unsigned int i = 0; i < started; i++)
		done &= counts[i].done;
	return done;
}

static bool report(unsigned int cpu)
{
	const struct counts *c = &counts[cpu], *next = &counts[cpu + 1 < cpus ? cpu + 1 : 0];

	line_begin();
	put("ticks: cpu ");
	put_number(cpu);
	put(" ticks ");
	put_number(c->ticks);
	put(" lost ");
	put_number(c->target - c->ticks);
	put(" late-max ");
	put_number(c->late_max * 1000000 / counter_hz());
	put(" sgi sent ");
	put_number(c->sent);
	put(" received ");
	put_number(c->received);
	put(" early ");
	put_number(c->early);
	put(" coalesced ");
	put_number(c->coalesced);
	put(" foreign ");
	put_number(c->foreign);
	line_end();
	return c->done && c->ticks == c->target && !c->early && !c->foreign && next->received == c->sent &&
	       c->sent >= bootarg("sgis", c->target / SGI_EVERY / 8);
}

void guest_secondary(unsigned int cpu)
{
	run(cpu);
}

void guest_main(void)
{
	unsigned int started;
	bool good = true;
	uint64_t end;

	physical = bootarg("physical", 0);
	started = cpu_on_all();
	line_begin();
	put("ticks: virtual CPUs ");
	put_number(started);
	line_end();
	/* Setting up its interrupt controller, another would clear what is sent to it before. */
	for (unsigned int i = 1; i < started; i++) {
		while (!counts[i].ready)
			yield();
	}
	barrier();
	cpus = started;
	run(0);
	end = now() + PATIENCE * counter_hz();
	while (!all_done(started) && now() < end)
		wait_irq();
	stop_timer();
	for (unsigned int i = 0; i < started; i++)
		good &= report(i);
	say(good ? "ticks: done" : "ticks: FAILED");
}
