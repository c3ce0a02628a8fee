/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about virtual machines: who asks about them, and why they ended. */
#include <errno.h>
#include <string.h>

#include <bulkhead/kernel.h>

#include "procmgr.h"

#define EXIT_POWER_CUT 3 /* as documented for qvm: SIGQUIT */

int vm_start(uint32_t number)
{
	if (shutdown_state.running)
		return -EBUSY;
	return process_launch(number);
}

/* A qvm that still waits at the gate listens to nothing: it is ended from here, as it would have ended by itself. */
int vm_signal(uint32_t number, uint32_t signal)
{
	if (!slots[number].running)
		return signal == BH_SIGUSR1 || signal == BH_SIGUSR2 ? -ESRCH : restart_cancel(number);
	if (slots[number].ready || (signal != BH_SIGTERM && signal != BH_SIGINT && signal != BH_SIGQUIT))
		return ProcessSignal_r(number, CONTROL_SIGNAL, signal);
	process_refuse(number, signal == BH_SIGQUIT ? EXIT_POWER_CUT : 0, CAUSE_SIGNAL);
	return 0;
}

/* The kernel's count: of the life that goes on, else of the last one. */
static uint64_t entries_of(uint32_t number)
{
	struct process_info info;

	return slots[number].running && ProcessInfo_r(number, &info) >= 0 ? info.entries : slots[number].entries;
}

void vm_info(uint32_t number, struct pm_vm *info)
{
	const struct slot *slot = &slots[number];

	memset(info, 0, sizeof *info);
	strncpy(info->name, slot->name, sizeof info->name - 1);
	info->state = !slot->running ? VM_STOPPED : slot->ready ? VM_RUNNING : VM_STARTING;
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
