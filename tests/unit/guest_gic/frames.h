/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's accesses to its GIC as qvm's table of devices has them: by frame, and none beyond. And the VM's lock. */
#pragma once

#include "qvm/arch/aarch64/guest_gic.h"

extern struct mutex gic_lock;

bool guest_gic_read(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t *value);
bool guest_gic_write(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value);
