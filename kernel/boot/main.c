/* SPDX-License-Identifier: Apache-2.0 */
/* The start of the kernel proper: all CPUs come online, the first of them makes the first process. */
#include "arch.h"
#include "cpu.h"
#include "first.h"
#include "lock.h"
#include "process.h"

void kernel_main(void)
{
	struct cpu *c = arch_this_cpu();

	for (unsigned i = 0; i < PROCESS_MAX; i++)
		processes[i].slot = i;
	sched_init_cpu(c);
	partition_init_cpu(c);
	c->online = true;
	arch_start_cpus();
	lock_acquire(&kernel_lock);
	process_start_first();
	kernel_begin(c);
}

void kernel_secondary(unsigned cpu)
{
	sched_init_cpu(&cpus[cpu]);
	partition_init_cpu(&cpus[cpu]);
	kernel_begin(&cpus[cpu]);
}
