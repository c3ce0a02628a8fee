/* SPDX-License-Identifier: Apache-2.0 */
/* Which thread of the process runs. */
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include "lib/sys/start.h"

int thread_self(void)
{
	return (int)read_own_tid();
}

void thread_self_init(void)
{
	uint32_t *block;

	__asm__("mrs %0, tpidr_el0" : "=r"(block));
	*block = (uint32_t)ThreadSelf_r(NULL);
}
