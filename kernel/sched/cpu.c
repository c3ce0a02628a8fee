/* SPDX-License-Identifier: Apache-2.0 */
/* What all CPUs share: one another's state, and the lock of everything that is not a virtual CPU's. */
#include "cpu.h"
#include "lock.h"
#include "sched.h"

/* Their place: kernel.ld. */
__attribute__((section(".bss..cpus"))) struct cpu cpus[CPU_MAX];
struct lock kernel_lock = LOCK_INIT(RANK_KERNEL);
union runmasks sched_runmasks;

void sched_init_cpu(struct cpu *c)
{
	c->lock = (struct lock)LOCK_INIT(RANK_CPU);
	sched_runmasks.of[c->id] = 0;
	for (unsigned i = 0; i < 256; i++)
		list_init(&c->rq.at[i]);
	list_init(&c->hand_over);
	c->timers = (struct timer_heap){.first = UINT64_MAX, .at = c->timers_at};
	c->guest_timers = (struct timer_heap){.first = UINT64_MAX, .at = c->guest_timers_at};
	c->armed = c->idle_start = UINT64_MAX;
	c->run_start = arch_clock_ticks();
}
