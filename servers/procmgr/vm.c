/* SPDX-License-Identifier: Apache-2.0 */
#include "vm.h"
#include "ask.h"
#include "bulkhead/kernel.h"
#include "end.h"
#include "life.h"
#include "slots.h"
#include "system.h"
#include <errno.h>
#include <string.h>

int vm_start(uint32_t number)
{
	if (shutdown_state.running)
		return -EBUSY;
	return slot_launch(number);
}

static int may_start_again(const struct slot *slot)
{
	if (shutdown_state.running)
		return -EBUSY;
	return slot->running ? 0 : slot->job == JOB_START ? -EAGAIN : -ENOENT;
}

int vm_restart(uint32_t number)
{
	struct slot *slot = &slots[number];
	int result = may_start_again(slot);

	if (result < 0)
		return result;
	/* Its qvm ends by itself: the kernel would take that for a failure. */
	if (slot->critical && !slot_restarts(slot))
		return -EPERM;
	result = slot_signal(number, BH_SIGTERM);
	slot->start_again |= result == 0;
	return result;
}

int vm_reset(uint32_t number)
{
	struct slot *slot = &slots[number];
	int result = may_start_again(slot);

	if (result < 0)
		return result;
	slot->unwanted = true;
	slot->start_again = true;
	slot_end_as(number, VM_EXIT_NORMAL, CAUSE_RESET);
	return 0;
}

int vm_pause(uint32_t number, int64_t rcvid)
{
	struct slot *slot = &slots[number];
	int result = slot->paused ? -EALREADY : ask_qvm(number, rcvid, BH_SIGPAUSE);

	slot->paused |= result == 0;
	return result;
}

int vm_resume(uint32_t number)
{
	struct slot *slot = &slots[number];
	int result = !slot->running ? -ENOENT : !slot->paused ? -EALREADY : 0;

	if (result == 0)
		result = ProcessSignal_r(number, CONTROL_SIGNAL, BH_SIGPAUSE);
	slot->paused &= result != 0;
	return result;
}

/* The kernel's count: of the current life, else of the last one. */
static uint64_t entries_of(uint32_t number)
{
	struct process_info info;

	return slots[number].running && ProcessInfo_r(number, &info) >= 0 ? info.entries : slots[number].entries;
}

static enum vm_state state_of(const struct slot *slot)
{
	if (slot->job != JOB_NONE)
		return slot->job == JOB_END ? VM_ENDING : VM_STARTING;
	if (!slot->running)
		return VM_STOPPED;
	return !slot->ready ? VM_STARTING : slot->paused ? VM_PAUSED : VM_RUNNING;
}

void vm_info(uint32_t number, struct pm_vm *info)
{
	const struct slot *slot = &slots[number];
	struct process_info process;

	memset(info, 0, sizeof(*info));
	strncpy(info->name, slot->name, sizeof(info->name) - 1);
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
	memcpy(info->note, slot->note, sizeof(info->note));
	_Static_assert(SYS_CONSOLES_MAX == PM_CONSOLES && sizeof(slot->consoles->name) <= PROTO_NAME, "room for all");
	for (unsigned i = 0; i < slot->console_count; i++)
		memcpy(info->consoles[i], slot->consoles[i].name, sizeof(slot->consoles[i].name));
}
