/* SPDX-License-Identifier: Apache-2.0 */
/* How the process of a slot ends: orders and signals to it, and what is done when its threads are gone. */
#pragma once

#include "bulkhead.h"
#include "bulkhead/vm_end.h"
#include <stdbool.h>
#include <stdint.h>

/* Is the slot's process dead, and not destroyed yet? Then `info` says how it ended. */
bool slot_is_dead(uint32_t slot, struct process_info *info);

/*
 * The threads of the slot's process are gone. Does what is to be done at once: nothing comes for the process any more,
 * the cause is kept and logged, the restart is planned, or the system ends if the process was critical. Objects and
 * memory are the worker's job. Parts that keep something about the slot are told by events.c.
 */
void slot_end(uint32_t slot, struct process_info *info);

/* Ends the process at once: SIGKILL. 0; -EPERM: procmgr; -ENOENT: it does not run, and was not about to. */
int slot_kill(uint32_t slot);

/*
 * One of the operator's signals, except SIGKILL. If the process does not run, SIGTERM, SIGINT and SIGQUIT call off a
 * start that is under way or planned. 0; -ENOENT: it does not run; or an errno of ProcessSignal().
 */
int slot_signal(uint32_t slot, uint32_t signal);

/* Ends a VM at once, with the exit status that its qvm would have given: a guest that has not begun, or a reset. */
void slot_end_as(uint32_t slot, enum vm_exit code, enum vm_cause cause);
