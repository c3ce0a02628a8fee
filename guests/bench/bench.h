/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the measuring guest share; vector.S knows the layout. */
#pragma once

#define CPU_COUNTER 0
#define CPU_COUNT   8
#define CPU_REPLY   16
#define CPU_SILENCE 24

#define REPLY_SILENCES_BIT 63

#ifndef __ASSEMBLER__
#include "guest.h"

/* Of one virtual CPU, found through TPIDR_EL1. Written by its vector, read by whoever waits. */
struct irq_record {
	volatile uint64_t counter; /* at the vector */
	volatile uint64_t count;   /* of interrupts taken; written last */
	uint64_t reply;            /* what the vector writes to ICC_SGI1R_EL1, REPLY_SILENCES, or 0 */
	uint64_t silence;          /* with REPLY_SILENCES: an address at which 0 silences the device that interrupts */
};
#define REPLY_SILENCES \
	(1ull << REPLY_SILENCES_BIT) /* the vector silences the device, or the physical timer if there is none */
_Static_assert(offsetof(struct irq_record, counter) == CPU_COUNTER, "vector.S knows the layout");
_Static_assert(offsetof(struct irq_record, count) == CPU_COUNT, "vector.S knows the layout");
_Static_assert(offsetof(struct irq_record, reply) == CPU_REPLY, "vector.S knows the layout");
_Static_assert(offsetof(struct irq_record, silence) == CPU_SILENCE, "vector.S knows the layout");

#define SAMPLES 1024
#define ROUNDS  64 /* of an operation that is one of many of a row */
#define WARM_UP 16 /* samples before those that count */

/* results.c: samples of one row, then all rows at once, so that no output disturbs what is measured. */
void results_keep(unsigned int i, uint64_t value);
void results_end(const char *id);                      /* a row of SAMPLES */
void results_state(const char *id, const char *state); /* of ROUNDS, by the name id@state */
void results_operation(uint64_t at);                   /* of ROUNDS: kept if its median is the greatest so far */
void results_worst(const char *id);                    /* a row of what was kept */
void results_print(void);
void measure_overhead(void);

/* Takes WARM_UP + SAMPLES times what `took` gives, and makes a row of it. */
#define MEASURE(id, took)                                               \
	do {                                                            \
		for (unsigned int i_ = 0; i_ < WARM_UP + SAMPLES; i_++) \
			results_keep(i_, (took));                       \
		results_end(id);                                        \
	} while (0)

/* The same of one operation of a row, ROUNDS times; `at`, unless 0, is printed if it is the worst. */
#define MEASURE_ONE(at, took)                                          \
	do {                                                           \
		for (unsigned int i_ = 0; i_ < WARM_UP + ROUNDS; i_++) \
			results_keep(i_, (took));                      \
		results_operation(at);                                 \
	} while (0)

/* What two readings of the counter one after the other differ by: comes off each sample that has two. */
extern uint64_t overhead;

/* single.c: rows of one virtual CPU. pair.c: rows of two. */
void measure_calls(void);
void measure_accesses(void);
void measure_interrupts(struct irq_record *self);
void measure_pair(struct irq_record *self, struct irq_record *peer);
void pair_peer(void); /* what the second virtual CPU does */

#define SGI 3

static inline uint64_t sgi_word(unsigned int cpu)
{
	return (uint64_t)SGI << 24 | 1ull << cpu;
}

/* Until the vector has counted once more. YIELD lets QEMU go on with another CPU at once. */
static inline void await(const struct irq_record *record, uint64_t count)
{
	while (record->count == count)
		yield();
}

static inline uint64_t microseconds(uint64_t count)
{
	return count * (counter_hz() / 1000000);
}

static inline void wfi(void)
{
	__asm__ volatile("dsb sy; wfi" ::: "memory");
}
#endif
