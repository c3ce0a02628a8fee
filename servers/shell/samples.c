/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"
#include <stddef.h>
#include <string.h>

static uint64_t spacing_of(uint64_t window_ns, unsigned which)
{
	return which == 0 ? window_ns : 10 * window_ns;
}

void samples_note(struct samples *s, uint64_t window_ns, const struct sample *sample)
{
	for (unsigned which = 0; which < 2; which++) {
		struct sample *kept = s->of[which];

		if (s->count[which] != 0 && sample->time_ns - kept[0].time_ns < spacing_of(window_ns, which))
			continue;
		memmove(&kept[1], &kept[0], (SAMPLES - 1) * sizeof(kept[0]));
		kept[0] = *sample;
		s->count[which] += s->count[which] < SAMPLES;
	}
}

const struct sample *samples_before(const struct samples *s, uint64_t window_ns, unsigned which,
				    const struct sample *now)
{
	for (unsigned i = 0; i < s->count[which]; i++)
		if (now->time_ns - s->of[which][i].time_ns >= 10 * spacing_of(window_ns, which))
			return &s->of[which][i];
	return NULL;
}
