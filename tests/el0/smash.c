/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what must end it. Without an argument: says where it lies and what its guard is, then overruns an array on its
 * stack. Else argv[1] says where it writes, or what it executes. Needs the ability `log`.
 */
#include "bulkhead/process.h"
#include "el0.h"
#include <stdlib.h>
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

int main(int argc, char **argv);

#define RET 0xd65f03c0u /* so that nobody doubts why it ends, if it is executed */

static uint32_t data[] = {RET, RET};
static const uint32_t constant[] = {RET, RET};
static const uint32_t *const relocated[] = {data, constant}; /* read-only after the relocation */

static void write_to(const volatile void *at)
{
	*(volatile uint32_t *)(uintptr_t)at = RET;
}

static void execute(const volatile void *at)
{
	((void (*)(void))(uintptr_t)at)();
}

static void break_rule(const char *what)
{
	volatile uint32_t stack[] = {RET, RET};
	uint32_t *heap = calloc(2, sizeof(*heap));

	if (strcmp(what, "write-code") == 0)
		write_to((const void *)(uintptr_t)main);
	else if (strcmp(what, "write-constant") == 0)
		write_to(constant);
	else if (strcmp(what, "write-relocated") == 0)
		write_to(relocated);
	else if (strcmp(what, "execute-stack") == 0)
		execute(stack);
	else if (strcmp(what, "execute-heap") == 0)
		execute(heap);
	else if (strcmp(what, "execute-data") == 0)
		execute(data);
	else if (strcmp(what, "execute-constant") == 0)
		execute(constant);
	else
		print("smash: nobody knows '%s'", what);
}

int main(int argc, char **argv)
{
	const struct start_args *args = process_args();
	uint64_t guard;

	if (argc > 1) {
		break_rule(argv[1]);
		print("smash: went on");
		return 0;
	}
	memcpy(&guard, args->guard, sizeof(guard));
	print("smash: code %llx stack %llx heap %llx guard %llx", (unsigned long long)(uintptr_t)main,
	      (unsigned long long)(uintptr_t)args, (unsigned long long)args->heap_start, (unsigned long long)guard);
	overrun(64);
	print("smash: went on");
	return 0;
}
