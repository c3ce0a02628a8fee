/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arch.h takes from this architecture: the state that it keeps of a thread and of a guest, and answers of the
 * processor that are one instruction, for which a call would cost more than the answer.
 */
#pragma once

#include "devices.h"
#include "el1.h"
#include "frame.h"
#include "gic/lr.h"
#include "panic.h"
#include "stage2.h"
#include "types.h"

/* INTIDs of the kernel's own: SGIs between CPUs, and PPIs. */
#define IPI_KICK             0 /* look at attention and the run queue */
#define IPI_STOP             1 /* panic elsewhere: stop */
#define ARCH_IRQ_MAINTENANCE 25
#define ARCH_IRQ_TIMER       26 /* CNTHP */
#define ARCH_IRQ_VTIMER      27 /* CNTV: the resident vCPU's */
#define ARCH_IRQ_NONE        1023u

#define ARCH_AFFINITY_MASK   0xff00ffffffull /* MPIDR_EL1 */
#define ARCH_VREG_FRAME_LAST VREG_PSTATE

struct arch_cpu {
	uint64_t sgi_target; /* as the interrupt controller names this CPU */
};

struct cpu;

/* TPIDR_EL2 does not change while this CPU is in the kernel, so the compiler may read it once. */
static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *c;

	__asm__("mrs %0, tpidr_el2" : "=r"(c));
	return c;
}

/* ISR_EL1.A: an SError waits. */
static inline bool arch_async_error_pending(void)
{
	uint64_t isr;

	__asm__ volatile("mrs %0, isr_el1" : "=r"(isr));
	return isr >> 8 & 1;
}

/* READ_ONCE(), of which the compiler does not know that it is extended already. */
static inline uint64_t arch_load_byte(const uint8_t *at)
{
	uint64_t value;

	__asm__ volatile("ldrb %w0, %1" : "=r"(value) : "m"(*at));
	return value;
}

/* The physical counter, for differences only: read early or late by what the processor has in flight. */
static inline uint64_t arch_clock_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
	return ticks;
}

/* Who waits for a lock that the stopping CPU holds, or one that it has stopped, would wait for ever. */
static inline void arch_lock_relax(void)
{
	if (unlikely(__atomic_load_n(&panic_cpu, __ATOMIC_RELAXED)))
		panic_stop();
	__asm__ volatile("yield" : : : "memory");
}
