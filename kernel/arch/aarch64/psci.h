/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the board's firmware. */
#pragma once

#include "types.h"

extern unsigned mitigation_call; /* SMC to make on each entry from a guest or a process, with W0 only */
uint64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c); /* x0 of the answer */
