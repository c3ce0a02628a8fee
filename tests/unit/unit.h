/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test needs: cmocka, with the headers that it wants first, and random numbers that repeat. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The next number of the sequence that *seed began: 0 to limit - 1. */
static inline unsigned random_below(uint32_t *seed, unsigned limit)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % limit;
}
