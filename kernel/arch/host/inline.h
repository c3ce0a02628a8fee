/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native counterpart of arch/aarch64/inline.h. The state of a context and the codecs are those of AArch64; a tick
 * of the fake machine is a nanosecond.
 */
#pragma once

#include "kernel/arch/aarch64/el1.h"
#include "kernel/arch/aarch64/frame.h"
#include "kernel/arch/aarch64/stage2.h"
#include "types.h"

struct cpu *this_cpu(void);
uint64_t clock_now(void);
bool serror_pending(void);
void lock_relax(void);

static inline uint64_t clock_ticks(void)
{
	return clock_now();
}
