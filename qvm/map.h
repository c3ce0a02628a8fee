/* SPDX-License-Identifier: Apache-2.0 */
/* What lies where in the guest's address space: its own memory, and the registers of its devices. */
#pragma once

#include "qvm/mmio.h"
#include <qvmconf.h>
#include <stdint.h>

/* Maps `ram` and `rom` of the configuration into the guest, and at `window` here. A mistake ends the process. */
void map_memory(uint8_t *window);

/* Enters registers that must overlap neither memory nor others; `place` may be null. A mistake ends the process. */
void map_registers(const struct qvm_place *place, const struct mmio_region *region);
