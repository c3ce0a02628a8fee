/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions of processes, as the architecture decodes them, and the kernel's door for them (object/call.c). */
#pragma once

#include "types.h"

struct frame;
struct cpu;

enum trap_kind {
	TRAP_ABORT,   /* an access or fetch that its space refused */
	TRAP_FPU,     /* first use of FP registers that are not its own */
	TRAP_SETTING, /* an instruction that a setting of the resident guest may have forbidden */
	TRAP_WAIT,    /* an instruction that waits for an interrupt */
	TRAP_FAULT,   /* anything else: the process ends */
};

struct trap {
	uint8_t kind;
	bool write, fetch;
	uint64_t address, syndrome;
};

struct thread;
NAMED struct frame *call_general(struct thread *t, struct cpu *c); /* kernel lock held; released */

/* From the vectors. Each ends in arch_resume(). */
/* Every call except those of virtual CPUs below, and those that are passed on directly. */
struct frame *trap_call(struct frame *f, struct cpu *c);
void trap_vcpu(struct frame *f, struct cpu *c);                    /* VcpuGet to VcpuInject */
void trap_vcpu_run(struct frame *f, struct cpu *c);                /* VcpuRun, the long way */
void trap_sync(struct frame *f, struct cpu *c, uint64_t syndrome); /* of a process, but no call */
void trap_irq(struct frame *f, struct cpu *c);
void trap_async_error(struct frame *f, struct cpu *c);
