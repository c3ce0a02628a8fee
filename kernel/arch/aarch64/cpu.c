/* SPDX-License-Identifier: Apache-2.0 */
/* This CPU: what it waits with, for a device, too; and what all of them have. */
#include "arch.h"
#include "boot.h"
#include "panic.h"
#include "sysreg.h"

static bool lacks_sha256; /* one of them */

void cpu_note_features(void)
{
	/* Boards have CPUs of several kinds, and a thread may run on each: what one lacks, nobody may use. */
	if (sysreg_field(id_aa64isar0_el1, 12) == 0)
		__atomic_store_n(&lacks_sha256, true, __ATOMIC_RELAXED);
}

uint64_t arch_features(void)
{
	return __atomic_load_n(&lacks_sha256, __ATOMIC_RELAXED) ? 0 : FEATURE_SHA256;
}

void arch_cpu_relax(void)
{
	panic_heed();
	__asm__ volatile("yield" : : : "memory");
}

bool cpu_wait_mmio(paddr_t at, uint32_t mask, uint32_t value)
{
	for (unsigned tries = 0; tries < 1000000; tries++) {
		if ((mmio_read32(at) & mask) == value)
			return true;
		arch_cpu_relax();
	}
	return false;
}

uint64_t arch_irq_pending(void)
{
	return sysreg_read(isr_el1) & (BIT(7) | BIT(6)); /* I, F */
}

void arch_cpu_idle(void)
{
	dsb(sy);
	__asm__ volatile("wfi" : : : "memory");
}
