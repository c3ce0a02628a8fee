/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of processes, and of the system. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bulkhead/kernel.h>

#include "names.h"
#include "procmgr.h"

#define EXIT_POWER_CUT      3 /* as documented for qvm: SIGQUIT */
#define SHUTDOWN_TIMEOUT_NS (5 * 1000000000ull)

struct shutdown shutdown_state;

static void report_vm(const struct slot *slot)
{
	const enum slog_severity severity = slot->cause == CAUSE_ERROR ? SLOG_ERROR
					    : slot->critical           ? SLOG_WARN
								       : SLOG_INFO;

	log_line(severity, "%s ended: exit code %u, cause %s%s%s%s", slot->name, (unsigned)slot->exit_code,
		 vm_cause_text(slot->cause), slot->entries == 0 ? ", its guest has not begun" : "",
		 slot->note[0] != '\0' ? ": " : "", slot->note);
}

/* Addresses differ from start to start, those of the program's file do not. */
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
	int result;

	log_flush();
	result = SystemCtl_r(reset ? SYSTEM_RESET : SYSTEM_OFF, 0);
	/* The kernel does not return from this; if it did, going on would be worse than standing still. */
	log_line(SLOG_FATAL, "SystemCtl failed, error %d", -result);
	for (;;)
		TimerTimeout_r(TIMEOUT_RECEIVE, SHUTDOWN_TIMEOUT_NS);
}

void system_safe_state(const char *culprit)
{
	static char text[SAFE_TEXT_BYTES];

	snprintf(text, sizeof text, "%.160s\ncritical process %s ended", log_failure(), culprit);
	log_flush();
	SystemCtl_r(SYSTEM_SAFE_STATE, (uintptr_t)text);
	system_end(false);
}

void system_safe(void)
{
	log_flush();
	SystemCtl_r(SYSTEM_SAFE_STATE, 0);
	system_end(false);
}

static void record(struct slot *slot, struct process_info *info)
{
	if (slot->refusal != 0 && info->end_cause == END_KILLED) {
		info->end_cause = END_EXIT;
		info->end_status = slot->refusal;
	}
	slot->end = info->end_cause;
	slot->exit_code = info->end_cause == END_EXIT ? (uint32_t)(info->end_status & 0xff) : 0;
	slot->entries = info->entries;
	if (slot->kind == SLOT_VM)
		vm_record(slot, info);
	if (slot->cause != CAUSE_ERROR)
		slot->note[0] = '\0'; /* what it waited for did not end it */
}

/*
 * Its threads are gone. What is to be done at once is done here: nothing comes for it any more, the cause is kept, a
 * critical process is acted upon. Its objects and its memory are its worker's; then the slot may be started again.
 */
static void bury(uint32_t number, struct process_info *info)
{
	struct slot *slot = &slots[number];
	bool gone;

	ProcessStop_r(number);
	slot->running = false;
	slot->paused = false;
	record(slot, info);
	if (slot->owns_console)
		log_console(false);
	report(slot, info);
	gone = !shutdown_state.running && !slot->start_again && !restart_plan(number);
	if (gone && slot->critical)
		system_safe_state(slot->name);
	worker_begin(number, JOB_END);
	names_forget(number);
	gate_forget(number);
	ask_forget(number);
	order_ended(number);
	gate_look();
	shutdown_go_on();
}

void process_ended(uint64_t number)
{
	struct process_info info;

	if (number == 0 || number >= PROCESS_MAX)
		return;
	/* The pulse may be about a process that was killed and has been started anew since. */
	if (ProcessInfo_r((unsigned)number, &info) < 0 || info.state != PROCESS_DEAD)
		return;
	process_heard((uint32_t)number);
	if (slots[number].running)
		bury((uint32_t)number, &info);
}

int process_cancel(uint32_t number)
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

int process_kill(uint32_t number)
{
	if (number == 0)
		return -EPERM;
	if (!slots[number].running)
		return process_cancel(number);
	slots[number].unwanted = true; /* it may be ending already, by itself or by the gate */
	slots[number].start_again = false;
	ProcessStop_r(number);
	return 0;
}

/*
 * The operator's. A qvm that still waits at the gate listens to nothing: it is ended from here, as it would have ended
 * by itself.
 */
int process_signal(uint32_t number, uint32_t signal)
{
	struct slot *slot = &slots[number];
	const bool ends = signal == BH_SIGTERM || signal == BH_SIGINT || signal == BH_SIGQUIT;
	int result = 0;

	if (!slot->running)
		return ends ? process_cancel(number) : -ESRCH;
	if (slot->kind == SLOT_VM && !slot->ready && ends)
		process_refuse(number, signal == BH_SIGQUIT ? EXIT_POWER_CUT : 0, CAUSE_SIGNAL);
	else
		result = ProcessSignal_r(number, CONTROL_SIGNAL, signal);
	if (ends && result == 0) {
		slot->unwanted = true;
		slot->start_again = false;
		slot->paused = false; /* its qvm lets it go on: only then can it end politely */
	}
	return result;
}

void process_refuse(uint32_t number, uint32_t exit_code, enum vm_cause cause)
{
	slots[number].refusal = exit_code | (uint32_t)cause << 8;
	gate_forget(number);
	ProcessStop_r(number);
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
	SystemCtl_r(SYSTEM_SHUTDOWN, 0);
	shutdown_state =
	    (struct shutdown){.running = true, .reset = reset, .deadline = ClockTime() + SHUTDOWN_TIMEOUT_NS};
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind == SLOT_VM && slots[i].running)
			process_signal(i, BH_SIGTERM);
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
