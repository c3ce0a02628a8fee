/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native counterpart of arch/aarch64/inline.h. Four headers are AArch64's own, because native tests test them with
 * the neutral code: the codecs of descriptors and of list registers, whose bits the Image uses; the frame, whose
 * registers the accessors of calls (calls.h) name by number; and the board, since the reader of device trees is tested
 * here, too. All else is the least that the kernel needs. A tick of the fake machine is a nanosecond.
 */
#pragma once

#include "kernel/arch/aarch64/devices.h"
#include "kernel/arch/aarch64/frame.h"
#include "kernel/arch/aarch64/gic/lr.h"
#include "kernel/arch/aarch64/stage2.h"
#include "types.h"

#define IPI_KICK             0
#define IPI_STOP             1
#define ARCH_IRQ_MAINTENANCE 25
#define ARCH_IRQ_TIMER       26
#define ARCH_IRQ_VTIMER      27
#define ARCH_IRQ_NONE        1023u
#define ARCH_AFFINITY_MASK   0xff00ffffffull
#define ARCH_VREG_FRAME_LAST VREG_PSTATE

enum { VCPU_PTIMER, VCPU_REST, ARCH_VCPU_TIMERS };

struct arch_cpu {
	bool none;
};

struct arch_vcpu {
	uint64_t registers; /* stands for all that a guest has */
};

struct arch_entry_work {
	bool none;
};

struct cpu;
/* Too long to be inline here. */
struct cpu *arch_this_cpu(void);
uint64_t arch_clock_now(void);
bool arch_async_error_pending(void);
void arch_lock_relax(void);

static inline uint64_t arch_load_byte(const uint8_t *at)
{
	return READ_ONCE(*at);
}

static inline uint64_t arch_clock_ticks(void)
{
	return arch_clock_now();
}
