/* SPDX-License-Identifier: Apache-2.0 */
/* Caches, as EL0 maintains them. Native tests and the host tool have no guest that could notice. */
#include "qvm/arch.h"

#ifdef __aarch64__
/* Log2 of the smallest line in words is at a bit of CTR_EL0. */
static uint64_t line_bytes(unsigned field)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return 4ull << (ctr >> field & 0xf);
}
#endif

/* To the point of coherency. UCI lets EL0 do this, and the same for instruction caches. */
void arch_cache_flush(const void *start, uint64_t bytes)
{
#ifdef __aarch64__
	const uint64_t first = (uint64_t)(uintptr_t)start, end = first + bytes, line = line_bytes(16);

	for (uint64_t p = first & ~(line - 1); p < end; p += line)
		__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
#else
	(void)start;
	(void)bytes;
#endif
}

/*
 * A guest starts with its MMU off, so it reads memory past the caches: what was written must be cleaned to the point of
 * coherency, and old lines of instruction caches must go (Arm ARM D7.5.9 and D7.5.10).
 */
void arch_cache_sync(const void *start, uint64_t bytes)
{
	arch_cache_flush(start, bytes);
#ifdef __aarch64__
	const uint64_t first = (uint64_t)(uintptr_t)start, end = first + bytes, line = line_bytes(0);

	for (uint64_t p = first & ~(line - 1); p < end; p += line)
		__asm__ volatile("ic ivau, %0" ::"r"(p) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
#endif
}
