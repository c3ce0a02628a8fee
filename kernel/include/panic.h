/* SPDX-License-Identifier: Apache-2.0 */
/* The global design safe state. */
#pragma once

#include "types.h"

/* A failure of the kernel. */
_Noreturn void panic(const char *why, ...) __attribute__((format(printf, 1, 2)));
/* What panic() ends in, for a reason that is no fault of the kernel's; NULL: procmgr has printed it. */
_Noreturn void safe_state(const char *why, ...) __attribute__((format(printf, 1, 2)));
/* Its last act: reset the board, or switch it off. */
void safe_state_resets(bool reset);
/* Another CPU has panicked: this one answers, and is done. Needs no lock. */
NAMED _Noreturn void panic_stop(void);
/* The same from a loop that waits, if it is so. The CPU that has panicked goes on. */
void panic_heed(void);
extern unsigned panic_cpu; /* its number + 1; 0: none has */
