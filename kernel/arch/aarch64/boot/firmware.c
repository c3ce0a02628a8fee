/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of firmware at start only: the other CPUs, and what this one's entries into the kernel need. */
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/psci.h"
#include "panic.h"

#define PSCI_CPU_ON   0xc4000003u
#define PSCI_FEATURES 0x8400000au
#define PSCI_VERSION  0x84000000u

#define SMCCC_VERSION           0x80000000u
#define SMCCC_ARCH_FEATURES     0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

#define CPU_ON_WAIT_NS 1000000000ull

/* The others come one after the other, so that a message names the one that failed. They leave the start by themselves.
 */
void arch_start_cpus(void)
{
	for (unsigned i = 1; i < board.cpu_count; i++) {
		uint64_t mpidr = board.arch.cpu_mpidr[i];
		int32_t status = (int32_t)psci_call(PSCI_CPU_ON, mpidr, arch_va_to_pa(secondary_entry), i);
		uint64_t deadline = arch_clock_now() + CPU_ON_WAIT_NS;

		if (status != 0)
			panic("CPU %u (MPIDR 0x%lx) does not start: PSCI says -%u", i, mpidr, 0u - (unsigned)status);
		while (!__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE)) {
			if (arch_clock_now() > deadline)
				panic("CPU %u (MPIDR 0x%lx) has not arrived within a second", i, mpidr);
			arch_cpu_relax();
		}
	}
}

/*
 * Does this CPU need firmware's help against branch history injection or branch target injection? SMCCC 1.1, 7.4 and
 * 7.5: 0 says "call it on this CPU".
 */
bool firmware_needs_mitigation(void)
{
	unsigned call = 0;

	if ((int32_t)psci_call(PSCI_VERSION, 0, 0, 0) < 0x10000 ||
	    (int32_t)psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0 ||
	    (int32_t)psci_call(SMCCC_VERSION, 0, 0, 0) < 0x10001)
		return false;
	if ((int32_t)psci_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_3, 0, 0) == 0)
		call = SMCCC_ARCH_WORKAROUND_3;
	else if ((int32_t)psci_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1, 0, 0) == 0)
		call = SMCCC_ARCH_WORKAROUND_1;
	/* WORKAROUND_3 does what WORKAROUND_1 does and more; firmware that has it offers it on every CPU. */
	if (call != 0 && mitigation_call != SMCCC_ARCH_WORKAROUND_3)
		__atomic_store_n(&mitigation_call, call, __ATOMIC_RELAXED);
	return call != 0;
}
