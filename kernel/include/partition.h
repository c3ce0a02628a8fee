/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive partitions: guaranteed shares of the CPUs' time. */
#pragma once

#include "bulkhead.h"
#include "types.h"

struct partition {
	uint32_t budget, max; /* hundredths of a percent of all shared CPUs */
	uint32_t critical_us; /* in a window */
};

struct partitions {
	struct partition of[PARTITION_MAX];
	uint32_t window_ms;
	uint32_t shared; /* CPUs */
	uint32_t policy; /* PARTITION_POLICY_* */
};

extern struct partitions partitions; /* under the kernel lock */
