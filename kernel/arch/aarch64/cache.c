/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance of data and instruction caches by address. Arm ARM D7.5.9 and B2.4.4 for the order of code changes. */
#include "arch.h"
#include "boot.h"
#include "sysreg.h"

/*
 * Executes `op` on %0 for each line from `start`, which begins a line, to `end`. So many in a row, while there are so
 * many: clearing memory is most of what the kernel does when a VM starts.
 */
#define FOR_EACH_LINE(op, in_a_row, start, end, line)                                               \
	do {                                                                                        \
		int64_t at_ = (int64_t)(start), end_ = (int64_t)(end), line_ = (int64_t)(line);     \
		for (int64_t next_; at_ <= end_ - (in_a_row)*line_; at_ = next_)                    \
			__asm__ volatile(".rept " #in_a_row "\n\t" op "\n\tadd %0, %0, %2\n\t.endr" \
					 : "=r"(next_)                                              \
					 : "0"(at_), "r"(line_)                                     \
					 : "memory");                                               \
		for (; at_ < end_; at_ += line_)                                                    \
			__asm__ volatile(op : : "r"(at_) : "memory");                               \
	} while (0)
#define FOR_EACH_LINE_OF(op, va, bytes, line) \
	FOR_EACH_LINE(op, 32, align_down((uint64_t)(va), line), (const char *)(va) + (bytes), line)

/* Log2 of the smallest line in words is at a bit of CTR_EL0; that of what one DC ZVA zeroes in DCZID_EL0. */
#define CTR_IMINLINE 0
#define CTR_DMINLINE 16
#define DCZID_BS     0xful
#define DCZID_DZP    BIT(4) /* it is prohibited */

static uint64_t line_bytes(unsigned field)
{
	return 4ull << (sysreg_constant(ctr_el0) >> field & 0xf);
}

void cache_clean(const void *va, size_t bytes)
{
	/* Clean and invalidate: erratum 819472 of Cortex-A53 and its relatives make a plain clean unsafe there. */
	FOR_EACH_LINE_OF("dc civac, %0", va, bytes, line_bytes(CTR_DMINLINE));
	dsb(sy);
}

/* Also where CTR_EL0.IDC and DIC say that it is not needed: it is rare, and Neoverse N1 1542419 makes DIC untrue. */
void arch_cache_sync_code(const void *va, size_t bytes)
{
	cache_clean(va, bytes);
	FOR_EACH_LINE_OF("ic ivau, %0", va, bytes, line_bytes(CTR_IMINLINE));
	dsb(ish);
	isb();
}

void arch_memory_zero(void *va, size_t bytes)
{
	uint64_t dczid = sysreg_constant(dczid_el0), block = 4ull << (dczid & DCZID_BS);

	if (dczid & DCZID_DZP || !is_aligned((uint64_t)va | bytes, block))
		memset(va, 0, bytes);
	else
		FOR_EACH_LINE_OF("dc zva, %0", va, bytes, block);
}

void arch_memory_scrub(void *va, size_t bytes)
{
	/* It zeroes a line, and is not prohibited. */
	if ((sysreg_constant(dczid_el0) & (DCZID_DZP | DCZID_BS)) == (sysreg_constant(ctr_el0) >> CTR_DMINLINE & 0xf)) {
		FOR_EACH_LINE("dc zva, %0\n\tdc civac, %0", 128, va, (char *)va + bytes, line_bytes(CTR_DMINLINE));
		dsb(sy);
		/* A hint: whatever else shares the core, or the thread of an emulator, need not wait for all memory. */
		__asm__ volatile("yield");
	} else {
		arch_memory_zero(va, bytes);
		cache_clean(va, bytes);
	}
}
