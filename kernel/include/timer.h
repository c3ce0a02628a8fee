/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of the kernel: each CPU has a heap, the earliest deadline at the top arms that CPU's hardware timer. */
#pragma once

#include "bulkhead.h"
#include "types.h"

struct process;

/* Counted when a timer comes to be, so that arming one cannot fail; for each process, so that none takes another's. */
#define TIMER_PER_PROCESS 128
#define TIMER_MAX         (TIMER_PER_PROCESS * PROCESS_MAX)

enum timer_kind { TIMER_TIMEOUT, TIMER_PULSE, TIMER_VCPU /* + index of struct vcpu's timers */ };

struct timer {
	uint64_t deadline;
	uint16_t cpu;
	uint16_t index; /* in the heap, from 1; 0: not armed */
	uint8_t kind;
};

struct timer_heap {
	uint32_t count;
	struct timer *at[TIMER_MAX + 1];
};

/* Before timers come to be. False: the process would have more than TIMER_PER_PROCESS. */
bool timer_reserve(struct process *p, unsigned count);
void timer_unreserve(struct process *p, unsigned count);
void timer_arm(struct timer *t, uint64_t deadline); /* on this CPU */
void timer_disarm(struct timer *t);
NAMED bool timer_expire_one(uint64_t now); /* of this CPU; false: none was due */
uint64_t timer_next(void);                 /* of this CPU; UINT64_MAX: none */
