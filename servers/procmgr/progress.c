/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"
#include "bulkhead/kernel.h"
#include "gate.h"
#include "log.h"
#include "slots.h"

static uint64_t since; /* something is being started, and nothing was before */
static uint64_t after; /* so long after that the next lines come; 0: nothing is being started */

/* A VM is, until it has all that is its own. For what it waits then, the gate says. */
static bool is_starting(uint32_t number)
{
	const struct slot *slot = &slots[number];

	return slot->job == JOB_START || slot->job == JOB_ZERO ||
	       (slot->kind == SLOT_VM && slot->running && !slot->ready && !gate_holds(number));
}

uint64_t progress_deadline(void)
{
	bool any = false;

	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		any |= is_starting(i);
	if (!any) {
		after = 0;
		return NEVER;
	}
	if (after == 0) {
		since = ClockTime();
		after = PROGRESS_NS;
	}
	return since + after;
}

static void tell_slot(uint32_t number)
{
	const struct slot *slot = &slots[number];
	struct process_info info;

	if (slot->running && slot->note[0] != '\0')
		log_progress("%s waits for %s", slot->name, slot->note);
	else if (!slot->running && ProcessInfo_r(number, &info) >= 0 && info.ram_zeroed < info.ram_bytes)
		log_progress("%s is being started: %llu of %llu MiB cleared", slot->name,
			     (unsigned long long)info.ram_zeroed >> 20, (unsigned long long)info.ram_bytes >> 20);
	else
		log_progress("%s is being started", slot->name);
}

void progress_timeout(void)
{
	after *= 2;
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (is_starting(i))
			tell_slot(i);
}
