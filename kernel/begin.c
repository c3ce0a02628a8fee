/* SPDX-License-Identifier: Apache-2.0 */
/* From the start (kernel/boot) to what runs: the last that a CPU does there, and the first that is not part of it. */
#include "arch.h"
#include "cpu.h"
#include "lock.h"

void kernel_begin(struct cpu *c)
{
	arch_boot_end();
	/* The first CPU is, and waits until all others are, whereby it knows that they have left the start. */
	if (!c->online) {
		__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
		arch_resume(cpu_leave(c));
	}
	arch_resume(kernel_leave(c));
	__builtin_unreachable();
}
