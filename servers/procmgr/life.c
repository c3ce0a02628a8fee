/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"
#include "bulkhead/kernel.h"
#include "log.h"
#include "slots.h"
#include "system.h"
#include "worker.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A critical process that cannot be started is a failure like one that has ended. */
static void note_not_started(uint32_t number, const char *step, int error)
{
	struct slot *slot = &slots[number];

	slot->job = JOB_NONE;
	if (slot->owns_console)
		log_console(false);
	if (slot->unwanted) {
		log_line(slot->critical ? SLOG_WARN : SLOG_INFO, "%s not started: ended by the operator", slot->name);
	} else {
		log_line(SLOG_ERROR, "%s not started: %s failed, error %d", slot->name, step, -error);
		snprintf(slot->note, sizeof(slot->note), "not started: %s failed, error %d", step, -error);
	}
	if (slot->critical && !shutdown_state.running)
		system_safe_state(slot->name);
}

int slot_launch(uint32_t number)
{
	struct slot *slot = &slots[number];

	if (slot->job == JOB_START && slot->unwanted) {
		slot->start_again = true; /* the start under way was called off */
		return 0;
	}
	if (slot->running || slot->job == JOB_START)
		return -EBUSY;
	slot->restart_at = 0; /* the operator may have been faster than the restart */
	slot->start_again = slot->job != JOB_NONE;
	if (slot->start_again)
		return 0;
	slot->unwanted = false;
	slot->name_refused = false;
	slot->join_told = false;
	slot->console_refused = false;
	slot->refusal = 0;
	slot->note[0] = '\0';
	/* The kernel leaves the UART to it, too, as soon as it is made. */
	if (slot->owns_console)
		log_console(true);
	worker_begin(number, JOB_START);
	return 0;
}

static void note_started(uint32_t number)
{
	struct slot *slot = &slots[number];

	slot->job = JOB_NONE;
	slot->running = true;
	slot->ready = false;
	slot->started_at = ClockTime();
	slot->starts++;
	log_line(SLOG_INFO, "%s started: slot %u, start %u", slot->name, (unsigned)number, (unsigned)slot->starts);
	if (slot->unwanted || (shutdown_state.running && slot->kind == SLOT_VM))
		ProcessStop_r(number);
}

bool slot_heard(uint32_t number)
{
	const bool news = slots[number].job == JOB_START;

	if (news)
		note_started(number);
	return news;
}

static void note_ended(uint32_t number, const char *step, int result)
{
	struct slot *slot = &slots[number];

	slot->job = JOB_NONE;
	if (result < 0 && result != -ESRCH)
		log_line(SLOG_ERROR, "%s: %s failed, error %d", slot->name, step, -result);
	if (slot->start_again && !shutdown_state.running)
		slot_launch(number);
}

enum life_change slot_worked(uint32_t number)
{
	const char *step;
	int result;

	if (!worker_done(number, &result, &step))
		return LIFE_UNCHANGED;
	if (slots[number].job != JOB_START || (result < 0 && slots[number].start_again)) {
		const bool called_off = slots[number].job == JOB_ZERO && !slots[number].start_again;

		note_ended(number, step, result);
		return called_off ? LIFE_NOT_STARTED : LIFE_UNCHANGED;
	}
	if (result < 0) {
		note_not_started(number, step, result);
		return LIFE_NOT_STARTED;
	}
	note_started(number);
	return LIFE_STARTED;
}
