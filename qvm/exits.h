/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's exits are answered with. */
#pragma once

#include "qvm/vm.h"

/* What VcpuRun gets for the exit before. */
struct exit_reply {
	enum vcpu_action action;
	bool gone;          /* the vCPU is off: do not run it */
	unsigned registers; /* of ACT_REGISTERS: how many are in `x` so far */
	uint64_t x[4];
};

/* Runs the vCPU until it is off. Its own thread. */
void vcpu_run_until_off(struct vcpu *vcpu);
