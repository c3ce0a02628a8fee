/* SPDX-License-Identifier: Apache-2.0 */
#include "shutdown.h"
#include "bulkhead/kernel.h"
#include "end.h"
#include "log.h"
#include "slots.h"
#include "system.h"

#define SHUTDOWN_TIMEOUT_NS (5 * 1000000000ull)

static unsigned vms_running(void)
{
	unsigned count = 0;

	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		count += slots[i].kind == SLOT_VM && slots[i].running;
	return count;
}

static void end_if_alone(void)
{
	if (shutdown_state.running && vms_running() == 0)
		system_end(shutdown_state.reset);
}

void shutdown_ended(uint32_t slot)
{
	(void)slot;
	end_if_alone();
}

void shutdown_begin(bool reset)
{
	if (shutdown_state.running)
		return;
	log_line(SLOG_INFO, "system shutdown: %s", reset ? "reset" : "power off");
	SystemCtl_r(SYSTEM_SHUTDOWN, 0);
	shutdown_state =
	    (struct shutdown){.running = true, .reset = reset, .deadline = ClockTime() + SHUTDOWN_TIMEOUT_NS};
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind == SLOT_VM && slots[i].running)
			slot_signal(i, BH_SIGTERM);
	end_if_alone();
}

uint64_t shutdown_deadline(void)
{
	return shutdown_state.running ? shutdown_state.deadline : NEVER;
}

void shutdown_timeout(void)
{
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind == SLOT_VM && slots[i].running)
			log_line(SLOG_WARN, "%s did not stop within 5 s", slots[i].name);
	system_end(shutdown_state.reset);
}
