/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator changes in how a thread is scheduled. */
#pragma once

#include "bulkhead/proto.h"
#include <stdint.h>

/* Carries out a PM_SCHED of the slot `by`. Returns the status of the reply. */
int sched_change(uint32_t by, const struct pm_sched *sched);
