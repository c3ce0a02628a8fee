/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the system that the operator orders: the guests are stopped first, for at most 5 s. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Tells all VMs to stop. From now on an end is no failure. */
void shutdown_begin(bool reset);

/* A slot's process has ended: the last VM's end is the system's. */
void shutdown_ended(uint32_t slot);

/* When the system ends although a VM runs, or NEVER: no shutdown is under way. What is done then. */
uint64_t shutdown_deadline(void);
void shutdown_timeout(void);
