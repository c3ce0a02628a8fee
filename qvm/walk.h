/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's stage 1 in software: from a virtual address of EL1&0 to an intermediate physical one. */
#pragma once

#include "qvm/memory.h"

struct walk_regs {
	uint64_t sctlr, tcr, ttbr0, ttbr1; /* of EL1 */
};

/* False: the guest's tables do not translate the address, or lie outside its memory. */
bool guest_walk(const struct guest_memory *m, const struct walk_regs *regs, uint64_t va, uint64_t *ipa);
