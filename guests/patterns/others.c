/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of several virtual CPUs: interrupts between them, and how they are started. */
#include "patterns.h"

#define AFFINITY_INFO 0xc4000004u
#define IS_OFF        1
#define ALL_OTHERS    (1ull << 40 | (uint64_t)SGI << 24)

/* Written by the first virtual CPU, read by the others. */
static volatile enum peer_mode mode;
static volatile uint64_t raises; /* how often the second one shall make the device raise */
static volatile bool ready[VCPUS];
static volatile bool like_linux;
static unsigned int started;
volatile uint64_t entered_at; /* by timed_entry */
volatile uint64_t ready_at;   /* by guest_secondary(): it has set up its redistributor */
void timed_entry(void);

void peer_run(unsigned int cpu)
{
	uint64_t raised = raises;

	if (like_linux)
		mmu_enable();
	ready[cpu] = true;
	while (mode != PEER_ENDS) {
		if (mode == PEER_WAITS) {
			wfi();
		} else if (mode == PEER_RAISES && raised != raises) {
			raised = raises;
			spin(SETTLE);
			write32(raiser, 1);
		} else {
			yield();
		}
	}
	ready[cpu] = false;
}

void raise_by_peer(void)
{
	raises++;
}

static void await_off(unsigned int cpu)
{
	while (hvc(AFFINITY_INFO, cpu, 0, 0) != IS_OFF)
		spin(SETTLE);
}

bool peers_start(unsigned int count, bool linux_like)
{
	mode = PEER_SPINS;
	like_linux = linux_like;
	for (unsigned int cpu = 1; cpu <= count; cpu++) {
		if (cpu_on(cpu) != 0)
			return false;
		while (!ready[cpu])
			yield();
	}
	started = count;
	spin(SETTLE);
	return true;
}

void peers_set(enum peer_mode to)
{
	mode = to;
	/* Those in WFI see it when they are woken. */
	gic_send_sgi(1, SGI);
	for (unsigned int cpu = 2; cpu <= started; cpu++)
		gic_send_sgi(cpu, SGI);
	spin(SETTLE);
	for (unsigned int cpu = 1; to == PEER_ENDS && cpu <= started; cpu++)
		await_off(cpu);
	spin(SETTLE);
}

static uint64_t time_word(uint64_t word, unsigned int targets)
{
	uint64_t start, last = 0, counts[VCPUS];

	for (unsigned int cpu = 1; cpu <= targets; cpu++)
		counts[cpu] = records[cpu].count;
	__asm__ volatile("isb; mrs %0, cntvct_el0; msr icc_sgi1r_el1, %1; isb" : "=&r"(start) : "r"(word) : "memory");
	for (unsigned int cpu = 1; cpu <= targets; cpu++) {
		await(&records[cpu], counts[cpu]);
		last = records[cpu].counter > last ? records[cpu].counter : last;
	}
	return last - start - overhead;
}

uint64_t time_sgi_to(unsigned int targets)
{
	return time_word((uint64_t)SGI << 24 | ((2ull << targets) - 2), targets);
}

uint64_t time_sgi_to_waiting(void)
{
	spin(SETTLE);
	return time_sgi(sgi_word(1), &records[1]);
}

static uint64_t time_round_trip_waiting(void)
{
	struct irq_record *self = &records[0];
	uint64_t start, count = self->count;

	spin(SETTLE);
	__asm__ volatile("isb; mrs %0, cntvct_el0; msr icc_sgi1r_el1, %1; isb"
			 : "=&r"(start)
			 : "r"(sgi_word(1))
			 : "memory");
	while (self->count == count)
		wfi();
	return self->counter - start - overhead;
}

void measure_pairs(void)
{
	if (!peers_start(1, false))
		return;
	MEASURE_ONE(0, time_word(ALL_OTHERS, 1));
	results_worst("sgi_oneway.others");
	peers_set(PEER_WAITS);
	records[1].reply = sgi_word(0);
	MEASURE_ONE(0, time_round_trip_waiting());
	results_worst("sgi_roundtrip_wfi");
	records[1].reply = 0;
	peers_set(PEER_ENDS);
}

void measure_targets(void)
{
	if (!peers_start(VCPUS - 1, false))
		return;
	MEASURE_ONE(0, time_sgi_to(1));
	results_worst("sgi_targets.1");
	MEASURE_ONE(2, time_sgi_to(2));
	results_worst("sgi_targets.2");
	MEASURE_ONE(3, time_sgi_to(3));
	results_worst("sgi_targets.3");
	MEASURE_ONE(3, time_word(ALL_OTHERS, VCPUS - 1));
	results_worst("sgi_targets.others");
	peers_set(PEER_ENDS);
}

/* One that is off and has been on. It ends as soon as it runs, since that is what `mode` says. */
static uint64_t time_cpu_on(void)
{
	uint64_t took = TIME_CALL("hvc", PSCI_CPU_ON, 1, (uint64_t)timed_entry, 1);

	await_off(1);
	return took;
}

/* Until `at` says when. */
static uint64_t time_running(volatile uint64_t *at)
{
	uint64_t start, took;

	*at = 0;
	start = now();
	hvc(PSCI_CPU_ON, 1, (uint64_t)timed_entry, 1);
	while (!*at)
		yield();
	took = *at - start - overhead;
	await_off(1);
	return took;
}

/* It has never been on. */
void measure_first_cpu_on(void)
{
	mode = PEER_ENDS;
	for (unsigned int i = 0, took = (unsigned int)time_running(&entered_at); i < WARM_UP + ROUNDS; i++)
		results_keep(i, took);
	results_operation(1);
	results_worst("vcpu_on_runs.first");
}

void measure_cpu_on(void)
{
	mode = PEER_ENDS;
	MEASURE_ONE(0, time_cpu_on());
	results_worst("vcpu_on");
	MEASURE_ONE(0, time_running(&entered_at));
	results_worst("vcpu_on_runs.again");
	MEASURE_ONE(0, time_running(&ready_at));
	results_worst("vcpu_on_runs.ready");
}
