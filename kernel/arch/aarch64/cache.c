/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance of data and instruction caches by address. Arm ARM D7.5.9 and B2.4.4 for the order of code changes. */
#include "arch.h"
#include "boot.h"
#include "sysreg.h"

/*
 * Executes `op` on %0 for each line of a range. 32 lines in a row, while there are so many: clearing memory is most of
 * what the kernel does when a VM starts.
 */
#define FOR_EACH_LINE(op, va, bytes, line)                                                                         \
	do {                                                                                                       \
		uint64_t line_ = (line), at_ = align_down((uint64_t)(va), line_), end_ = (uint64_t)(va) + (bytes); \
		for (uint64_t next_; end_ - at_ >= 32 * line_; at_ = next_)                                        \
			__asm__ volatile(".rept 32\n\t" op "\n\tadd %0, %0, %2\n\t.endr"                           \
					 : "=&r"(next_)                                                            \
					 : "0"(at_), "r"(line_)                                                    \
					 : "memory");                                                              \
		for (; at_ < end_; at_ += line_)                                                                   \
			__asm__ volatile(op : : "r"(at_) : "memory");                                              \
	} while (0)

#define CTR_IMINLINE 0
#define CTR_DMINLINE 16

/* Log2 of the smallest line in words is at a bit of CTR_EL0. */
static uint64_t line_bytes(unsigned field)
{
	return 4ull << (sysreg_read(ctr_el0) >> field & 0xf);
}

/* What one DC ZVA zeroes; 0 if it is prohibited. */
static uint64_t zero_bytes(void)
{
	uint64_t dczid = sysreg_read(dczid_el0);

	return dczid & BIT(4) ? 0 : 4ull << (dczid & 0xf);
}

void cache_clean(const void *va, size_t bytes)
{
	/* Clean and invalidate: erratum 819472 of Cortex-A53 and its relatives make a plain clean unsafe there. */
	FOR_EACH_LINE("dc civac, %0", va, bytes, line_bytes(CTR_DMINLINE));
	dsb(sy);
}

/* Also where CTR_EL0.IDC and DIC say that it is not needed: it is rare, and Neoverse N1 1542419 makes DIC untrue. */
void arch_cache_sync_code(const void *va, size_t bytes)
{
	FOR_EACH_LINE("dc civac, %0", va, bytes, line_bytes(CTR_DMINLINE));
	dsb(ish);
	FOR_EACH_LINE("ic ivau, %0", va, bytes, line_bytes(CTR_IMINLINE));
	dsb(ish);
	isb();
}

void arch_memory_zero(void *va, size_t bytes)
{
	uint64_t block = zero_bytes();

	if (block == 0 || !is_aligned((uint64_t)va | bytes, block))
		memset(va, 0, bytes);
	else
		FOR_EACH_LINE("dc zva, %0", va, bytes, block);
}

void arch_memory_scrub(void *va, size_t bytes)
{
	if (zero_bytes() == line_bytes(CTR_DMINLINE)) {
		FOR_EACH_LINE("dc zva, %0\n\tdc civac, %0", va, bytes, zero_bytes());
		dsb(sy);
	} else {
		arch_memory_zero(va, bytes);
		cache_clean(va, bytes);
	}
}
