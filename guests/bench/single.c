/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one virtual CPU, measured while no other of this guest is on. */
#include "timed.h"

#define UART_FR         0x18
#define GICD_TYPER      0x0004
#define GICD_ISENABLER1 0x0104
#define HVC_UNKNOWN     0x86000000u /* no function: standard hypervisor range, SMC32 (SMCCC 1.2, 6.1) */
#define SMCCC_VERSION   0x80000000u
#define PSCI_VERSION    0x84000000u

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
	MEASURE("sgi_self", time_sgi(sgi_word(0), self));
	MEASURE("vtimer_running", time_timer(self, false));
	MEASURE("vtimer_wfi", time_timer(self, true));
}
