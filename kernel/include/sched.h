/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs: ranks, which are what a thread's partition is worth and its priority, 256 of them; a run queue for each
 * CPU, FIFO and round-robin, run masks. No tick: the timer is armed for a time slice only when another thread of the
 * same rank waits. Who is woken, or preempted, and goes before all
 * that waits on its CPU goes into no queue: it is `next` there (ready.h).
 */
#pragma once

#include "bulkhead.h"
#include "partition.h"
#include "queue.h"
#include "types.h"

struct thread;
struct cpu;

enum attention {
	ATTENTION_LOOK = 1,   /* run queue, hand-overs, kills, requests, timer: anything may have changed */
	ATTENTION_SWITCH = 2, /* somebody may go before `current`; nothing else is to be examined */
};

/*
 * The run masks of all that wait in a CPU's queue, and perhaps more: a byte for each CPU, which changes under its lock,
 * and one word for an idle CPU, which looks without locks.
 */
extern union runmasks {
	uint8_t of[CPU_MAX];
	uint64_t all;
} sched_runmasks;
_Static_assert(CPU_MAX == 8, "a byte, and a word");

/*
 * Kinds of run masks, so that a CPU that looks for work finds the most important thread that it may run, however many
 * wait: those for one CPU, those of processes, and others, of which only the first few are examined.
 */
#define KINDS       16u
#define KIND_OTHERS (KINDS - 1)

/* Who waits, of one kind. */
struct lane {
	uint64_t used; /* accounts */
	struct waiting of[ACCOUNTS];
};

struct run_queue {
	/* Other CPUs read these without the lock, to choose where to look or to go. */
	uint32_t count;
	uint32_t top;   /* highest rank that waits; 0: none */
	uint32_t kinds; /* that wait */
	uint32_t last;  /* account that was chosen last: equals of others come first */
	struct lane lane[KINDS];
};

void sched_init_cpu(struct cpu *c);                    /* nothing is ready, and no timer is armed */
void sched_place(struct thread *t, bool first);        /* may run: onto the queue of the CPU that suits best */
void sched_wake(struct thread *t);                     /* the same, at best where it ran last: `next` there */
void sched_preempted(struct cpu *c, struct thread *t); /* another runs in its place: it waits, here or elsewhere */
/* `standing` as in struct thread. Its state before that. */
unsigned sched_set(struct thread *t, unsigned standing, unsigned policy, uint32_t mask);
unsigned sched_kind_of(uint32_t mask);
void sched_know_mask(uint32_t mask); /* a process's: it gets a kind of its own, if there is one */
void sched_yield(struct thread *t);  /* the running one: its equals go before it when the kernel is left */
/*
 * Who runs here now: with `look` whatever has changed, else if a thread was woken or this CPU is free. NULL: nobody, or
 * it is to be asked again because of `attention`.
 */
struct thread *sched_pick(struct cpu *c, bool look);
void sched_kick(struct cpu *c, enum attention what);
/* When the slice of the running thread is over, ns. It starts with the run, and goes on after a preemption. */
uint64_t sched_slice_end(const struct cpu *c, struct thread *t);
