/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says hello, measures what leaving the guest costs with the virtual counter, and powers off. Every row is SAMPLES
 * readings with the overhead of reading taken off. Rows of one virtual CPU are taken while no other is on: QEMU's
 * instruction clock counts for all CPUs together.
 */
#include "guest.h"

#define SAMPLES  1024
#define SGI      3
#define UART_FR  0x18
#define UNKNOWN  0x86000000u
#define WAIT_MAX 1000 /* milliseconds until an interrupt counts as lost */

static uint64_t samples[SAMPLES];
static uint64_t overhead;

/* Written by the vector, read by whoever waits. One writer each. */
static volatile uint64_t irq_counter, irq_count;
static volatile uint32_t irq_intid;
static volatile bool peer_ready, peer_stop;

void guest_irq(struct frame *frame, uint32_t intid)
{
	if (intid == INTID_VTIMER)
		timer_off();
	else if (intid != SGI)
		gic_disable(intid);
	irq_counter = frame->counter;
	irq_intid = intid;
	barrier();
	irq_count++;
}

/* The first virtual CPU takes its interrupts while it waits; bounded by the counter. */
static bool wait_irq(uint64_t count, uint32_t intid)
{
	uint64_t end = now() + counter_hz() / 1000 * WAIT_MAX;

	while (irq_count == count) {
		if (now() > end)
			return false;
		yield();
	}
	barrier();
	return irq_intid == intid;
}

static void sort(uint64_t *values, size_t count)
{
	for (size_t gap = count / 2; gap; gap /= 2) {
		for (size_t i = gap; i < count; i++) {
			uint64_t value = values[i];
			size_t j = i;

			for (; j >= gap && values[j - gap] > value; j -= gap)
				values[j] = values[j - gap];
			values[j] = value;
		}
	}
}

static void report(const char *name, bool complete)
{
	uint64_t hz = counter_hz();

	line_begin();
	put("hello: ");
	put(name);
	if (!complete) {
		put(": FAILED, an interrupt did not arrive");
		line_end();
		return;
	}
	sort(samples, SAMPLES);
	put(": min ");
	put_number(samples[0]);
	put(" median ");
	put_number(samples[SAMPLES / 2]);
	put(" max ");
	put_number(samples[SAMPLES - 1]);
	if (hz == 1000000000) {
		put(" instructions");
	} else {
		put(" ticks of ");
		put_number(hz);
		put(" Hz");
	}
	line_end();
}

static void keep(unsigned int i, uint64_t start, uint64_t end)
{
	uint64_t took = end - start;

	samples[i] = took > overhead ? took - overhead : 0;
}

static void measure_overhead(void)
{
	overhead = ~0ull;
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t start = now(), took = now() - start;

		overhead = took < overhead ? took : overhead;
	}
}

static void measure_hvc(void)
{
	for (unsigned int i = 0; i < SAMPLES; i++) {
		register uint64_t x0 __asm__("x0") = UNKNOWN;
		uint64_t start, end;

		/* Every register that the calling convention lets the callee change is given up beforehand. */
		__asm__ volatile("isb; mrs x19, cntvct_el0; hvc #0; isb; mrs x20, cntvct_el0; mov %1, x19; mov %2, x20"
				 : "+r"(x0), "=r"(start), "=r"(end)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
				   "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x19", "x20",
				   "memory");
		if ((int32_t)x0 != SMCCC_NOT_SUPPORTED) {
			say("hello: FAILED, an unknown function must give -1");
			return;
		}
		keep(i, start, end);
	}
	report("HVC to qvm and back", true);
}

static void measure_mmio(void)
{
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t start, end, value;

		__asm__ volatile("isb; mrs %0, cntvct_el0; ldr %w2, [%3]; isb; mrs %1, cntvct_el0"
				 : "=&r"(start), "=&r"(end), "=&r"(value)
				 : "r"((uint64_t)BOARD_UART + UART_FR)
				 : "memory");
		keep(i, start, end);
	}
	report("MMIO read handled in qvm", true);
}

/* To this virtual CPU or to the other: from the write of ICC_SGI1R_EL1 to the first instruction of the vector. */
static bool measure_sgi(unsigned int cpu)
{
	uint64_t target = ((uint64_t)SGI << 24) | (1ull << cpu);

	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t start, count = irq_count;

		barrier();
		__asm__ volatile("isb; mrs %0, cntvct_el0; msr icc_sgi1r_el1, %1; isb"
				 : "=&r"(start)
				 : "r"(target)
				 : "memory");
		if (!wait_irq(count, SGI))
			return false;
		keep(i, start, irq_counter);
	}
	return true;
}

static bool measure_timer(void)
{
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t count = irq_count, deadline = now() + counter_hz() / 20000;

		timer_set(deadline);
		if (!wait_irq(count, INTID_VTIMER))
			return false;
		samples[i] = irq_counter - deadline;
	}
	return true;
}

void guest_secondary(unsigned int cpu)
{
	gic_enable_private(cpu, SGI);
	say("hello: virtual CPU 1 is up");
	irq_enable();
	peer_ready = true;
	while (!peer_stop)
		yield();
}

static void measure_other(void)
{
	uint64_t end;

	if (cpu_on(1) != 0) {
		say("hello: SGI to the other vCPU: needs 2 virtual CPUs");
		return;
	}
	end = now() + counter_hz();
	while (!peer_ready && now() < end)
		yield();
	report("SGI to the other vCPU", peer_ready && measure_sgi(1));
	peer_stop = true;
}

void guest_main(void)
{
	say("hello: virtual CPU 0 is up");
	gic_enable_private(0, SGI);
	gic_enable_private(0, INTID_VTIMER);
	measure_overhead();
	measure_hvc();
	measure_mmio();
	irq_enable();
	report("SGI to self", measure_sgi(0));
	report("virtual timer expiry to the vector", measure_timer());
	irq_disable();
	measure_other();
	say("hello: done");
}
