/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a slot: stopped, starting (its worker makes the process), running, ending (its worker zeroes its
 * memory), stopped. The first thread alone changes them, and waits for no worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Starts a slot's process, or does so when its end is over. 0: it is on its way, and a failure is reported as
 * LIFE_NOT_STARTED; -EBUSY: it runs or starts.
 */
int slot_launch(uint32_t slot);

/* The process has sent something, so it runs. True: that is new. */
bool slot_heard(uint32_t slot);

/* The slot's worker is done. Returns what has become of the slot's process. */
enum life_change { LIFE_UNCHANGED, LIFE_STARTED, LIFE_NOT_STARTED };
enum life_change slot_worked(uint32_t slot);
