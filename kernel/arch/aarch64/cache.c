/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance of data and instruction caches by address. Arm ARM D7.5.9 and B2.4.4 for the order of code changes. */
#include "arch.h"
#include "sysreg.h"

/* Calls `op` once for each cache line of a range; log2 of the line in words is at bit `field` of CTR_EL0. */
#define FOR_EACH_LINE(op, va, bytes, field)                                                        \
	do {                                                                                       \
		uint64_t line_ = 4ull << (sysreg_read(ctr_el0) >> (field)&0xf);                    \
		uint64_t at_ = align_down((uint64_t)(va), line_), end_ = (uint64_t)(va) + (bytes); \
		for (; at_ < end_; at_ += line_)                                                   \
			__asm__ volatile(op ", %0" : : "r"(at_) : "memory");                       \
	} while (0)

#define CTR_IMINLINE 0
#define CTR_DMINLINE 16
void cache_clean_poc(const void *va, size_t bytes)
{
	/* Clean and invalidate: erratum 819472 of Cortex-A53 and its relatives make a plain clean unsafe there. */
	FOR_EACH_LINE("dc civac", va, bytes, CTR_DMINLINE);
	dsb(sy);
}

/* Also where CTR_EL0.IDC and DIC say that it is not needed: it is rare, and Neoverse N1 1542419 makes DIC untrue. */
void cache_sync_code(const void *va, size_t bytes)
{
	FOR_EACH_LINE("dc civac", va, bytes, CTR_DMINLINE);
	dsb(ish);
	FOR_EACH_LINE("ic ivau", va, bytes, CTR_IMINLINE);
	dsb(ish);
	isb();
}

void memory_zero(void *va, size_t bytes)
{
	uint64_t dczid = sysreg_read(dczid_el0);
	uint64_t block = 4ull << (dczid & 0xf);

	if ((dczid & BIT(4)) != 0 || !is_aligned((uint64_t)va | bytes, block)) {
		memset(va, 0, bytes);
		return;
	}
	for (uint64_t at = (uint64_t)va, end = at + bytes; at < end; at += block)
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
}
