/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns which memory, devices and interrupts. */
#pragma once

#include "process.h"

/* Can it be granted, GRANT_*? 0 if the range is free, or shared and exactly this range. -KE_INVAL, -KE_PERM, or
 * CALL_RESTART: go on later. */
int64_t owner_check(struct process *p, uint64_t kind, uint64_t start, uint64_t bytes);
/* RAM for processes, as the first one is told at BOOT_INFO; complete when that starts, then only read. */
extern struct boot_info boot_info;
/* Something has an owner that had none: what was checked before does not count any more. */
void owner_changed(void);
