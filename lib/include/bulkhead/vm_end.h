/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a VM ends: the exit status of its qvm has the exit code in bits 7:0, as documented for qvm, and the cause in bits
 * 15:8. procmgr ends a VM whose guest has not begun with the status that its qvm would have given.
 */
#pragma once

#include <stdint.h>

enum vm_exit {
	VM_EXIT_NORMAL = 0,
	VM_EXIT_POWER_CUT = 3, /* SIGQUIT */
	VM_EXIT_UNSUPPORTED = 5,
	VM_EXIT_VDEV = 6,
	VM_EXIT_UNEXPECTED = 7,
	VM_EXIT_NO_MEMORY = 64, /* also: fatal, before the guest has started */
	VM_EXIT_CONFIG = 65,
	VM_EXIT_FATAL = 96,
};

enum vm_cause { CAUSE_NONE, CAUSE_OFF, CAUSE_RESET, CAUSE_SIGNAL, CAUSE_WATCHDOG, CAUSE_ERROR };

static inline uint32_t vm_exit_status(enum vm_exit code, enum vm_cause cause)
{
	return (uint32_t)code | (uint32_t)cause << 8;
}

static inline uint32_t vm_exit_code(uint64_t status)
{
	return status & 0xff;
}

/* A qvm may say anything: what is no cause is an error of qvm. */
static inline enum vm_cause vm_exit_cause(uint64_t status)
{
	return status >> 8 <= CAUSE_ERROR ? (enum vm_cause)(status >> 8) : CAUSE_ERROR;
}

static inline const char *vm_cause_name(uint32_t cause)
{
	static const char *const names[] = {"none", "off", "reset", "signal", "watchdog", "error"};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "unknown";
}
