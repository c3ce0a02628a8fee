/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about virtual machines: who asks about them, and why they ended. */
#include <errno.h>
#include <string.h>

#include <bulkhead/kernel.h>

#include "procmgr.h"

int vm_start(uint32_t number)
{
	if (shutdown_state.running)
		return -EBUSY;
	return process_launch(number);
}

/* The kernel's count: of the life that goes on, else of the last one. */
static uint64_t entries_of(uint32_t number)
{
	struct process_info info;

	return slots[number].running && ProcessInfo_r(number, &info) >= 0 ? info.entries : slots[number].entries;
}

static enum vm_state state_of(const struct slot *slot)
{
	if (slot->job != JOB_NONE)
		return slot->job == JOB_END ? VM_ENDING : VM_STARTING;
	return !slot->running ? VM_STOPPED : slot->ready ? VM_RUNNING : VM_STARTING;
}

void vm_info(uint32_t number, struct pm_vm *info)
{
	const struct slot *slot = &slots[number];
	struct process_info process;

	memset(info, 0, sizeof *info);
	strncpy(info->name, slot->name, sizeof info->name - 1);
	info->state = state_of(slot);
	if (slot->job != JOB_NONE && ProcessInfo_r(number, &process) >= 0) {
		info->done_bytes = process.ram_zeroed;
		info->total_bytes = process.ram_bytes;
	}
	info->slot = number;
	info->starts = slot->starts;
	info->exit_code = slot->exit_code;
	info->cause = slot->cause;
	info->end = slot->end;
	info->ram_bytes = slot->guest_bytes;
	info->vcpus = slot->vcpus;
	info->entries = entries_of(number);
	memcpy(info->note, slot->note, sizeof info->note);
}

/* The exit status of a qvm is its own word: out of range it is an error of qvm. */
void vm_record(struct slot *slot, const struct process_info *info)
{
	uint64_t cause = info->end_status >> 8;

	if (info->end_cause == END_KILLED)
		slot->cause = CAUSE_SIGNAL;
	else if (info->end_cause == END_EXIT && cause <= CAUSE_ERROR)
		slot->cause = (uint32_t)cause;
	else
		slot->cause = CAUSE_ERROR;
}

const char *vm_cause_text(uint32_t cause)
{
	static const char *const text[] = {"none", "off", "reset", "signal", "watchdog", "error"};

	return cause < sizeof text / sizeof text[0] ? text[cause] : "unknown";
}
