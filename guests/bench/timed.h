/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sample of each kind of operation: the counter, the operation, the counter, less what two readings without
 * anything in between cost. An ISB stands before each reading, so that it is not made early (Arm ARM D11.1.2); for the
 * vector's reading a store stands in for it.
 */
#pragma once

#include "bench.h"

#define TIMER_AHEAD 20 /* microseconds */

/* `instruction` has its value in %2 and its address in %3, and may change both, and x9. */
#define TIME_ACCESS(instruction, address, value)                                                                \
	({                                                                                                      \
		uint64_t start_, end_, value_ = (value), address_ = (address);                                  \
		__asm__ volatile("isb; mrs %0, cntvct_el0; " instruction "; isb; mrs %1, cntvct_el0"            \
				 : "=&r"(start_), "=&r"(end_), "+&r"(value_), "+&r"(address_)::"x9", "memory"); \
		end_ - start_ - overhead;                                                                       \
	})

/* The same of an instruction that has no address: its value is in %2. */
#define TIME_REGISTER(instruction, value) TIME_ACCESS(instruction, 0, value)

/* Every register that the calling convention lets the callee change is given up beforehand (SMCCC 1.2, 2.6). */
#define TIME_CALL(instruction, function, a, b, c)                                                                    \
	({                                                                                                           \
		register uint64_t x0_ __asm__("x0") = (function);                                                    \
		register uint64_t x1_ __asm__("x1") = (a);                                                           \
		register uint64_t x2_ __asm__("x2") = (b);                                                           \
		register uint64_t x3_ __asm__("x3") = (c);                                                           \
		register uint64_t start_ __asm__("x19");                                                             \
		register uint64_t end_ __asm__("x20");                                                               \
		__asm__ volatile("isb; mrs x19, cntvct_el0; " instruction " #0; isb; mrs x20, cntvct_el0"            \
				 : "+r"(x0_), "+r"(x1_), "+r"(x2_), "+r"(x3_), "=r"(start_), "=r"(end_)::"x4", "x5", \
				   "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",   \
				   "memory");                                                                        \
		end_ - start_ - overhead;                                                                            \
	})

static inline uint64_t time_read(uint64_t address)
{
	return TIME_ACCESS("ldr %w2, [%3]", address, 0);
}

static inline uint64_t time_write(uint64_t address, uint32_t value)
{
	return TIME_ACCESS("str %w2, [%3]", address, value);
}

static inline uint64_t time_hvc(uint32_t function)
{
	return TIME_CALL("hvc", function, 0, 0, 0);
}

static inline uint64_t time_id_register(void)
{
	return TIME_REGISTER("mrs %2, id_aa64mmfr0_el1", 0);
}

/* From the write of ICC_SGI1R_EL1 to the first instruction of the vector that `awaited` belongs to. */
static inline uint64_t time_sgi(uint64_t word, const struct irq_record *awaited)
{
	uint64_t start, count = awaited->count;

	__asm__ volatile("isb; mrs %0, cntvct_el0; msr icc_sgi1r_el1, %1; isb" : "=&r"(start) : "r"(word) : "memory");
	await(awaited, count);
	return awaited->counter - start - overhead;
}

/* From the timer's deadline to the first instruction of the vector: one reading, so half of what two cost. */
static inline uint64_t time_timer(const struct irq_record *self, bool in_wfi)
{
	uint64_t count = self->count, deadline = now() + microseconds(TIMER_AHEAD);

	timer_set(deadline);
	while (in_wfi && self->count == count)
		wfi();
	await(self, count);
	return self->counter - deadline - overhead / 2;
}

static inline void spin(uint64_t us)
{
	uint64_t end = now() + microseconds(us);

	while (now() < end)
		yield();
}
