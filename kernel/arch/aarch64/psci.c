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

	if (board.arch.conduit == CONDUIT_HVC)
		FIRMWARE(hvc);
	else
		FIRMWARE(smc);
	return x0;
}

/* A call that should not return. If firmware returns all the same, or there is none, the CPU halts. */
static _Noreturn void end_by(uint32_t function)
{
	if (board.arch.conduit != CONDUIT_NONE)
		psci_call(function, 0, 0, 0);
	for (;;)
		__asm__ volatile("msr daifset, #0xf\n\twfi");
}

void arch_system_off(void)
{
	end_by(PSCI_SYSTEM_OFF);
}

void arch_system_reset(void)
{
	end_by(PSCI_SYSTEM_RESET);
}
