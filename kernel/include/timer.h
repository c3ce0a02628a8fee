/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of the kernel: each CPU has two heaps, and the earliest deadline arms its hardware timer. Those of processes
 * are under the kernel lock; those of guests under the lock of the CPU whose heap they are in.
 */
#pragma once

#include "arch.h"
#include "bulkhead.h"
#include "types.h"

struct cpu;
struct process;

/* Counted when a timer comes to be, so that arming one cannot fail; for each process, so that none takes another's. */
#define TIMER_PER_PROCESS 128
#define TIMER_MAX         (TIMER_PER_PROCESS * PROCESS_MAX)
#define GUEST_TIMER_MAX   (ARCH_VCPU_TIMERS * VCPU_MAX * PROCESS_MAX)

enum timer_kind { TIMER_TIMEOUT, TIMER_PULSE, TIMER_VCPU /* + index of struct vcpu's timers */ };

struct timer {
	uint64_t deadline;
	uint16_t cpu;
	uint16_t index; /* in the heap, from 1; 0: not armed */
	uint8_t kind;
};

struct timer_heap {
	uint32_t count;
	uint64_t first; /* deadline of the earliest; UINT64_MAX: none. Its CPU reads it without a lock */
	struct timer **at;
};

/* Before timers come to be. False: the process would have more than TIMER_PER_PROCESS. */
bool timer_reserve(struct process *p, unsigned count);
void timer_unreserve(struct process *p, unsigned count);
void timer_arm(struct timer *t, uint64_t deadline); /* on this CPU */
void timer_set(struct timer *t, uint64_t deadline); /* the same, a guest's that is not armed; the CPU's lock is held */
void timer_disarm(struct timer *t);
void timer_end(struct timer *t);            /* the same, a guest's; nobody is at it any more when it returns */
NAMED void timer_expire_one(struct cpu *c); /* the first of a process on this CPU, which is due */
void timer_expire_guest(struct cpu *c, uint64_t now); /* the same of a guest, if it still is; without the kernel lock */
