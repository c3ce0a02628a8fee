/* SPDX-License-Identifier: Apache-2.0 */
/* The native counterpart of arch/aarch64/inline.h: a tick of the fake machine is a nanosecond. */
#pragma once

#include "types.h"

struct cpu *this_cpu(void);
uint64_t clock_now(void);
bool serror_pending(void);

static inline uint64_t clock_ticks(void)
{
	return clock_now();
}
