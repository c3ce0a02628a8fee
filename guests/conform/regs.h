/* SPDX-License-Identifier: Apache-2.0 */
/* Memory-mapped registers, all checked in the same way: a row says what is written, and what is right. */
#pragma once

#include "conform.h"

#define R_RESET  1u  /* `reset` is what the architecture says */
#define R_AFTER  2u  /* so is `after`, which is read once `value` was written */
#define R_BYTES  4u  /* bytes may be read and written, and are parts of the value */
#define R_HALVES 8u  /* 16 bits, likewise */
#define R_WIDE   16u /* a register of 64 bits: 8 bytes may be read and written */

struct reg {
	const char *name;
	uint32_t offset;
	uint32_t flags;
	uint32_t reset, value, after;
	uint32_t prepare; /* offset of a register that gets all ones before each write; 0: none */
	uint32_t undo;    /* likewise after it; 0: the value that was there before is written to the register itself */
};

void regs_reset(const char *group, uint64_t base, const struct reg *rows, size_t count);
/* By all sizes, also those that a register does not allow. */
void regs_check(const char *group, uint64_t base, const struct reg *rows, size_t count);
