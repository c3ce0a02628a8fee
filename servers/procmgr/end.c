/* SPDX-License-Identifier: Apache-2.0 */
#include "end.h"
#include "bulkhead/kernel.h"
#include "life.h"
#include "log.h"
#include "restart.h"
#include "slots.h"
#include "system.h"
#include "worker.h"
#include <errno.h>
#include <string.h>

static void report_vm(const struct slot *slot)
{
	const enum slog_severity severity = slot->cause == CAUSE_ERROR ? SLOG_ERROR
					    : slot->critical           ? SLOG_WARN
								       : SLOG_INFO;

	log_line(severity, "%s ended: exit code %u, cause %s%s%s%s", slot->name, (unsigned)slot->exit_code,
		 vm_cause_name(slot->cause), slot->entries == 0 ? ", its guest has not begun" : "",
		 slot->note[0] != '\0' ? ": " : "", slot->note);
}

/* The address in the program's file: the one in the process differs from start to start. */
static void report_fault(const struct slot *slot, const struct process_info *info)
{
	uint64_t offset = info->fault_pc - slot->layout.program;
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

static void report_end(const struct slot *slot, const struct process_info *info)
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

static void record_cause(struct slot *slot, const struct process_info *info)
{
	if (info->end_cause == END_KILLED)
		slot->cause = CAUSE_SIGNAL;
	else
		slot->cause = info->end_cause == END_EXIT ? vm_exit_cause(info->end_status) : CAUSE_ERROR;
}

static void record_end(struct slot *slot, struct process_info *info)
{
	if (slot->refusal != 0 && info->end_cause == END_KILLED) {
		info->end_cause = END_EXIT;
		info->end_status = slot->refusal;
	}
	slot->end = info->end_cause;
	slot->exit_code = info->end_cause == END_EXIT ? vm_exit_code(info->end_status) : 0;
	slot->entries = info->entries;
	if (slot->kind == SLOT_VM)
		record_cause(slot, info);
	if (slot->cause != CAUSE_ERROR)
		slot->note[0] = '\0'; /* what it waited for did not end it */
}

bool slot_is_dead(uint32_t number, struct process_info *info)
{
	return ProcessInfo_r(number, info) >= 0 && info->state == PROCESS_DEAD;
}

void slot_end(uint32_t number, struct process_info *info)
{
	struct slot *slot = &slots[number];
	bool gone;

	ProcessStop_r(number);
	slot->running = false;
	slot->paused = false;
	record_end(slot, info);
	if (slot->owns_console)
		log_console(false);
	report_end(slot, info);
	gone = !shutdown_state.running && !slot->start_again && !restart_plan(number);
	if (gone && slot->critical)
		system_safe_state(slot->name);
	worker_begin(number, JOB_END);
}

/* It does not run: calls off a start that is under way or planned. 0, or -ENOENT: there was none. */
static int slot_cancel(uint32_t number)
{
	struct slot *slot = &slots[number];

	if (slot->job == JOB_START) {
		slot->unwanted = true;
		slot->start_again = false;
		ProcessStop_r(number); /* if there is one already */
		return 0;
	}
	return restart_cancel(number);
}

int slot_kill(uint32_t number)
{
	if (number == 0)
		return -EPERM;
	if (!slots[number].running)
		return slot_cancel(number);
	slots[number].unwanted = true; /* it may be ending already, by itself or by the gate */
	slots[number].start_again = false;
	ProcessStop_r(number);
	return 0;
}

/* A qvm that still waits at the gate does not listen to signals: it is ended from here, as it would end by itself. */
int slot_signal(uint32_t number, uint32_t signal)
{
	struct slot *slot = &slots[number];
	const bool ends = signal == BH_SIGTERM || signal == BH_SIGINT || signal == BH_SIGQUIT;
	int result = 0;

	if (!slot->running)
		return ends ? slot_cancel(number) : -ENOENT;
	if (slot->kind == SLOT_VM && !slot->ready && ends)
		slot_end_as(number, signal == BH_SIGQUIT ? VM_EXIT_POWER_CUT : VM_EXIT_NORMAL, CAUSE_SIGNAL);
	else
		result = ProcessSignal_r(number, CONTROL_SIGNAL, signal);
	if (ends && result == 0) {
		slot->unwanted = true;
		slot->start_again = false;
		slot->paused = false; /* its qvm resumes it, so that the guest can shut down */
	}
	return result == -ESRCH ? -ENOENT : result; /* it has ended by itself just now */
}

void slot_end_as(uint32_t number, enum vm_exit code, enum vm_cause cause)
{
	slots[number].refusal = vm_exit_status(code, cause);
	ProcessStop_r(number);
}
