/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arch.h takes from this architecture: the state that it keeps of a thread and of a guest, and answers of the
 * processor that are one instruction, for which a call would cost more than the answer.
 */
#pragma once

#include "el1.h"
#include "frame.h"
#include "panic.h"
#include "stage2.h"
#include "types.h"

struct cpu;

/* TPIDR_EL2 does not change while this CPU is in the kernel, so the compiler may read it once. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__("mrs %0, tpidr_el2" : "=r"(c));
	return c;
}

/* ISR_EL1.A: an SError waits. */
static inline bool serror_pending(void)
{
	uint64_t isr;

	__asm__ volatile("mrs %0, isr_el1" : "=r"(isr));
	return isr >> 8 & 1;
}

/* The physical counter, for differences only: read early or late by what the processor has in flight. */
static inline uint64_t clock_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
	return ticks;
}

/* Who waits for a lock that the stopping CPU holds, or one that it has stopped, would wait for ever. */
static inline void lock_relax(void)
{
	if (unlikely(__atomic_load_n(&panic_cpu, __ATOMIC_RELAXED)))
		panic_stop();
	__asm__ volatile("yield" : : : "memory");
}
