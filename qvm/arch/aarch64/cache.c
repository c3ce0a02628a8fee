/* SPDX-License-Identifier: Apache-2.0 */
/* Caches, as EL0 maintains them. Native tests and the host tool have no guest that could notice. */
#include "qvm/arch.h"

#ifdef __aarch64__
/*
 * `op` on %0 for each line of a range, 16 in a row while there are so many: a guest's files are large. Log2 of the
 * smallest line in words is at bit `field` of CTR_EL0.
 */
#define EACH_LINE(op, field, start, bytes)                                                      \
	do {                                                                                    \
		uint64_t ctr_, line_, at_ = (uint64_t)(uintptr_t)(start), end_ = at_ + (bytes); \
		__asm__("mrs %0, ctr_el0" : "=r"(ctr_));                                        \
		line_ = 4ull << (ctr_ >> (field)&0xf);                                          \
		at_ &= ~(line_ - 1);                                                            \
		for (uint64_t next_; at_ < end_ && end_ - at_ >= 16 * line_; at_ = next_)       \
			__asm__ volatile(".rept 16\n\t" op "\n\tadd %0, %0, %2\n\t.endr"        \
					 : "=r"(next_)                                          \
					 : "0"(at_), "r"(line_)                                 \
					 : "memory");                                           \
		for (; at_ < end_; at_ += line_)                                                \
			__asm__ volatile(op ::"r"(at_) : "memory");                             \
	} while (0)
#define BARRIER(text) __asm__ volatile(text ::: "memory")
#else
#define EACH_LINE(op, field, start, bytes) ((void)(start), (void)(bytes))
#define BARRIER(text)
#endif

/* To the point of coherency. UCI lets EL0 do this, and the same for instruction caches. */
void arch_cache_flush(const void *start, uint64_t bytes)
{
	EACH_LINE("dc civac, %0", 16, start, bytes);
	BARRIER("dsb sy");
}

/*
 * A guest starts with its MMU off, so it reads memory past the caches: what was written must be cleaned to the point of
 * coherency, and old lines of instruction caches must go (Arm ARM D7.5.9 and D7.5.10).
 */
void arch_cache_sync(const void *start, uint64_t bytes)
{
	arch_cache_flush(start, bytes);
	EACH_LINE("ic ivau, %0", 0, start, bytes);
	BARRIER("dsb ish\n\tisb");
}
