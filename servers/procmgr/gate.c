/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"
#include "bulkhead/kernel.h"
#include "end.h"
#include "log.h"
#include "slots.h"
#include <stdio.h>
#include <string.h>

#define TELL_NS    1000000000ull        /* of waiting, until the operator is told */
#define GIVE_UP_NS (10 * 1000000000ull) /* until the VM is refused */

/* 0: not waiting. */
static struct gate {
	uint64_t tell, give_up;
	int64_t rcvid; /* of the qvm that has asked */
} gates[PROCESS_MAX];

/* It has been told to end: what it waited for does not matter any more. */
static bool is_refused(uint32_t slot)
{
	return slots[slot].refusal != 0;
}

void gate_note(uint32_t slot, const char *text)
{
	struct gate *gate = &gates[slot];

	if (slots[slot].ready || strcmp(slots[slot].note, text) == 0)
		return;
	snprintf(slots[slot].note, sizeof(slots[slot].note), "%s", text);
	gate->tell = ClockTime() + TELL_NS;
	if (gate->give_up == 0)
		gate->give_up = gate->tell - TELL_NS + GIVE_UP_NS;
}

/* Is there a process that the VM may connect to and that is not ready? Then the note says which. */
static bool misses_server(uint32_t number)
{
	char text[PROTO_NOTE];

	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		const struct slot *server = &slots[i];

		if (!(slots[number].connect_mask & 1u << i) || server->kind != SLOT_SERVER)
			continue;
		if (server->running && (server->ready || !server->server->ready))
			continue;
		snprintf(text, sizeof(text), "process %s %s", server->name,
			 server->running ? "is not ready" : "is not running");
		gate_note(number, text);
		return true;
	}
	return false;
}

static void open_gate(uint32_t number)
{
	gate_forget(number);
	slots[number].ready = true;
	slots[number].note[0] = '\0';
}

bool gate_ask(uint32_t slot, int64_t rcvid)
{
	if (!misses_server(slot)) {
		open_gate(slot);
		return false;
	}
	gates[slot].rcvid = rcvid;
	return true;
}

bool gate_holds(uint32_t slot)
{
	return gates[slot].rcvid != 0;
}

void gate_look(void)
{
	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		int64_t rcvid = gates[i].rcvid;

		if (rcvid == 0 || is_refused(i) || misses_server(i))
			continue;
		open_gate(i);
		MsgReply_r(rcvid, 0, NULL, 0);
	}
}

void gate_forget(uint32_t slot)
{
	gates[slot] = (struct gate){0};
}

uint64_t gate_deadline(void)
{
	uint64_t next = NEVER;

	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		if (is_refused(i))
			continue;
		if (gates[i].tell != 0 && gates[i].tell < next)
			next = gates[i].tell;
		if (gates[i].give_up != 0 && gates[i].give_up < next)
			next = gates[i].give_up;
	}
	return next;
}

void gate_timeout(void)
{
	uint64_t now = ClockTime();

	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		if (is_refused(i))
			continue;
		if (gates[i].tell != 0 && gates[i].tell <= now) {
			gates[i].tell = 0;
			log_line(SLOG_WARN, "%s waits: %s", slots[i].name, slots[i].note);
		}
		if (gates[i].give_up != 0 && gates[i].give_up <= now)
			slot_end_as(i, VM_EXIT_NO_MEMORY, CAUSE_ERROR);
	}
}
