/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt controller, between the files of kernel/arch/aarch64: what a driver provides beside the arch_irq_* and
 * arch_ipi_* of arch.h.
 */
#pragma once

#include "types.h"

void irqchip_init(void);                            /* by the first CPU */
void irqchip_cpu_init(unsigned cpu);                /* by each */
bool irqchip_is_up(void);                           /* SGIs can be sent */
void irqchip_set_active(uint32_t ppi, bool active); /* of this CPU */
