/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions of processes, as the processor's part of the kernel decodes them. */
#pragma once

#include "types.h"

struct frame;
struct cpu;
struct fpu;

enum trap_kind {
	TRAP_ABORT,   /* an access or fetch that stage 2 refused */
	TRAP_FPU,     /* first use of FP registers that are not its own */
	TRAP_SETTING, /* an instruction that EL1 may have forbidden to EL0 */
	TRAP_WAIT,    /* WFI */
	TRAP_FAULT,   /* anything else: the process ends */
};

struct trap {
	uint8_t kind;
	bool write, fetch;
	uint64_t address, syndrome;
};

uint64_t trap_syndrome(void);
bool trap_is_call(uint64_t syndrome);
void trap_decode(uint64_t syndrome, struct trap *t);
void fpu_prepare(struct cpu *c, const struct fpu *of); /* FP traps unless the registers are this context's */

/*
 * Settings of the resident guest's EL1 that make instructions of EL0 trap are left alone until a process meets one.
 * True: there was such a setting, it is off now, and comes back with the guest.
 */
bool guest_settings_off(struct cpu *c);

struct thread;
struct frame *call_general(struct cpu *c, struct thread *t, struct frame *f); /* kernel lock held; released */

/* From the vectors. Each returns the frame to go on with. */
struct frame *trap_sync(struct frame *f, struct cpu *c, uint64_t syndrome); /* of a process; of calls VcpuRun only */
struct frame *trap_irq(struct frame *f, struct cpu *c);
struct frame *trap_serror(struct frame *f, struct cpu *c);
void resume(struct frame *f); /* does not return */
