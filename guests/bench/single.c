/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of one virtual CPU, measured while no other of this guest is on. An ISB stands before each reading of the
 * counter, so that it is not made early (Arm ARM D11.1.2); for the vector's reading a store stands in for it.
 */
#include "bench.h"

#define UART_FR         0x18
#define GICD_TYPER      0x0004
#define GICD_ISENABLER1 0x0104
#define HVC_UNKNOWN     0x86000000u /* no function: standard hypervisor range, SMC32 (SMCCC 1.2, 6.1) */
#define SMCCC_VERSION   0x80000000u
#define PSCI_VERSION    0x84000000u
#define TIMER_AHEAD     20 /* microseconds */

uint64_t overhead;

static uint64_t time_nothing(void)
{
	uint64_t start, end;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb; mrs %1, cntvct_el0" : "=&r"(start), "=&r"(end)::"memory");
	return end - start;
}

/* Every register that the calling convention lets the callee change is given up beforehand (SMCCC 1.2, 2.6). */
static uint64_t time_hvc(uint32_t function)
{
	register uint64_t x0 __asm__("x0") = function;
	uint64_t start, end;

	__asm__ volatile("isb; mrs x19, cntvct_el0; hvc #0; isb; mrs x20, cntvct_el0; mov %1, x19; mov %2, x20"
			 : "+r"(x0), "=r"(start), "=r"(end)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
			   "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x19", "x20", "memory");
	return end - start - overhead;
}

/* Xen's cheapest call, its version: number 17 in x16, immediate 0xea1 (Xen, public/arch-arm.h and public/xen.h). */
static uint64_t time_xen_version(void)
{
	register uint64_t x0 __asm__("x0") = 0;
	uint64_t start, end;

	__asm__ volatile("mov x16, #17; isb; mrs x19, cntvct_el0; hvc #0xea1; isb; mrs x20, cntvct_el0; mov %1, x19; "
			 "mov %2, x20"
			 : "+r"(x0), "=r"(start), "=r"(end)::"x1", "x2", "x3", "x4", "x16", "x19", "x20", "memory");
	return end - start - overhead;
}

static uint64_t time_read(uint64_t address)
{
	uint64_t start, end, value;

	__asm__ volatile("isb; mrs %0, cntvct_el0; ldr %w2, [%3]; isb; mrs %1, cntvct_el0"
			 : "=&r"(start), "=&r"(end), "=&r"(value)
			 : "r"(address)
			 : "memory");
	return end - start - overhead;
}

static uint64_t time_write(uint64_t address, uint32_t value)
{
	uint64_t start, end;

	__asm__ volatile("isb; mrs %0, cntvct_el0; str %w2, [%3]; isb; mrs %1, cntvct_el0"
			 : "=&r"(start), "=&r"(end)
			 : "r"(value), "r"(address)
			 : "memory");
	return end - start - overhead;
}

static uint64_t time_id_register(void)
{
	uint64_t start, end, value;

	__asm__ volatile("isb; mrs %0, cntvct_el0; mrs %2, id_aa64mmfr0_el1; isb; mrs %1, cntvct_el0"
			 : "=&r"(start), "=&r"(end), "=&r"(value)::"memory");
	return end - start - overhead;
}

/* From the write of ICC_SGI1R_EL1 to the first instruction of the vector. */
static uint64_t time_sgi_to_self(struct irq_record *self)
{
	uint64_t start, count = self->count;

	__asm__ volatile("isb; mrs %0, cntvct_el0; msr icc_sgi1r_el1, %1; isb"
			 : "=&r"(start)
			 : "r"(sgi_word(0))
			 : "memory");
	await(self, count);
	return self->counter - start - overhead;
}

/* From the timer's deadline to the first instruction of the vector: one reading, so half of what two cost. */
static uint64_t time_timer(struct irq_record *self, bool in_wfi)
{
	uint64_t count = self->count, deadline = now() + microseconds(TIMER_AHEAD);

	timer_set(deadline);
	while (in_wfi && self->count == count)
		wfi();
	await(self, count);
	return self->counter - deadline - overhead / 2;
}

void measure_overhead(void)
{
	overhead = ~0ull;
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t took = time_nothing();

		overhead = took < overhead ? took : overhead;
	}
}

void measure_calls(void)
{
	/* Without a hypervisor nobody answers; Xen prints a line for each unknown call, so that would be measured. */
	if (bootarg("bare", 0))
		return;
	if (bootarg("xen", 0))
		MEASURE("xen_version", time_xen_version());
	else
		MEASURE("hvc_qvm", time_hvc(HVC_UNKNOWN));
	MEASURE("hvc_kernel", time_hvc(SMCCC_VERSION));
	MEASURE("psci_version", time_hvc(PSCI_VERSION));
}

void measure_accesses(void)
{
	MEASURE("uart_read", time_read(board.uart + UART_FR));
	MEASURE("gicd_typer_read", time_read(board.gicd + GICD_TYPER));
	MEASURE("gicd_isenabler_write", time_write(board.gicd + GICD_ISENABLER1, 0));
	MEASURE("idreg_read", time_id_register());
}

void measure_interrupts(struct irq_record *self)
{
	MEASURE("sgi_self", time_sgi_to_self(self));
	MEASURE("vtimer_running", time_timer(self, false));
	MEASURE("vtimer_wfi", time_timer(self, true));
}
