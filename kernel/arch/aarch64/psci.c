/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware: PSCI 1.1 (Arm DEN 0022) and SMCCC 1.1 (Arm DEN 0028). */
#include "psci.h"
#include "arch.h"
#include "boot.h"
#include "panic.h"
#include "sysreg.h"

#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

unsigned mitigation_call;
static BOOT_FIXED bool conduit_known; /* the device tree says how to call firmware */

bool psci_available(void)
{
	return conduit_known;
}

void boot_conduit_known(void)
{
	conduit_known = true;
}

/* SMCCC 1.0 lets firmware change x4 to x17; all are given up here so that it need not be told apart from 1.1. */
#define FIRMWARE(name)                                                                                                 \
	__asm__ volatile(#name " #0"                                                                                   \
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                                      \
			 :                                                                                             \
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", \
			   "memory")

uint64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	if (board.psci_hvc)
		FIRMWARE(hvc);
	else
		FIRMWARE(smc);
	return x0;
}

/* Firmware returned from a call that has no return, or there is none. */
static _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #0xf\n\twfi");
}

void arch_system_off(void)
{
	if (psci_available())
		psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	halt();
}

void arch_system_reset(void)
{
	if (psci_available())
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	halt();
}
