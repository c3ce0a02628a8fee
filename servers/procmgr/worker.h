/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: one thread for each slot does what takes long, zeroing memory and copying the program, with the priority and
 * on the CPUs of its slot. So it delays no thread of higher priority, and the first thread answers meanwhile. Nothing
 * lends a worker a priority: it receives no message and holds no mutex. A VM's worker has helpers on the VM's other
 * CPUs, which zero memory with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* JOB_ZERO: before its first start, while something else must be waited for. */
enum job { JOB_NONE, JOB_ZERO, JOB_START, JOB_END };

/* The pulse with which a worker says that its job is done; the value is the slot. */
#define PULSE_WORKER 1

/* Makes a worker for every slot of the description. 0, or a negative errno. */
int worker_make_all(void);

/* Gives each VM's worker a helper for each further CPU of the VM, as long as there is room for threads. */
void worker_make_helpers(void);

/*
 * Gives the slot's worker a job. A job under way is finished first; its result is lost.
 * First thread only.
 */
void worker_begin(uint32_t slot, enum job job);

/* Is the slot's job done? Then its result, and the step that failed if that is negative. */
bool worker_done(uint32_t slot, int *result, const char **step);
