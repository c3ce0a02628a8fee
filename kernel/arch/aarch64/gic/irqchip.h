/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interrupt controller with support for virtual interrupts: what a driver provides to the files of
 * kernel/arch/aarch64, beside the arch_irq_* and arch_ipi_* of arch.h. GICv3 is the only one so far. A second one is a
 * file with functions of its own beside gicv3.c and gicv3.h; each function of this list, and of arch.h's, then asks a
 * variable that is set once at start which one to call. It does so by a branch: EL2 has no call through a pointer.
 */
#pragma once

#include "arch/aarch64/el1.h"
#include "types.h"

/* Start and stop. */
const char *irqchip_refusal(void);   /* MMU off: why this CPU's interface cannot be used, or NULL */
void irqchip_init(void);             /* by the first CPU */
void irqchip_cpu_init(unsigned cpu); /* by each */
void irqchip_shut(void);             /* no interrupt is signalled to this CPU any more */

void irqchip_set_active(uint32_t ppi, bool active); /* of this CPU */

/* This CPU's list registers; images are in the format of lr.h. */
uint64_t irqchip_lr_read(unsigned n);
void irqchip_lr_write(unsigned n, uint64_t image);

#include "gicv3.h"
