/* SPDX-License-Identifier: Apache-2.0 */
/* What all CPUs share: one another's state, and the lock of everything that is not a virtual CPU's. */
#include "cpu.h"
#include "lock.h"
#include "sched.h"

/* Their place: kernel.ld. */
__attribute__((section(".bss..cpus"))) struct cpu cpus[CPU_MAX];
struct cpu *const cpu_table[CPU_MAX] = {&cpus[0], &cpus[1], &cpus[2], &cpus[3], &cpus[4], &cpus[5], &cpus[6], &cpus[7]};
struct lock kernel_lock = LOCK_INIT(RANK_KERNEL);
union runmasks sched_runmasks;

void sched_init_cpu(struct cpu *c)
{
	c->lock = (struct lock)LOCK_INIT(RANK_CPU);
	sched_runmasks.of[c->id] = 0;
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned a = 0; a < ACCOUNTS; a++)
			queue_init(&c->rq.lane[k].of[a]);
	list_init(&c->hand_over);
	c->timers = (struct timer_heap){.first = UINT64_MAX, .at = c->timers_at};
	c->guest_timers = (struct timer_heap){.first = UINT64_MAX, .at = c->guest_timers_at};
	c->armed = UINT64_MAX;
	c->run_start = arch_clock_ticks();
}
