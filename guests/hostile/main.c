/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that tries to get out. Each virtual CPU runs STEPS steps chosen by a generator with a fixed seed: memory
 * accesses of all kinds, jumps, hypercalls, system registers, any instruction word. Every exception comes back to the
 * loop, and a timer interrupt abandons what hangs. Reaching the end shows that the guest was held and not harmed; that
 * nobody else was harmed is for the others to tell.
 * Boot arguments: seed=N steps=N mmu=1.
 */
#include "hostile.h"

#define SCRATCH_WORDS 1024
#define WATCHDOG_HZ   1000

#define EC(esr)         ((unsigned int)((esr) >> 26))
#define EC_UNKNOWN      0x00
#define EC_PREFETCH_EL0 0x20
#define EC_PREFETCH     0x21
#define EC_DATA_EL0     0x24
#define EC_DATA         0x25
#define EC_BRK          0x3c
#define EL1H_MASKED     0x3c5

static uint32_t scratch[CPU_LIMIT][SCRATCH_WORDS] __attribute__((aligned(4096)));
static struct attacker attackers[CPU_LIMIT];
static volatile unsigned int cpus;
static uint64_t seed, steps, watchdog; /* the last in ticks: a step may change CNTFRQ_EL0 where there is no EL2 */
static bool mmu;

static enum outcome classify(const struct attacker *a, const struct frame *frame, unsigned int vector)
{
	uint64_t page = (uint64_t)scratch[a->cpu];

	if ((vector & 3) != 0)
		return OUT_OTHER;
	switch (EC(frame->esr)) {
	case EC_UNKNOWN: return OUT_UNDEFINED;
	case EC_PREFETCH_EL0:
	case EC_PREFETCH: return OUT_PREFETCH;
	case EC_DATA_EL0:
	case EC_DATA: return OUT_DATA;
	case EC_BRK:
		return (frame->esr & 0xffff) == STEP_BRK_ISS && frame->elr - page < sizeof(scratch[0]) ? OUT_OK
												       : OUT_OTHER;
	default: return OUT_OTHER;
	}
}

static void end_step(struct attacker *a, struct frame *frame, enum outcome outcome)
{
	a->active = false;
	a->outcome = outcome;
	frame->elr = (uint64_t)step_landing;
	frame->spsr = EL1H_MASKED;
}

void guest_fault(struct frame *frame, unsigned int vector)
{
	struct attacker *a = &attackers[cpu_index()];

	if (a->active) {
		end_step(a, frame, classify(a, frame, vector));
		return;
	}
	uart_init();
	line_begin();
	put("hostile: FAILED, exception outside a step, vector ");
	put_number(vector);
	put(" esr ");
	put_hex(frame->esr);
	put(" elr ");
	put_hex(frame->elr);
	put(" far ");
	put_hex(frame->far);
	line_end();
	system_off();
}

void guest_irq(struct frame *frame, uint32_t intid)
{
	struct attacker *a = &attackers[cpu_index()];

	timer_off();
	if (intid != INTID_VTIMER)
		gic_disable(intid);
	if (a->active)
		end_step(a, frame, OUT_ABANDONED);
}

/* What of the interrupt controller the step may have changed, of any virtual CPU: the watchdog. */
static void restore_gic(uint32_t parts)
{
	if (parts & GIC_DISTRIBUTOR)
		gic_init_distributor();
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		if (parts & 1u << cpu) {
			gic_init_redistributor(cpu);
			gic_enable_private(cpu, INTID_VTIMER);
		}
	}
}

/* What a step may have left in the registers of its own virtual CPU. */
static void restore_cpu(struct attacker *a)
{
	timer_off();
	WRITE_REG("cpacr_el1", 3 << 20);
	WRITE_REG("mdscr_el1", 0);
	WRITE_REG("cntkctl_el1", 0);
	gic_init_cpu();
	/* A read of ICC_IAR1_EL1 leaves an interrupt active. None is now: drop the priority, and deactivate it. */
	if (READ_REG("icc_rpr_el1") != 0xff) {
		WRITE_REG("icc_ap0r0_el1", 0);
		WRITE_REG("icc_ap1r0_el1", 0);
		a->gic_parts |= 1u << a->cpu;
	}
	__asm__ volatile("isb");
	restore_gic(a->gic_parts);
}

static void one_step(struct attacker *a)
{
	attack_prepare(a, mmu);
	if (mmu)
		WRITE_REG("ttbr1_el1", random_address(a, false) & 0xfffffffff000);
	timer_set(now() + watchdog);
	a->active = true;
	step_enter(&a->step);
	a->counts[a->outcome]++;
	restore_cpu(a);
}

static void put_counts(const uint64_t *counts)
{
	static const char *const names[OUTCOMES] = {" ok ",        " data ",  " prefetch ",
						    " undefined ", " other ", " abandoned "};

	for (unsigned int i = 0; i < OUTCOMES; i++) {
		put(names[i]);
		put_number(counts[i]);
	}
}

static void progress(const struct attacker *a, uint64_t percent)
{
	uart_init();
	line_begin();
	put("\r\nhostile: cpu ");
	put_number(a->cpu);
	put(" ");
	put_number(percent);
	put(" %");
	put_counts(a->counts);
	line_end();
}

static void attack(unsigned int cpu)
{
	struct attacker *a = &attackers[cpu];

	a->cpu = cpu;
	a->random = (seed + cpu + 1) * 0x9e3779b97f4a7c15ull;
	a->random += a->random == 0;
	for (unsigned int i = 0; i < SCRATCH_WORDS; i++)
		scratch[cpu][i] = STEP_BRK;
	a->word = &scratch[cpu][SCRATCH_WORDS / 2];
	while (!cpus)
		yield();
	if (mmu)
		mmu_enable();
	gic_enable_private(cpu, INTID_VTIMER);
	for (uint64_t i = 1, next = 1; i <= steps; i++) {
		one_step(a);
		for (; next <= 10 && i >= steps * next / 10; next++)
			progress(a, next * 10);
	}
	timer_off();
	barrier();
	a->done = true;
}

/* Stays on, so that no other can start it again at a random place. */
void guest_secondary(unsigned int cpu)
{
	attack(cpu);
	for (;;)
		yield();
}

static void report(void)
{
	uint64_t sums[OUTCOMES] = {0}, total = 0;

	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		for (unsigned int i = 0; i < OUTCOMES; i++) {
			sums[i] += attackers[cpu].counts[i];
			total += attackers[cpu].counts[i];
		}
	}
	gic_init_distributor();
	uart_init();
	line_begin();
	put("\r\nhostile: done ");
	put_number(total);
	put(" steps seed ");
	put_number(seed);
	put_counts(sums);
	line_end();
}

void guest_main(void)
{
	unsigned int started;

	seed = bootarg("seed", 1);
	steps = bootarg("steps", 20000);
	mmu = bootarg("mmu", 0) != 0;
	watchdog = counter_hz() / WATCHDOG_HZ;
	mmu_build();
	barrier();
	started = cpu_on_all();
	line_begin();
	put("hostile: seed ");
	put_number(seed);
	put(" steps ");
	put_number(steps);
	put(mmu ? " mmu on" : " mmu off");
	put(", virtual CPUs ");
	put_number(started);
	line_end();
	barrier();
	cpus = started;
	attack(0);
	for (unsigned int cpu = 1; cpu < started; cpu++) {
		while (!attackers[cpu].done)
			yield();
	}
	report();
}
