/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "board.h"
#include "frame.h"
#include "sched.h"
#include "timer.h"

struct thread;
struct vcpu;
struct space;

struct cpu {
	void *stack_top;        /* first, then the guest: entry.S */
	struct vcpu *guest;     /* not NULL: the guest of `current` is what was interrupted */
	struct user_regs *user; /* whose EL0 registers are in the processor */
	struct thread *current; /* NULL: idle */
	bool attention;         /* look at the run queue, hand-overs and kills before leaving the kernel */
	bool online;
	bool gave_way; /* a copy let another CPU have the kernel lock; its next step comes first */
	unsigned id;
	const struct space *space; /* VTTBR_EL2 has it, or the other one of its process: that of qvm, or of its guest */
	struct fpu *fp_owner;      /* whose FP registers are in the processor */
	bool fp_open;              /* CPTR_EL2.TFP is clear */
	struct vcpu *resident;
	uint64_t sgi_target; /* ICC_SGI1R_EL1 of an SGI to this CPU, without INTID */
	uint64_t armed;      /* deadline in the hardware timer */
	uint64_t idle_start, idle_ns;
	struct list hand_over; /* threads whose registers others want */
	struct run_queue rq;
	struct timer_heap timers;
};

extern struct cpu cpus[CPU_MAX];

struct cpu *this_cpu(void);
_Noreturn void kernel_main(void);
_Noreturn void kernel_secondary(unsigned cpu);
/* Leave the kernel: choose who runs, load its registers, give the frame to return to. Releases the kernel lock. */
struct frame *kernel_leave(struct cpu *c);
void irq_take(struct cpu *c);                          /* acknowledge and handle what the interrupt controller offers */
void irq_handle(struct cpu *c, uint32_t intid);        /* acknowledged */
void user_switch(struct cpu *c, struct user_regs *to); /* NULL: only save */
void fpu_save(struct cpu *c, const struct fpu *only);  /* if `only` or, with NULL, anyone owns it: to memory */
void fpu_trap(struct cpu *c, struct fpu *want);
void space_activate(struct cpu *c, const struct space *s);
