/* SPDX-License-Identifier: Apache-2.0 */
/* General registers of a thread or of a guest, as the vectors save them. entry.S knows the offsets. */
#pragma once

#include "image.h"
#include "types.h"

struct frame {
	uint64_t x[32]; /* [31] reads as zero when an exception has come, and what is written there is lost: XZR */
	uint64_t pc;
	uint64_t pstate;
};

_Static_assert(offsetof(struct frame, pc) == FRAME_PC, "entry.S stores PC and PSTATE as a pair");
_Static_assert(sizeof(struct frame) == 272, "keeps the stack pointer 16-byte aligned");

/* A register of a call, by its number in calls.def. */
static inline uint64_t arch_frame_get(const struct frame *f, unsigned n)
{
	return f->x[n];
}

static inline void arch_frame_set(struct frame *f, unsigned n, uint64_t value)
{
	f->x[n] = value;
}

/* An instruction has four bytes: the call is executed once more; what has trapped is passed over. */
static inline void arch_frame_repeat(struct frame *f)
{
	f->pc -= 4;
}

static inline void arch_frame_skip(struct frame *f)
{
	f->pc += 4;
}

/*
 * What is switched with every change of context: registers of EL0 that the kernel itself does not use, which stay in
 * the processor until another context needs them, and the two registers of EL2 that say whose they are.
 */
struct user_regs {
	uint64_t sp_el0, tpidr_el0;
	uint64_t vttbr, hcr;
};

/* FP and SIMD registers, switched only when somebody uses them. */
struct fpu {
	__uint128_t v[32];
	uint64_t fpcr, fpsr;
};
