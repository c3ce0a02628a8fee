/* SPDX-License-Identifier: Apache-2.0 */
/* What all CPUs share: one another's state, and the lock of everything that is not a virtual CPU's. */
#include "cpu.h"
#include "lock.h"

struct cpu cpus[CPU_MAX];
struct lock kernel_lock = LOCK_INIT(RANK_KERNEL);
