/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes long in a slot's life is done by a thread of its own, one for each slot, with that slot's priority and on
 * its CPUs: zeroing its memory, copying its program in. So it costs those who are more important nothing, and the first
 * thread answers meanwhile. Nothing lends a worker a priority: it receives no message and holds no mutex.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum job { JOB_NONE, JOB_START, JOB_END };

/* The worker says with this pulse that it is ready with what it was told; the value is the slot. */
#define PULSE_WORKER 1

/* For every slot of the description. 0, or a negative errno. */
int workers_make(void);

/*
 * Gives the slot's worker a job. One that was begun before is finished first: what became of it is not told any more.
 * First thread only.
 */
void worker_begin(uint32_t slot, enum job job);

/* Is the slot's job done? Then what came of it, and the step that failed if the result is negative. */
bool worker_done(uint32_t slot, int *result, const char **step);
