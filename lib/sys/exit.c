/* SPDX-License-Identifier: Apache-2.0 */
/* The ways out of a process. */
#include "bulkhead/kernel.h"
#include "lib/sys/start.h"
#include <stdlib.h>
#include <unistd.h>

static void (*last_action)(void);

void process_before_exit(void (*action)(void))
{
	last_action = action;
}

_Noreturn void _exit(int status)
{
	if (last_action)
		last_action();
	for (;;)
		ThreadDestroy_r(-1, (uint32_t)status);
}

_Noreturn void abort(void)
{
	_exit(EXIT_ABORT);
}
