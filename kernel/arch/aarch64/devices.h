/* SPDX-License-Identifier: Apache-2.0 */
/* What the device tree says that only this architecture understands. */
#pragma once

#include "bulkhead.h"
#include "types.h"

/* Indices of struct board's devices. */
#define BOARD_GICR_MAX 4
enum { BOARD_SMMU, BOARD_GICD, BOARD_GICR, ARCH_BOARD_DEVICES = BOARD_GICR + BOARD_GICR_MAX };

struct arch_board {
	uint64_t cpu_mpidr[CPU_MAX];                             /* affinity fields only; [0] is the boot CPU */
	enum { CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC } conduit; /* how firmware is called; NONE: not known yet */
};
