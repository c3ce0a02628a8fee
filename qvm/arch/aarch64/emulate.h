/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses of a guest that stage 2 has stopped, and that the kernel's syndrome does not describe to the end: by pairs,
 * vectors, atomics, with write-back, or across the end of a page. Also those that meet nothing: where the guest's own
 * tables lead, and what its CPU would answer. Runs on the host as well.
 */
#pragma once

#include "qvm/arch/aarch64/walk.h"
#include "qvm/device.h"
#include "qvm/memory.h"

/* As EXIT_MMIO_COMPLEX has them. */
struct emulate_exit {
	uint64_t ipa; /* all ones: unknown */
	uint64_t esr, far, pc, pstate;
	struct walk_regs regs;
	uint64_t mdscr;
};

enum emulate_outcome {
	EMULATE_DONE,        /* registers are written; the guest goes on after the instruction */
	EMULATE_RETRY,       /* tables or instruction have changed since: let the guest try again, but not for ever */
	EMULATE_ABORT,       /* a data abort, or a watchpoint: registers are as before */
	EMULATE_UNSUPPORTED, /* not to be understood: AArch32 */
};

struct emulate_result {
	enum emulate_outcome outcome;
	/* EMULATE_ABORT: DFSC and WnR as in ESR_EL1, and the offset of the address from the exit's FAR. */
	uint64_t iss, offset;
};

struct emulate_ops {
	uint64_t (*get)(void *ctx, unsigned vreg); /* VREG_* of the vCPU that exited */
	/* The general registers that bits 4:0 of the four bytes of `numbers` name; 31: 0. */
	void (*get_general)(void *ctx, uint32_t numbers, uint64_t value[4]);
	void (*set)(void *ctx, unsigned vreg, uint64_t value);
};

/* Does what the instruction at the exit would have done, as the guest's CPU would: on its memory and its devices. */
struct emulate_result emulate_access(const struct guest_memory *m, const struct emulate_ops *ops,
				     const struct device_ops *devices, void *ctx, const struct emulate_exit *exit);

/* A fetch that stage 2 has stopped: FSC of stage 1's fault, or of an External abort; *ipa where it leads, or all ones.
 */
unsigned emulate_fetch(const struct guest_memory *m, const struct emulate_exit *exit, uint64_t *ipa);
