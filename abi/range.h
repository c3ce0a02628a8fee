/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of addresses, offsets or numbers, each a start and a length: for the kernel and for processes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t start, bytes;
};

/*
 * Does the range [start, start + bytes) hold all of the other one? An empty one may lie at the end. No sum is formed,
 * so none can wrap, whatever the values are.
 */
static inline bool range_holds(uint64_t start, uint64_t bytes, uint64_t inner, uint64_t inner_bytes)
{
	return inner >= start && inner_bytes <= bytes && inner - start <= bytes - inner_bytes;
}

/* Does one of these ranges? */
static inline bool ranges_hold(const struct range *r, unsigned count, uint64_t inner, uint64_t inner_bytes)
{
	for (unsigned i = 0; i < count; i++)
		if (range_holds(r[i].start, r[i].bytes, inner, inner_bytes))
			return true;
	return false;
}

/* Do two ranges, neither of which wraps, have something in common? */
static inline bool ranges_overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return a < b + blen && b < a + alen;
}
