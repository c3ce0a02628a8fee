/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts of a GICv3 (IHI 0069, 12.5): what is one register of the processor, for irqchip.h. */
#pragma once

#include "arch/aarch64/sysreg.h"

/* Registers that an assembler for Armv8.0 does not know by name (IHI 0069, 12.2). */
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_AP1R0_EL1   S3_0_C12_C9_0
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICH_HCR_EL2     S3_4_C12_C11_0
#define ICH_VTR_EL2     S3_4_C12_C11_1
#define ICH_VMCR_EL2    S3_4_C12_C11_7
#define ICH_AP0R0_EL2   S3_4_C12_C8_0
#define ICH_AP1R0_EL2   S3_4_C12_C9_0

/* A bit for each list register that is neither pending nor active. */
static inline uint32_t irqchip_lr_empty(void)
{
	return (uint32_t)sysreg_read(ICH_ELRSR_EL2);
}

/* ARCH_VGIC_*. */
static inline void irqchip_virtual_control(uint64_t control)
{
	sysreg_write(ICH_HCR_EL2, control);
}

/* How many interrupts without an image were ended since irqchip_virtual_control(). */
static inline unsigned irqchip_eoicount(void)
{
	return (unsigned)(sysreg_read(ICH_HCR_EL2) >> 27) & 31;
}

/* A bit for each priority at which the guest runs a handler. */
static inline uint32_t irqchip_virtual_running(void)
{
	return (uint32_t)(sysreg_read(ICH_AP0R0_EL2) | sysreg_read(ICH_AP1R0_EL2));
}

/* The guest's CPU interface, ARCH_VMCR_*. */
static inline uint64_t irqchip_vmcr(void)
{
	return sysreg_read(ICH_VMCR_EL2);
}

static inline void irqchip_virtual_save(struct arch_vcpu *to)
{
	to->vmcr = sysreg_read(ICH_VMCR_EL2);
	to->ap0r0 = sysreg_read(ICH_AP0R0_EL2);
	to->ap1r0 = sysreg_read(ICH_AP1R0_EL2);
}

static inline void irqchip_virtual_load(const struct arch_vcpu *from)
{
	sysreg_write(ICH_VMCR_EL2, from->vmcr);
	sysreg_write(ICH_AP0R0_EL2, from->ap0r0);
	sysreg_write(ICH_AP1R0_EL2, from->ap1r0);
}
