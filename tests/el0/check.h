/* SPDX-License-Identifier: Apache-2.0 */
/* Counting checks of a test process: each has a name, a failure says what came instead. */
#pragma once

#include "el0.h"
#include <stdbool.h>

/* Of all files of the program. */
__attribute__((weak)) unsigned passed, failed;

static inline void check_that(bool good, const char *name, int64_t got)
{
	if (good) {
		passed++;
		return;
	}
	failed++;
	print("FAILED: %s: got %lld (0x%llx)", name, (long long)got, (unsigned long long)got);
}

static inline void check_equal(const char *name, int64_t got, int64_t expected)
{
	check_that(got == expected, name, got);
	if (got != expected)
		print("        expected %lld", (long long)expected);
}

static inline int check_report(const char *program)
{
	print("%s: %u passed, %u failed", program, passed, failed);
	return failed != 0;
}
