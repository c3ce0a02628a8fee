/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel keeps for each CPU, and how CPUs ask one another to look at it. */
#pragma once

#include "arch.h"
#include "board.h"
#include "lock.h"
#include "partition.h"
#include "sched.h"
#include "timer.h"

struct cpu {
	void *stack_top;        /* first, then the guest: entry.S */
	struct vcpu *guest;     /* not NULL: the guest of `current` is what was interrupted */
	struct user_regs *user; /* whose registers are in the processor */
	struct thread *current; /* NULL: idle, or it has just blocked; in the kernel also who has taken the CPU over */
	struct thread *next;    /* READY, in no queue: ready.h */
	union {
		struct {
			uint8_t own;    /* ATTENTION_*: what to look at before leaving the kernel */
			uint8_t asked;  /* ATTENTION_LOOK, by other CPUs: sched_kick() */
			uint8_t called; /* ATTENTION_SWITCH, by other CPUs */
			uint8_t unused;
			uint32_t equal; /* `next` waits for its turn: nobody of its priority passes it by */
		};
		uint32_t attention; /* any of it: cpu_attention() */
		uint64_t passing;   /* any of that, or an equal: message_may_pass() */
	};
	uint32_t rank;    /* of `current`, for others: ready.h */
	bool online;      /* it is set up and has left the start; of the first CPU: the others may come */
	bool copy_failed; /* copy_now() met a fault: nothing is tried twice under one hold of the lock */
	unsigned id;
	uint64_t run_start;        /* of `current`, in ticks */
	const struct space *space; /* in use here, or the other one of its process: that of qvm, or of its guest */
	struct fpu *fp_owner;      /* whose FP registers are in the processor */
	struct thread *fp_thread;  /* their thread, or the one whose guest has them; NULL without fp_owner */
	bool fp_open;              /* their use does not trap */
	uint8_t fp_unused; /* since their use trapped last: how often their owner, a qvm, has entered its guest */
	struct vcpu *resident;
	struct arch_cpu arch;
	uint64_t armed;   /* deadline in the hardware timer */
	int64_t idle;     /* ticks, so far; while it is idle, less the time at which that began: below 0 */
	struct lock lock; /* what follows, and threads that run or wait here: sched.h */
	struct share share;
	struct list hand_over; /* threads whose registers others want */
	struct run_queue rq;
	struct timer_heap guest_timers;
	struct timer_heap timers; /* of processes: under the kernel lock */
	struct timer *timers_at[TIMER_MAX + 1], *guest_timers_at[GUEST_TIMER_MAX + 1];
};

extern struct cpu cpus[CPU_MAX];

/* Their addresses: to look one up costs less than to compute it. */
extern struct cpu *const cpu_table[CPU_MAX];

static inline struct cpu *cpu_at(unsigned id)
{
	return cpu_table[id];
}

/* How long it has been idle, ticks. One word says all, so nobody sees half of a change. */
static inline uint64_t cpu_idle_ticks(const struct cpu *c, uint64_t now)
{
	int64_t idle = READ_ONCE(c->idle);

	return (uint64_t)idle + (idle < 0 ? now : 0);
}

/* They are nobody's if they were this context's, which is no more. */
static inline void fp_forget(struct cpu *c, const struct fpu *of)
{
	if (c->fp_owner != of)
		return;
	c->fp_owner = NULL;
	c->fp_thread = NULL;
}

/* Is there anything to look at before this CPU leaves the kernel? */
static inline unsigned cpu_attention(const struct cpu *c)
{
	return READ_ONCE(c->attention);
}

/* More than a switch to somebody else? */
static inline bool cpu_must_look(const struct cpu *c)
{
	return cpu_attention(c) & (ATTENTION_LOOK * 0x10101u); /* in any of its bytes */
}

/* At each exit from the kernel FP access is enabled if and only if the context that is entered owns the registers. */
static inline bool fp_right(const struct cpu *c, const struct fpu *entered)
{
	return c->fp_open == (c->fp_owner == entered);
}

/* An interrupt waits, or another CPU for the kernel lock, whose holder asks. */
static inline bool others_wait(void)
{
	return arch_irq_pending() || lock_wanted(&kernel_lock);
}

/* Should a call that can go on later do so? The same, or a thread: what it has done so far made one ready. */
static inline bool must_give_way(void)
{
	return others_wait() || cpu_attention(arch_this_cpu());
}

void cpu_blame_async_error(struct cpu *c); /* takes it, and ends the process that ran here last; no lock is held */

/* An asynchronous error that waits is put down to who ran on this CPU last, before somebody else comes to it. */
static inline void async_error_look(struct cpu *c)
{
	if (unlikely(arch_async_error_pending()))
		cpu_blame_async_error(c);
}

/* kernel/boot: the first CPU and each other one, set up. */
_Noreturn void kernel_main(void);
_Noreturn void kernel_secondary(unsigned cpu);
/* Out of the start, which this CPU then has no more: the first one with the kernel lock, the others without it. */
_Noreturn void kernel_begin(struct cpu *c);
/* Leave the kernel: choose who runs, load its registers, give the frame to return to. No lock is held. */
struct frame *cpu_leave(struct cpu *c);
struct frame *kernel_leave(struct cpu *c); /* the same; releases the kernel lock first */
/* No lock is held: they take what they need. */
NAMED void irq_take(struct cpu *c);             /* acknowledge and handle what the interrupt controller offers */
void irq_handle(struct cpu *c, uint32_t intid); /* acknowledged */
