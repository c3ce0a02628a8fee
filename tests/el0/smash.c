/* SPDX-License-Identifier: Apache-2.0 */
/* Says where it lies and what its guard is, then overruns an array on its stack. Needs the ability `log`. */
#include "bulkhead/process.h"
#include "el0.h"
#include <string.h>

/* The compiler sees neither how far this goes nor that nobody reads it. */
static __attribute__((noinline)) void overrun(volatile size_t bytes)
{
	char array[16];

	for (size_t i = 0; i < bytes; i++) {
		char *at = array + i;

		__asm__ volatile("strb %w1, [%0]" : : "r"(at), "r"('x') : "memory");
	}
}

int main(void)
{
	const struct start_args *args = process_args();
	uint64_t guard;

	memcpy(&guard, args->guard, sizeof(guard));
	print("smash: code %llx stack %llx heap %llx guard %llx", (unsigned long long)(uintptr_t)main,
	      (unsigned long long)(uintptr_t)args, (unsigned long long)args->heap_start, (unsigned long long)guard);
	overrun(64);
	print("smash: went on");
	return 0;
}
