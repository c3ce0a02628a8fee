/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maintenance of stage 2. The instructions act on the VMID in VTTBR_EL2 (Arm ARM D8.17.5), so the space in question
 * goes there for the moment. At EL2 the processor does not walk EL1&0 tables meanwhile.
 */
#include "arch.h"
#include "errata.h"
#include "sysreg.h"

/* The instruction, and what makes sure that it is done everywhere. Cortex-A76 1286807 needs both twice. */
#define TLBI(text, domain)                                                                \
	do {                                                                              \
		__asm__ volatile("tlbi " text "\n\tdsb " #domain : : : "memory");         \
		if (errata_repeat_tlbi)                                                   \
			__asm__ volatile("tlbi " text "\n\tdsb " #domain : : : "memory"); \
	} while (0)

static uint64_t enter(const struct space *s)
{
	uint64_t old = sysreg_read(vttbr_el2), now = space_vttbr(s);

	dsb(ishst);
	if (old != now) {
		sysreg_write(vttbr_el2, now);
		isb();
	}
	return old;
}

static void leave_space(uint64_t old)
{
	sysreg_write(vttbr_el2, old);
	isb();
}

static inline void flush_stage2(const vaddr_t va[], unsigned count)
{
	unsigned i = 0;

	do {
		__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(va[i] >> 12 & 0xfffffffffull) : "memory");
	} while (++i < count);
	dsb(ish);
}

void arch_tlb_flush_pages(const struct space *s, const vaddr_t va[], unsigned count)
{
	uint64_t old = enter(s);

	flush_stage2(va, count);
	if (errata_repeat_tlbi)
		flush_stage2(va, count);
	/* What stage 1 and 2 together gave is cached apart from stage 2 alone, and under addresses that are not known.
	 */
	TLBI("vmalle1is", ish);
	leave_space(old);
}

void arch_tlb_flush_space(const struct space *s)
{
	uint64_t old = enter(s);

	TLBI("vmalls12e1is", ish);
	leave_space(old);
}

void arch_tlb_flush_cpu_space(const struct space *s, bool code)
{
	uint64_t old = enter(s);

	TLBI("vmalle1", nsh);
	if (code)
		__asm__ volatile("ic iallu\n\tdsb nsh" : : : "memory");
	leave_space(old);
}

/* EL2's own map is shareable as table walks are. */
void arch_table_store(uint64_t *entry, uint64_t value)
{
	*(volatile uint64_t *)entry = value;
}

void arch_table_sync(void)
{
	dsb(ishst);
}

void arch_table_write(uint64_t *entry, uint64_t value)
{
	arch_table_sync(); /* what the descriptor leads to, then the descriptor */
	arch_table_store(entry, value);
	arch_table_sync();
}
