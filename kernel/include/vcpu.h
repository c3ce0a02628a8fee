/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU is a thread of a qvm. Its registers stay in the processor until another vCPU needs them: each CPU has a
 * `resident` vCPU, each vCPU a `home`.
 */
#pragma once

#include "arch.h"
#include "lock.h"
#include "thread.h"
#include "timer.h"
#include "vgic.h"

struct vcpu {
	struct frame frame; /* first: entry.S */
	struct user_regs user;
	struct thread *thread; /* bound by its first VcpuRun */
	uint64_t exits;
	struct arch_vcpu arch; /* near the front: the short ways read it */
	uint32_t id;
	uint8_t exit;     /* enum vcpu_exit of the last exit: what the next ACT_* finishes */
	struct cpu *home; /* whose registers hold its state; NULL: in memory. It changes under the lock */
	union {
		struct {
			uint8_t kick; /* KICK_* */
			bool dirty;   /* the state changed: images must be made anew before the guest goes on */
			bool away;    /* its state is in memory */
			bool edges;   /* vgic.arrived is all that changed: there may be a shorter way */
			struct arch_entry_work arch_work;
		};
		uint64_t entry_work; /* any of it: something is to be done before the guest goes on */
	};
	struct process *process;
	uint32_t index, flags;
	uint64_t affinity;    /* by which the guest names it: VcpuCreate */
	struct lock lock;     /* vgic, dirty, edges, waiting, home, thread */
	struct vgic_cpu vgic; /* its images are in the processor's registers while in_hw */
	bool in_hw;
	bool waiting;   /* the thread waits for an interrupt: who makes one pending, and clears this, wakes it */
	bool requested; /* `requests` is not empty */
	struct list
	    requests; /* threads in STATE_VCPU, by wait_link. It grows under both locks, of the kernel and this */
	struct vcpu *flush_by;                 /* who asked for KICK_TLB last */
	uint64_t flush_due;                    /* when what it asked for itself is paid, ns */
	bool flushes;                          /* KICK_TLB was taken, and is not done yet */
	uint64_t flush_ticks;                  /* that others have spent for it, beside what its thread has used */
	uint64_t counter_offset;               /* host counter minus guest counter; UINT64_MAX: not chosen yet */
	struct timer timers[ARCH_VCPU_TIMERS]; /* for the deadlines of its timers that are not in the hardware */
	struct fpu fpu __attribute__((aligned(16)));
};

/* What a virtual CPU has to do before it is in the guest again. */
#define KICK_TLB  1u /* invalidate the translations of its VM's own tables on its CPU, */
#define KICK_CODE 2u /* and instruction caches; */
#define KICK_ALL  4u /* wait for the others that were asked to; */
#define KICK_EXIT 8u /* leave for its process */

void vcpu_destroy(struct vcpu *v);              /* of a process without threads */
void vcpu_serve(struct cpu *c, struct vcpu *v); /* who waits for its state, as long as it is here or in memory */
NAMED void vcpu_requests(struct cpu *c);        /* calls of other CPUs on the resident; no lock is held */
void vcpu_put_away(struct cpu *c);              /* the resident's state to memory; likewise */
void vcpu_wait(struct cpu *c, struct vcpu *v); /* its thread, which runs here, blocks, unless it is to end; lock held */

static inline void vcpu_wake(struct thread *t)
{
	if (t)
		sched_wake(t);
}

/*
 * Something is pending, `kick` is set, or the like; its lock is held. The thread, if it waits: the caller wakes it,
 * once it has no lock but the kernel's. Else NULL; if it runs on another CPU, that one looks.
 */
static inline struct thread *vcpu_signal(struct vcpu *v)
{
	const struct cpu *home = v->home;

	if (v->waiting) {
		v->waiting = false;
		return v->thread;
	}
	/* If its thread does not run there just now it looks before it enters the guest: arch_vcpu_enter(). */
	if (home && home != arch_this_cpu())
		arch_ipi_kick_running(home, v->thread);
	return NULL;
}

/* The same, releases the lock, and wakes it. */
static inline void vcpu_tell(struct vcpu *v)
{
	struct thread *woken = vcpu_signal(v);

	lock_release(&v->lock);
	vcpu_wake(woken);
}

/* What it has used, up to when it was last counted. */
static inline uint64_t thread_ticks(const struct thread *t)
{
	return READ_ONCE(t->cpu_ticks) + (t->vcpu ? READ_ONCE(t->vcpu->flush_ticks) : 0);
}

/* The user registers that the processor needs for a thread, or for its guest. */
static inline struct user_regs *vcpu_user_of(struct thread *t)
{
	return !t ? NULL : t->in_guest ? &t->vcpu->user : &t->user;
}

/* A guest's SGI 0 to 15 to the virtual CPUs of a mask of indices, if it is of that group there. */
void vcpu_send_sgi(struct vcpu *from, uint32_t targets, unsigned intid, unsigned group);
/* maintain.c */
void vcpu_came(const struct cpu *c, const struct vcpu *v);              /* its registers to this CPU */
NAMED bool vcpu_maintain(struct cpu *c, struct vcpu *v, unsigned kick); /* false: its thread rests first */
NAMED bool vcpu_leaves(struct cpu *c, struct vcpu *v);                  /* what `kick` says; true: to its process */
