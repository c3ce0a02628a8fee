/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"
#include "aps_join.h"
#include "ask.h"
#include "end.h"
#include "gate.h"
#include "life.h"
#include "names.h"
#include "order.h"
#include "progress.h"
#include "restart.h"
#include "shutdown.h"
#include "slots.h"
#include <errno.h>

/* A deadline of NEVER is none. `ended` is also called when a worker could not start a process. */
static const struct part {
	uint64_t (*deadline)(void);
	void (*timeout)(void);
	void (*ended)(uint32_t slot);
} parts[] = {
    {shutdown_deadline, shutdown_timeout, shutdown_ended},
    {progress_deadline, progress_timeout, NULL}, /* before the next ones, which may give up */
    {order_deadline, order_timeout, order_ended},
    {gate_deadline, gate_timeout, gate_forget},
    {restart_deadline, restart_timeout, NULL},
    {ask_deadline, ask_timeout, ask_forget},
    {NULL, NULL, names_forget},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void tell_ended(uint32_t slot)
{
	for (unsigned i = 0; i < PARTS; i++)
		if (parts[i].ended)
			parts[i].ended(slot);
	gate_look();
}

void events_heard(uint32_t slot)
{
	if (slot_heard(slot))
		order_started(slot);
}

static void process_died(uint32_t slot)
{
	struct process_info info;

	/* The pulse may be about a process that was killed and has been started anew since. */
	if (!slot_is_dead(slot, &info))
		return;
	events_heard(slot);
	if (!slots[slot].running)
		return;
	aps_forget(slot); /* before it may be started again */
	slot_end(slot, &info);
	tell_ended(slot);
}

static void worker_done_pulse(uint32_t slot)
{
	switch (slot_worked(slot)) {
	case LIFE_STARTED: order_started(slot); break;
	case LIFE_NOT_STARTED: tell_ended(slot); break;
	default: break;
	}
}

void events_pulse(const struct pulse *pulse)
{
	const uint64_t value = pulse->value;
	const bool slot = value != 0 && value < PROCESS_MAX;

	switch (pulse->code) {
	case PULSE_CODE_PROCESSDEATH:
		if (slot)
			process_died((uint32_t)value);
		break;
	case PULSE_WORKER:
		if (slot)
			worker_done_pulse((uint32_t)value);
		break;
	case PULSE_CODE_UNBLOCK:
		if (names_cancel(value))
			MsgError_r((int64_t)value, EINTR);
		break;
	default: break; /* anybody may send pulses; no other means anything */
	}
}

uint64_t events_run_deadlines(void)
{
	const uint64_t now = ClockTime();
	uint64_t next = NEVER;

	for (unsigned i = 0; i < PARTS; i++)
		if (parts[i].deadline && parts[i].deadline() <= now)
			parts[i].timeout();
	for (unsigned i = 0; i < PARTS; i++)
		if (parts[i].deadline && parts[i].deadline() < next)
			next = parts[i].deadline();
	return next;
}
