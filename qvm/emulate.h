/* SPDX-License-Identifier: Apache-2.0 */
/* Device accesses by instructions that the syndrome does not describe (EXIT_MMIO_COMPLEX). Runs on the host as well. */
#pragma once

#include "qvm/memory.h"

enum emulate_result {
	EMULATE_DONE,        /* registers are written; the guest goes on behind the instruction */
	EMULATE_UNSUPPORTED, /* not an instruction that can be emulated, or not readable */
	EMULATE_RETRY,       /* the guest's tables do not lead there (any more): let it try again */
	EMULATE_ABORT,       /* an access was refused: registers are as before */
};

struct emulate_ops {
	uint64_t (*get)(void *ctx, unsigned vreg); /* VREG_* of the vCPU that exited */
	void (*set)(void *ctx, unsigned vreg, uint64_t value);
	bool (*read)(void *ctx, uint64_t ipa, unsigned size, uint64_t *value); /* size 1, 2, 4, 8 */
	bool (*write)(void *ctx, uint64_t ipa, unsigned size, uint64_t value);
};

/* `ipa` (all ones: unknown), `far`, `pc`: of the exit. */
enum emulate_result emulate_access(const struct guest_memory *m, const struct emulate_ops *ops, void *ctx, uint64_t ipa,
				   uint64_t far, uint64_t pc);
