/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restarts, as the system description wants them: a limited number in a row, each after twice the delay of the one
 * before, so that a process that fails at once does not keep the others from running. A process that ran for a minute
 * begins a new row.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A slot's process has ended. True: it will be started again. */
bool restart_plan(uint32_t slot);

/* Calls off a start that is planned. 0; -ENOENT: none was. */
int restart_cancel(uint32_t slot);

/* When the next restart is due, or NEVER, and what is done then. */
uint64_t restart_deadline(void);
void restart_timeout(void);
