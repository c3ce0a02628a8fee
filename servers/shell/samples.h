/* SPDX-License-Identifier: Apache-2.0 */
/* The longer windows of partitions' statistics: from totals that are read now and then. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SAMPLES_OF 33 /* partitions, and the idle time */
#define SAMPLES    11 /* so many of them span ten times the time between two */

/* What all have used since the system began. */
struct sample {
	uint64_t time_ns;
	uint64_t used_ns[SAMPLES_OF];
};

/* At [0] one sample for each window, at [1] one for ten; the newest first. */
struct samples {
	struct sample of[2][SAMPLES];
	unsigned count[2];
};

/* Keeps a sample, if the last one is old enough; `window_ns` is the length of the first window. */
void samples_note(struct samples *s, uint64_t window_ns, const struct sample *sample);

/*
 * The sample that the second (`which` 0, ten windows) or third one (1, a hundred) begins with, if it ends with `now`:
 * the newest that is old enough. NULL: there is none yet.
 */
const struct sample *samples_before(const struct samples *s, uint64_t window_ns, unsigned which,
				    const struct sample *now);
