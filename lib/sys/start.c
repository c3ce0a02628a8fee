/* SPDX-License-Identifier: Apache-2.0 */
/* From _start to main. */
#include "lib/sys/start.h"
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "lib/sys/tls.h"
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv);
_Noreturn void process_start(const struct start_args *args);

typedef void (*initializer)(void);
extern initializer __preinit_array_start[], __preinit_array_end[];
extern initializer __init_array_start[], __init_array_end[];

static void run_all(initializer *from, initializer *to)
{
	for (; from != to; from++)
		(*from)();
}

char **environ; /* picolibc's own is not zero: stdio.c */

/*
 * Called by _start. Built without a stack protector (lib/build.mk), as the guard comes to its place here. argv and
 * the environment are copied, since start_args has no room for a NULL after them.
 */
_Noreturn void process_start(const struct start_args *args)
{
	static char *argv[sizeof(args->argv) / sizeof(args->argv[0]) + 1], *variables[ENV_MAX_ + 1];
	int argc = 0;

	process_relocate();
	memcpy(&__stack_chk_guard, args->guard, sizeof(__stack_chk_guard));
	process_protect();
	process_args_set(args);
	heap_init(args->heap_start, args->heap_bytes);
	void *memory = heap_take(tls_bytes());

	if (!memory)
		ThreadDestroy_r(-1, EXIT_ABORT);
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(tls_make(memory)) : "memory");
	thread_self_init();
	/* The first connection of a process: start_args.procmgr_coid. */
	if (args->slot != 0)
		(void)ConnectAttach_r(0, PROCMGR_CHID, 0);
	while (argc < (int)args->argc && argc < (int)(sizeof(argv) / sizeof(argv[0])) - 1) {
		argv[argc] = (char *)(uintptr_t)args->argv[argc];
		argc++;
	}
	for (uint32_t i = 0; i < args->env_count && i < ENV_MAX_; i++)
		variables[i] = (char *)(uintptr_t)args->env[i];
	environ = variables;
	stdio_init(slog_output);
	run_all(__preinit_array_start, __preinit_array_end);
	run_all(__init_array_start, __init_array_end);
	exit(main(argc, argv));
}
