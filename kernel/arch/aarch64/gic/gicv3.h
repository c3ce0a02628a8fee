/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts of a GICv3 (IHI 0069, 12.5): what is one register of the processor, for irqchip.h. */
#pragma once

#include "arch/aarch64/sysreg.h"

/* A bit for each list register that is neither pending nor active. */
static inline uint32_t gicv3_lr_empty(void)
{
	return (uint32_t)sysreg_read(ICH_ELRSR_EL2);
}

/* ARCH_VGIC_*. */
static inline void gicv3_virtual_control(uint64_t control)
{
	sysreg_write(ICH_HCR_EL2, control);
}

/* How many interrupts without an image were ended since gicv3_virtual_control(). */
static inline unsigned gicv3_eoicount(void)
{
	return (unsigned)(sysreg_read(ICH_HCR_EL2) >> 27) & 31;
}

/* A bit for each priority at which the guest runs a handler. */
static inline uint32_t gicv3_virtual_running(void)
{
	return (uint32_t)(sysreg_read(ICH_AP0R0_EL2) | sysreg_read(ICH_AP1R0_EL2));
}

/* The guest's CPU interface, ARCH_VMCR_*. */
static inline uint64_t gicv3_vmcr(void)
{
	return sysreg_read(ICH_VMCR_EL2);
}

static inline void gicv3_virtual_save(struct irqchip_state *to)
{
	to->vmcr = sysreg_read(ICH_VMCR_EL2);
	to->running[0] = sysreg_read(ICH_AP0R0_EL2);
	to->running[1] = sysreg_read(ICH_AP1R0_EL2);
}

static inline void gicv3_virtual_load(const struct irqchip_state *from)
{
	sysreg_write(ICH_VMCR_EL2, from->vmcr);
	sysreg_write(ICH_AP0R0_EL2, from->running[0]);
	sysreg_write(ICH_AP1R0_EL2, from->running[1]);
}
