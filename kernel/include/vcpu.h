/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU is a thread of a qvm. Its EL1 state stays in the processor until another vCPU needs it there: each CPU
 * has a `resident` vCPU, each vCPU a `home`.
 */
#pragma once

#include "arch.h"
#include "lock.h"
#include "thread.h"
#include "timer.h"
#include "vgic.h"

struct vcpu {
	struct frame frame;    /* first: entry.S */
	struct user_regs user; /* its two registers of EL2 never change */
	struct thread *thread; /* bound by its first VcpuRun */
	uint64_t exits;
	uint64_t exit_esr, exit_far;
	uint64_t harmless_sctlr, harmless_mdscr; /* last values that were found harmless to its qvm */
	uint32_t id;
	uint8_t exit;         /* enum vcpu_exit of the last exit: what the next ACT_* finishes */
	int home;             /* CPU whose registers hold its EL1 state; -1: in memory */
	struct cpu *home_cpu; /* the same; NULL: in memory */
	union {
		struct {
			uint8_t kick;   /* KICK_* */
			bool dirty;     /* the state changed: images must be made anew before the guest goes on */
			bool edges;     /* vgic.repend is all that changed: there may be a shorter way */
			uint8_t leaked; /* enum el1_leak: EL1 registers that hold a process's value just now */
			bool away;      /* its state is in memory */
			/* Interrupt 27 is active in the physical redistributor of `home`, or was and has been ended. */
			bool timer_active;
		};
		uint64_t work; /* any of it: something is to be done before the guest goes on */
	};
	uint64_t sgi_self; /* ICC_SGI1R_EL1 of an SGI to this vCPU alone, without INTID */
	struct process *process;
	uint32_t index, flags;
	uint64_t affinity;    /* MPIDR */
	struct lock lock;     /* vgic, dirty, edges, waiting */
	struct vgic_cpu vgic; /* its images are in the processor's registers while in_hw */
	bool in_hw;
	bool waiting;         /* the thread blocks in WFI: who makes something pending must wake it */
	struct list requests; /* threads in STATE_VCPU, by wait_link */
	struct el1_state el1;
	uint32_t set_way[8]; /* by level: the operand that began, of the last sequence of operations by set and way */
	uint8_t set_way_level;
	struct vcpu *flush_by; /* who asked for KICK_TLB last */
	uint64_t flush_due;    /* when what it asked for itself is paid, ns */
	bool flushes;          /* KICK_TLB was taken, and is not done yet */
	uint64_t cntvoff;
	uint64_t cntp_ctl, cntp_cval;
	struct timer vtimer, ptimer; /* for the deadline of a timer that is not in the hardware */
	struct fpu fpu __attribute__((aligned(16)));
};

/* What a virtual CPU has to do before it is in the guest again. */
#define KICK_TLB  1u /* invalidate stage 1 of its VM on its CPU, */
#define KICK_CODE 2u /* and instruction caches; */
#define KICK_ALL  4u /* wait for the others that were asked to; */
#define KICK_EXIT 8u /* leave for its process */

/* struct vcpu: `timer_active` is all of `work`. */
#define WORK_TIMER (1ull << (8 * (offsetof(struct vcpu, timer_active) - offsetof(struct vcpu, work))))

struct cpu;
/* The first VcpuRun of a virtual CPU. That of the VM gives the guest its time, the same on all its CPUs, and seals it.
 */
int64_t vcpu_bind(struct vcpu *v, struct thread *t);
struct frame *vcpu_enter(struct cpu *c,
			 struct vcpu *v); /* frame of the guest; of the process if it must not enter now */
NAMED struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr); /* a trap from the guest */
void vcpu_evict(struct cpu *c);                                             /* the resident's state to memory */
void vcpu_drop(struct cpu *c, struct vcpu *v); /* its thread dies here: forget its registers */
void vcpu_settle(struct vcpu *v); /* home here or in memory: vgic state up to date, images empty. Lock held */
void vcpu_load(struct cpu *c, struct vcpu *v);    /* and into the processor: resident, home */
void vcpu_offer(struct vcpu *v);                  /* fill the list registers anew */
bool vcpu_edges(struct vcpu *v);                  /* take in `edges`; false: vcpu_offer must */
bool vcpu_insert(struct vcpu *v, unsigned intid); /* a private interrupt into a list register, if that is simple */
bool vcpu_quiet(const struct vcpu *v);            /* nothing is in the list registers, nor waits for them */
bool vcpu_timer_direct(struct vcpu *v);           /* the virtual timer has fired; false: the long way */
void vcpu_timer_look(struct vcpu *v);             /* at an exit with `timer_active` */
void vcpu_timer_ahead(struct vcpu *v);            /* resident here: every millisecond, for a guest ahead of the host */
void vcpu_serve(struct cpu *c, struct vcpu *v);   /* who waits for its state: home here or in memory */
NAMED void vcpu_requests(struct cpu *c);          /* calls of other CPUs on the resident */
NAMED void vcpu_irq_timer(struct cpu *c);         /* PPI 27 */
NAMED void vcpu_irq_maintenance(struct cpu *c);   /* PPI 25 */
void vcpu_timer_expired(struct timer *t);
void vcpu_wake(struct vcpu *v); /* something is pending: out of WFI, or have its CPU look. Kernel lock held */
void vcpu_send_sgi(struct vcpu *from, uint64_t value, unsigned group); /* ICC_SGI1R_EL1, ICC_SGI0R_EL1 */
/* maintain.c */
void vcpu_came(const struct cpu *c, const struct vcpu *v); /* its registers to this CPU */
NAMED bool vcpu_maintain(struct vcpu *v, unsigned kick);   /* kernel lock held; false: its thread rests first */
NAMED bool vcpu_leaves(struct cpu *c, struct vcpu *v);     /* what `kick` says; true: to its process */
void vcpu_reset(struct vcpu *v);
uint64_t *vcpu_register(struct vcpu *v, uint64_t reg); /* in memory, after vcpu_evict; NULL: no such */
void vcpu_destroy(struct vcpu *v);
void vcpu_debug_open(struct vcpu *v);  /* first use of a debug register: they are the guest's from now on */
void process_registers(struct cpu *c); /* EL1 registers that mean something at EL0 get the values of processes */
/* True: done by the kernel; *again: the instruction is to be executed once more. */
bool vcpu_sysreg(struct cpu *c, struct vcpu *v, uint64_t esr, bool *again);
NAMED unsigned vcpu_maintenance(uint64_t esr); /* KICK_* that it means, if it is a TLBI or an IC; else 0 */
/* When the guest's counter gets to `cval`, for timer_arm(); 0: it is there, UINT64_MAX - 1: in centuries. */
uint64_t guest_deadline(const struct vcpu *v, uint64_t cval);
void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far); /* a synchronous exception at EL1; resident */
unsigned vcpu_lr_count(void);
