/* SPDX-License-Identifier: Apache-2.0 */
/* The stack protector's guard, and what happens when a function finds it overwritten. */
#include "bulkhead/kernel.h"
#include "lib/sys/tls.h"

_Noreturn void __stack_chk_fail(void);

uintptr_t __stack_chk_guard __attribute__((section(".data.rel.ro.guard")));

_Noreturn void __stack_chk_fail(void)
{
	/* Nothing that this process has can be trusted now, so it says no more than this; procmgr knows the number. */
	__asm__ volatile("brk %0" : : "i"(BRK_STACK_SMASHED));
	__builtin_unreachable();
}
