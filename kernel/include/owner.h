/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns which memory, devices and interrupts, and which RAM is still zero since its last owner's end. */
#pragma once

#include "process.h"

/* Could it be granted at all, GRANT_*? 0, -KE_INVAL, -KE_PERM. */
int64_t owner_grantable(uint64_t kind, uint64_t start, uint64_t bytes);
/* 0: nobody has any of it, and nobody else's memory of a clean range covers it. -KE_PERM, or CALL_RESTART: go on later.
 */
int64_t owner_check(struct process *p, unsigned kind, uint64_t start, uint64_t bytes);
/* Something has an owner that had none: what was checked before does not count any more. */
void owner_changed(void);

/* RAM that a slot had, or is to have, and that is zero: remembered with a region's index. */
bool owner_is_clean(const struct process *p, paddr_t start, uint64_t bytes);
void owner_clean(struct process *p, unsigned index, paddr_t start, uint64_t bytes);
void owner_forget_clean(struct process *p, paddr_t start, uint64_t bytes);
