/* SPDX-License-Identifier: Apache-2.0 */
#include "restart.h"
#include "bulkhead/kernel.h"
#include "bulkhead/vm_end.h"
#include "life.h"
#include "log.h"
#include "slots.h"
#include "system.h"
#include <errno.h>

#define NS_PER_MS     1000000ull
#define DELAY_MAX_NS  (60000 * NS_PER_MS)
#define NEW_ROW_NS    (60000 * NS_PER_MS)
#define DOUBLINGS_MAX 16u /* of at least a millisecond: more than a minute */

/* What the operator ends is not restarted, also if it ends by itself: a guest after its power button, for example. */
static bool was_stopped(const struct slot *slot)
{
	return slot->unwanted || slot->end == END_KILLED || (slot->kind == SLOT_VM && slot->cause == CAUSE_SIGNAL);
}

static bool has_failed(const struct slot *slot)
{
	if (slot->end == END_FAULT)
		return true;
	return slot->kind == SLOT_VM ? slot->cause == CAUSE_ERROR || slot->cause == CAUSE_WATCHDOG
				     : slot->exit_code != 0;
}

static uint64_t delay_of(const struct slot *slot, const struct sys_owner *own)
{
	unsigned doublings = slot->restarts < DOUBLINGS_MAX ? slot->restarts : DOUBLINGS_MAX;
	uint64_t delay = (own->restart_delay_ms * NS_PER_MS) << doublings;

	return delay < DELAY_MAX_NS ? delay : DELAY_MAX_NS;
}

bool restart_plan(uint32_t number)
{
	struct slot *slot = &slots[number];
	const struct sys_owner *own = slot_owner(slot);
	uint64_t now = ClockTime(), delay;

	if (!slot_restarts(slot) || was_stopped(slot) || (own->restart == SYS_RESTART_ON_FAILURE && !has_failed(slot)))
		return false;
	if (now - slot->started_at >= NEW_ROW_NS)
		slot->restarts = 0;
	if (slot->restarts == own->restart_limit) {
		log_line(SLOG_ERROR, "%s: restart limit reached (%u in a row); not restarting", slot->name,
			 slot->restarts);
		return false;
	}
	delay = delay_of(slot, own);
	slot->restarts++;
	slot->restart_at = now + delay;
	log_line(SLOG_WARN, "%s: restarting in %llu ms (restart %u of %u)", slot->name,
		 (unsigned long long)(delay / NS_PER_MS), slot->restarts, own->restart_limit);
	return true;
}

int restart_cancel(uint32_t number)
{
	struct slot *slot = &slots[number];

	if (slot->restart_at == 0 && !slot->start_again)
		return -ENOENT;
	slot->restart_at = 0;
	slot->start_again = false;
	log_line(slot->critical ? SLOG_WARN : SLOG_INFO, "%s: not restarting: ended by the operator", slot->name);
	if (slot->critical && !shutdown_state.running)
		system_safe_state(slot->name);
	return 0;
}

uint64_t restart_deadline(void)
{
	uint64_t first = NEVER;

	for (unsigned i = 1; i < PROCESS_MAX && !shutdown_state.running; i++)
		if (slots[i].restart_at != 0 && slots[i].restart_at < first)
			first = slots[i].restart_at;
	return first;
}

void restart_timeout(void)
{
	uint64_t now = ClockTime();

	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		struct slot *slot = &slots[i];

		if (slot->restart_at == 0 || slot->restart_at > now)
			continue;
		slot_launch(i);
	}
}
