/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs: 256 priorities, a run queue for each CPU, FIFO and round-robin, run masks. No tick: the timer is armed for
 * a time slice only when another thread of the same priority waits. Who gets ready and is more important than all that
 * runs or waits on this CPU goes into no queue: it is `next`, and runs when the kernel is left (ready.h).
 */
#pragma once

#include "bulkhead.h"
#include "types.h"

struct thread;
struct cpu;

struct run_queue {
	uint64_t bitmap[4];
	uint32_t count;
	uint32_t top; /* highest priority that waits; 0: none, for no thread has that */
	struct list at[256];
};

void sched_init_cpu(struct cpu *c);                    /* nothing is ready, and no timer is armed */
void sched_place(struct thread *t);                    /* may run: onto the queue of the CPU that suits best */
void sched_preempted(struct cpu *c, struct thread *t); /* another runs in its place: it waits, here or elsewhere */
void sched_remove(struct thread *t);                   /* READY: off its queue */
void sched_set_prio(struct thread *t, unsigned prio);
void sched_yield(struct thread *t);
struct thread *sched_pick(struct cpu *c);   /* who runs here now, whatever has changed; NULL: idle */
struct thread *sched_switch(struct cpu *c); /* the same if only ATTENTION_SWITCH is set */
void sched_hand_over(struct cpu *c);        /* threads that other CPUs asked for: save their registers, pass them on */
void sched_kick(unsigned cpu);
void sched_runmask_changed(struct thread *t);
uint64_t sched_slice_deadline(struct cpu *c);
