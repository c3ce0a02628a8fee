/* SPDX-License-Identifier: Apache-2.0 */
/* The start of the kernel proper: all CPUs come online, the first of them makes the first process. */
#include "arch.h"
#include "cpu.h"
#include "first.h"
#include "lock.h"
#include "panic.h"
#include "process.h"

#define ONLINE_WAIT_NS 2000000000ull

static void wait_for_others(void)
{
	uint64_t deadline = arch_clock_now() + ONLINE_WAIT_NS;

	for (unsigned i = 1; i < board.cpu_count; i++) {
		while (!__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE) && arch_clock_now() < deadline)
			arch_cpu_relax();
		if (!__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE))
			panic("CPU %u did not start within two seconds", i);
	}
}

void kernel_main(void)
{
	struct cpu *c = arch_this_cpu();

	for (unsigned i = 0; i < PROCESS_MAX; i++)
		processes[i].slot = i;
	sched_init_cpu(c);
	c->online = true;
	arch_start_cpus();
	wait_for_others();
	lock_acquire(&kernel_lock);
	process_start_first();
	kernel_begin(c);
}

void kernel_secondary(unsigned cpu)
{
	sched_init_cpu(&cpus[cpu]);
	kernel_begin(&cpus[cpu]);
}
