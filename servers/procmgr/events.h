/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to slots, and when: pulses of the kernel and of the workers, and deadlines. The parts that must know of
 * an end, or that wait for a time, are listed in one table there.
 */
#pragma once

#include "bulkhead/kernel.h"
#include <stdint.h>

/* A message of the slot's process has arrived. */
void events_heard(uint32_t slot);

/* A pulse has arrived on procmgr's channel. */
void events_pulse(const struct pulse *pulse);

/* Does what is due. Returns when the next thing is due, ns since power-on, or NEVER. */
uint64_t events_run_deadlines(void);
