/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of processes, and of the system. */
#include <errno.h>
#include <string.h>

#include <bulkhead/kernel.h>

#include "names.h"
#include "procmgr.h"

#define SHUTDOWN_TIMEOUT_NS (5 * 1000000000ull)

struct shutdown shutdown_state;

static void report_vm(const struct slot *slot)
{
	log_line(slot->cause == CAUSE_ERROR ? SLOG_ERROR : SLOG_INFO, "%s ended: exit code %u, cause %s%s%s%s",
		 slot->name, (unsigned)slot->exit_code, vm_cause_text(slot->cause),
		 slot->entries == 0 ? ", its guest has not begun" : "", slot->note[0] != '\0' ? ": " : "", slot->note);
}

/* Addresses differ from start to start, those of the program's file do not. */
static void report_fault(const struct slot *slot, const struct process_info *info)
{
	uint64_t offset = info->fault_pc - slot->base;
	bool own = offset < slot->image.span;

	/* ESR_EL2 of a BRK: EC 0x3c, its number in the low half (Arm ARM D17, "ISS encoding for an exception from
	 * execution of a Breakpoint instruction"). */
	if ((info->end_status >> 26 & 0x3f) == 0x3c && (info->end_status & 0xffff) == BRK_STACK_SMASHED)
		log_line(SLOG_ERROR, "%s ended: stack smashed", slot->name);
	else
		log_line(SLOG_ERROR, "%s ended: fault, syndrome %08llx, address %llx, pc %s%llx", slot->name,
			 (unsigned long long)info->end_status, (unsigned long long)info->fault_address,
			 own ? "program+" : "", (unsigned long long)(own ? offset : info->fault_pc));
}

static void report(const struct slot *slot, const struct process_info *info)
{
	switch (info->end_cause) {
	case END_EXIT:
		if (slot->kind == SLOT_VM)
			report_vm(slot);
		else
			log_line(SLOG_WARN, "%s ended: exit code %u", slot->name, (unsigned)slot->exit_code);
		break;
	case END_FAULT: report_fault(slot, info); break;
	default: log_line(SLOG_WARN, "%s ended: killed", slot->name); break;
	}
}

void system_end(bool reset)
{
	int result = SystemCtl_r(reset ? SYSTEM_RESET : SYSTEM_OFF, 0);

	/* The kernel does not return from this; if it did, going on would be worse than standing still. */
	log_line(SLOG_FATAL, "SystemCtl failed, error %d", -result);
	for (;;)
		TimerTimeout_r(TIMEOUT_RECEIVE, SHUTDOWN_TIMEOUT_NS);
}

void system_safe_state(const char *culprit)
{
	log_console(false);
	log_line(SLOG_FATAL, "critical process %s is gone", culprit);
	system_safe();
}

void system_safe(void)
{
	SystemCtl_r(SYSTEM_SAFE_STATE, 0);
	system_end(false);
}

/* After this the slot may be started again: nothing of the process is left, and its memory is zero. */
static void bury(uint32_t number, const struct process_info *info)
{
	struct slot *slot = &slots[number];
	int result;

	slot->end = info->end_cause;
	slot->exit_code = info->end_cause == END_EXIT ? (uint32_t)(info->end_status & 0xff) : 0;
	slot->entries = info->entries;
	if (slot->kind == SLOT_VM)
		vm_record(slot, info);
	if (slot->cause != CAUSE_ERROR)
		slot->note[0] = '\0'; /* what it waited for did not end it */
	if (slot->owns_console)
		log_console(false);
	report(slot, info);
	if (!shutdown_state.running && !restart_plan(number) && slot->critical)
		system_safe_state(slot->name);
	result = ProcessDestroy_r(number);
	if (result < 0 && result != -ESRCH)
		log_line(SLOG_ERROR, "%s: ProcessDestroy failed, error %d", slot->name, -result);
	slot->running = false;
	names_forget(number);
	gate_forget(number);
	vmenv_forget(number);
	order_ended(number);
	gate_look();
	shutdown_go_on();
}

void process_ended(uint64_t number)
{
	struct process_info info;

	if (number == 0 || number >= PROCESS_MAX || !slots[number].running)
		return;
	/* The pulse may be about a process that was killed and has been started anew since. */
	if (ProcessInfo_r((unsigned)number, &info) < 0 || info.state != PROCESS_DEAD)
		return;
	bury((uint32_t)number, &info);
}

int process_kill(uint32_t number)
{
	struct process_info info = {0};

	if (number == 0)
		return -EPERM;
	if (!slots[number].running)
		return restart_cancel(number);
	ProcessInfo_r(number, &info);
	info.end_cause = END_KILLED;
	bury(number, &info);
	return 0;
}

void process_refuse(uint32_t number, uint32_t exit_code, enum vm_cause cause)
{
	struct process_info info = {0};

	ProcessInfo_r(number, &info);
	info.end_cause = END_EXIT;
	info.end_status = exit_code | (uint64_t)cause << 8;
	bury(number, &info);
}

static unsigned vms_running(void)
{
	unsigned count = 0;

	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		count += slots[i].kind == SLOT_VM && slots[i].running;
	return count;
}

void shutdown_go_on(void)
{
	if (shutdown_state.running && vms_running() == 0)
		system_end(shutdown_state.reset);
}

void shutdown_begin(bool reset)
{
	if (shutdown_state.running)
		return;
	log_line(SLOG_INFO, "system is going to %s", reset ? "reset" : "switch off");
	shutdown_state =
	    (struct shutdown){.running = true, .reset = reset, .deadline = ClockTime() + SHUTDOWN_TIMEOUT_NS};
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind == SLOT_VM && slots[i].running)
			vm_signal(i, BH_SIGTERM);
	shutdown_go_on();
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
