/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 (DEN0022) by HVC, and the SMC calling convention (DEN0028). */
#include "guest.h"

int64_t hvc(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			   "memory");
	return (int64_t)x0;
}

int64_t cpu_on(unsigned int cpu)
{
	return (int32_t)hvc(PSCI_CPU_ON, cpu, (uint64_t)secondary_entry, cpu);
}

unsigned int cpu_on_all(void)
{
	unsigned int cpus = 1;

	while (cpus < CPU_LIMIT && cpu_on(cpus) == 0)
		cpus++;
	return cpus;
}

_Noreturn void system_off(void)
{
	for (;;)
		hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
}
