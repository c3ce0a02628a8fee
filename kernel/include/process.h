/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: their memory, handles and grants, from their definition to their end. */
#pragma once

#include "bulkhead.h"
#include "kmem.h"
#include "space.h"
#include "thread.h"

struct region {
	paddr_t start;
	uint64_t bytes;
	uint32_t flags; /* REGION_*; 0: unused */
	/* What follows is kept in `home`: of shared memory the region of the first that was granted it, else itself. */
	struct region *home;
	uint32_t taken; /* pages from the start that were zeroed since nobody has it, or are being so; may lie beyond
			   the end */
	uint16_t users; /* processes that have it */
	uint16_t busy;  /* CPUs that zero it, without the kernel lock */
};

/* After those that it may name: its kernel memory, and interrupts, whose `start` and `bytes` are INTIDs. */
#define REGION_KMEM  REGION_MAX
#define REGION_IRQS  (REGION_KMEM + 1)
#define REGION_COUNT (REGION_IRQS + 16)
#define REGION_IRQ   BIT(30) /* of `flags` */
#define REGION_EDGE  BIT(31)
#define THREAD_MAX   TIMER_PER_PROCESS /* each has a timer; ids are the lowest that are free, hence never above */

/* How far a check that something is nobody's has come: owner.c. */
struct owner_check {
	uint64_t start, bytes, generation;
	uint32_t kind, slot;
	struct region *same; /* shared memory: the first region of exactly that range */
};

struct process {
	struct space space; /* first: its address is the process's */
	/* Its definition: what stays of it when it has ended. Frozen by Seal. */
	uint32_t slot;
	struct process_params params;
	struct region regions[REGION_COUNT];
	uint64_t ram_bytes; /* of those that are RAM and its own; shared memory is its first owner's */
	/* What a process made of it has. */
	uint32_t state; /* enum process_state */
	struct kmem kmem;
	struct space guest;
	void **handles[OBJECT_TYPES];                             /* a page each, when needed; index = id */
	uint64_t handles_used[OBJECT_TYPES][HANDLE_MAX / 64 + 1]; /* bit n: id n */
	uint32_t threads_alive;
	uint32_t timer_count; /* timers that its objects hold, of TIMER_PER_PROCESS */
	struct list sync_waiters;
	uint64_t sync_count;     /* calls of SyncWait */
	struct channel *control; /* gets PULSE_MASK `signals` */
	struct pulse signals;
	struct pulse death;
	uint32_t end_cause; /* not END_NONE: its threads are being ended, and none comes any more */
	uint32_t end_next;  /* tid up to which they have been told */
	uint32_t ended;     /* so many have gone since */
	uint64_t end_status, fault_address, fault_pc;
	uint64_t cpu_ticks; /* of threads that are gone */
	struct vcpu *vcpus[VCPU_MAX];
	uint32_t vcpu_mask;         /* those that there are */
	bool vcpu_other_names;      /* an affinity is not the index */
	uint8_t last_vcpu[CPU_MAX]; /* that ran on a CPU: index + 1 */
	uint64_t counter_offset;    /* of the guest; valid once its space is sealed */
	/* ProcessDestroy and ProcessGrant go in steps: how far */
	bool is_empty; /* its objects and threads are gone, and no CPU has its spaces */
	struct owner_check check;
	struct channel *closing; /* by ProcessDestroy */
};

extern struct process processes[PROCESS_MAX];
extern bool process_sealed;   /* by Seal: definitions stay as they are */
extern bool process_shutdown; /* the system is being ended on purpose: the end of a critical process is no failure */

/* A thread of it has met a fault: it ends with END_FAULT, and the first fault is kept. */
NAMED void process_fault(struct process *p, uint64_t syndrome, uint64_t address, uint64_t pc);
void process_end(struct process *p, unsigned cause, uint64_t status); /* its threads end, one after the other */
void process_thread_gone(struct process *p);
/* Copy between the kernel and a process: whole or -KE_FAULT. */
int64_t copy_in(struct process *p, void *to, uint64_t from, uint64_t bytes);
int64_t copy_out(struct process *p, uint64_t to, const void *from, uint64_t bytes);

/*
 * An index from outside: below `size`, a power of two, also where a processor that runs ahead takes a check for passed.
 * The compiler must not know that it has been.
 */
static inline uint64_t masked(uint64_t index, uint64_t size)
{
	__asm__("" : "+r"(index));
	return index & (size - 1);
}

/* NULL: no such, or no process is made of it. */
static inline struct process *process_of(uint64_t slot)
{
	struct process *p = &processes[masked(slot, PROCESS_MAX)];

	return slot < PROCESS_MAX && p->state > PROCESS_DEFINED ? p : NULL;
}

static inline bool able(const struct process *p, uint32_t ability)
{
	return (p->params.abilities & ability) == ability;
}

/* region.c */
uint64_t region_zeroed(const struct region *r); /* bytes; those that a CPU is at count */
/* Zeroes those from `first` to `end` - 1 that no process has. False: one step was done; there may be more. */
bool region_scrub(struct process *p, unsigned first, unsigned end);
void region_use_all(struct process *p, bool use); /* marks its regions as in use, or as unused */

void process_init_lists(struct process *p); /* of one whose memory is zero */

#include "handle.h" /* thread_of(), channel_of() */
