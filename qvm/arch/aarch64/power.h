/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the guest to its firmware. */
#pragma once

#include "qvm/vm.h"

/*
 * HVC and SMC with the immediate 0; may end the VM. `x` is the guest's x0 to x3, then the result. False: the vCPU is
 * off.
 */
bool power_call(struct vcpu *vcpu, uint64_t x[4]);
