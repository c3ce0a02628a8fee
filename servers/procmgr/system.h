/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which the whole system ends, and whether that was ordered. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A shutdown that is under way. From then on an end is no failure, and nothing is started. */
struct shutdown {
	bool running, reset;
	uint64_t deadline; /* the latest time at which the system ends */
};
extern struct shutdown shutdown_state;

/* Switches the board off, or resets it, when all lines of the log are written on the kernel's console. */
_Noreturn void system_end(bool reset);

/*
 * The global design safe state, because a critical process is gone. The kernel prints this and the line logged before
 * when everything else has stopped.
 */
_Noreturn void system_safe_state(const char *culprit);

/* The global design safe state, for a reason that was logged. */
_Noreturn void system_safe(void);
