/* SPDX-License-Identifier: Apache-2.0 */
/* Time from the generic timer: the physical counter, and EL2's physical timer (Arm ARM D12). */
#include "arch.h"
#include "boot.h"
#include "guest.h"
#include "panic.h"
#include "sysreg.h"

#define NS_PER_SECOND 1000000000ull

/* 32.32 fixed point. */
static uint64_t ns_per_tick, ticks_per_ns;

void clock_init(void)
{
	uint64_t hz = arch_counter_hz();

	if (hz < 1000000 || hz > 4000000000)
		panic("CNTFRQ_EL0 is %lu Hz: firmware must set it", hz);
	ns_per_tick = (NS_PER_SECOND << 32) / hz;
	ticks_per_ns = (hz << 32) / NS_PER_SECOND + 1;
}

uint64_t arch_counter_hz(void)
{
	return sysreg_read(cntfrq_el0);
}

static uint64_t counter(void)
{
	isb(); /* not read earlier than the program says */
	return sysreg_read(cntpct_el0);
}

static uint64_t scale(uint64_t value, uint64_t factor)
{
	return (uint64_t)((unsigned __int128)value * factor >> 32);
}

uint64_t arch_clock_now(void)
{
	return scale(counter(), ns_per_tick);
}

uint64_t arch_clock_ns(uint64_t ticks)
{
	return scale(ticks, ns_per_tick);
}

uint64_t clock_deadline(uint64_t ticks)
{
	unsigned __int128 ns = ((unsigned __int128)ticks * ns_per_tick >> 32) + 1;

	return ns < UINT64_MAX ? (uint64_t)ns : UINT64_MAX - 1;
}

/* The distance is scaled, not the deadline: the error of the factor then stays below the distance's 2^-28th part. */
void arch_clock_arm(uint64_t deadline)
{
	uint64_t now = counter(), now_ns = scale(now, ns_per_tick), at = now;

	if (deadline == UINT64_MAX) {
		sysreg_write(cnthp_ctl_el2, 0);
		isb();
		return;
	}
	if (deadline > now_ns) {
		unsigned __int128 ticks = ((unsigned __int128)(deadline - now_ns) * ticks_per_ns >> 32) + 1;

		at = ticks > UINT64_MAX - now ? UINT64_MAX : now + (uint64_t)ticks;
	}
	sysreg_write(cnthp_cval_el2, at);
	sysreg_write(cnthp_ctl_el2, 1);
	isb();
}
