/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks. The ranks are in docs/architecture.md: a CPU that holds a lock takes only locks of a higher rank, which
 * the native build checks.
 */
#pragma once

#include "types.h"

struct lock {
	uint32_t next, owner;
	uint32_t rank;
};

enum lock_rank { RANK_KERNEL = 1, RANK_VCPU = 2, RANK_CONSOLE = 3 };

#define LOCK_INIT(r)                               \
	{                                          \
		.next = 0, .owner = 0, .rank = (r) \
	}

void lock_acquire(struct lock *l);
void lock_release(struct lock *l);
bool lock_wanted(const struct lock *l); /* by its holder: does another CPU wait? */

extern struct lock kernel_lock;
