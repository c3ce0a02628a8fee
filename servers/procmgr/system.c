/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"
#include "bulkhead/kernel.h"
#include "log.h"
#include <stdint.h>
#include <stdio.h>

#define PAUSE_NS (5 * 1000000000ull)

struct shutdown shutdown_state;

void system_end(bool reset)
{
	int result;

	log_flush();
	result = SystemCtl_r(reset ? SYSTEM_RESET : SYSTEM_OFF, 0);
	/* The kernel does not return from this. If it did, standing still would be safer than going on. */
	log_line(SLOG_FATAL, "SystemCtl failed, error %d", -result);
	for (;;)
		TimerTimeout_r(TIMEOUT_RECEIVE, PAUSE_NS);
}

void system_safe_state(const char *culprit)
{
	static char text[SAFE_TEXT_BYTES];

	snprintf(text, sizeof(text), "%.160s\ncritical process %s ended", log_failure(), culprit);
	log_flush();
	SystemCtl_r(SYSTEM_SAFE_STATE, (uintptr_t)text);
	system_end(false);
}

void system_safe(void)
{
	log_flush();
	SystemCtl_r(SYSTEM_SAFE_STATE, 0);
	system_end(false);
}
