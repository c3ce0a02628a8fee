/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU is a thread of a qvm. Its EL1 state stays in the processor until another vCPU needs it there: each CPU
 * has a `resident` vCPU, each vCPU a `home`.
 */
#pragma once

#include "el1.h"
#include "frame.h"
#include "lock.h"
#include "thread.h"
#include "timer.h"
#include "vgic.h"

struct vcpu {
	struct frame frame; /* first: entry.S */
	struct user_regs user;
	struct process *process;
	struct thread *thread; /* bound by its first VcpuRun */
	uint32_t id, index, flags;
	uint64_t affinity;    /* MPIDR */
	struct lock lock;     /* vgic, dirty, waiting */
	struct vgic_cpu vgic; /* its images are in the processor's registers while in_hw */
	bool in_hw;
	bool dirty;   /* the state changed: images must be made anew before the guest goes on */
	bool waiting; /* the thread blocks in WFI: who makes something pending must wake it */
	bool kick;
	bool timer_active; /* interrupt 27 is active in the physical redistributor of `home` */
	int8_t home;       /* CPU whose registers hold its EL1 state; -1: in memory */
	uint8_t exit;      /* enum vcpu_exit of the last exit: what the next ACT_* finishes */
	uint64_t exit_esr;
	uint64_t exit_far;
	uint32_t leaked;      /* enum el1_leak: EL1 registers that hold a process's value just now */
	struct list requests; /* threads in STATE_VCPU, by wait_link */
	struct el1_state el1;
	uint64_t cntvoff;
	uint64_t cntp_ctl, cntp_cval;
	struct timer vtimer, ptimer; /* for the deadline of a timer that is not in the hardware */
	uint64_t exits;
	struct fpu fpu __attribute__((aligned(16)));
};

struct cpu;
struct frame *vcpu_enter(struct cpu *c,
			 struct vcpu *v); /* frame of the guest; of the process if it must not enter now */
struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr); /* a trap from the guest */
void vcpu_evict(struct cpu *c);                                       /* the resident's state to memory */
void vcpu_drop(struct cpu *c, struct vcpu *v);                        /* its thread dies here: forget its registers */
void vcpu_settle(struct cpu *c, struct vcpu *v); /* home here or in memory: vgic state up to date, images empty */
void vcpu_serve(struct cpu *c, struct vcpu *v);  /* who waits for its state: home here or in memory */
void vcpu_requests(struct cpu *c);               /* calls of other CPUs on the resident */
void vcpu_irq_timer(struct cpu *c);              /* PPI 27 */
void vcpu_irq_maintenance(struct cpu *c);        /* PPI 25 */
void vcpu_timer_expired(struct timer *t);
void vcpu_wake(struct vcpu *v); /* something is pending: out of WFI, or have its CPU look. Kernel lock held */
void vcpu_reset(struct vcpu *v);
uint64_t *vcpu_register(struct vcpu *v, uint64_t reg); /* in memory, after vcpu_evict; NULL: no such */
void vcpu_destroy(struct vcpu *v);
void vcpu_debug_open(struct vcpu *v);  /* first use of a debug register: they are the guest's from now on */
void process_registers(struct cpu *c); /* EL1 registers that mean something at EL0 get the values of processes */
bool vcpu_sysreg(struct cpu *c, struct vcpu *v, uint64_t esr); /* true: done by the kernel */
void vcpu_send_sgi(struct vcpu *from, uint64_t value);
void vcpu_advance(struct vcpu *v, uint64_t esr);              /* behind the trapped instruction */
uint64_t counter_ns(uint64_t ticks);                          /* of the physical counter */
void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far); /* a synchronous exception at EL1; resident */
unsigned vcpu_lr_count(void);
