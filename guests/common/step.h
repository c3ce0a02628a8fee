/* SPDX-License-Identifier: Apache-2.0 */
/* step.S: runs anything, with these registers, until an exception handler sends it to step_landing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct step {
	uint64_t x[31];
	uint64_t sp, pc, pstate;
};
_Static_assert(offsetof(struct step, sp) == 248 && offsetof(struct step, pstate) == 264, "step.S knows the layout");
void step_enter(struct step *step);
void step_landing(void);
