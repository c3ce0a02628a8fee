/* SPDX-License-Identifier: Apache-2.0 */
/* General registers of a thread or of a guest, as the vectors save them. entry.S knows the offsets. */
#pragma once

#include "types.h"

struct frame {
	uint64_t x[31];
	uint64_t pc;
	uint64_t pstate;
	uint64_t pad;
};

_Static_assert(offsetof(struct frame, pc) == 248, "entry.S stores x30 and pc as a pair");
_Static_assert(sizeof(struct frame) == 272, "keeps the stack pointer 16-byte aligned");

/* Registers of EL0 that the kernel itself does not use: they stay in the processor until another context needs it. */
struct user_regs {
	uint64_t sp_el0, tpidr_el0, tpidrro_el0, pad;
};

/* FP and SIMD registers, switched only when somebody uses them. */
struct fpu {
	__uint128_t v[32];
	uint64_t fpcr, fpsr;
};
