/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts of a GICv3 (IHI 0069, 12.5): what is one register of the processor, for irqchip.h. */
#pragma once

#include "arch/aarch64/sysreg.h"

/* A bit for each list register that is neither pending nor active. */
static inline uint32_t gicv3_lr_empty(void)
{
	return (uint32_t)sysreg_read(ICH_ELRSR_EL2);
}

/*
 * One of ICH_LR<n>_EL2: S3_4_C12_C12_<n>, then S3_4_C12_C13_<n - 8>. By four tests, since EL2 has no jumps through a
 * table; the compiler must not put what they have in common before the first one.
 */
/* clang-format off */
#define LR_IF(n, bit, yes, no)         if ((n) & (bit)) { __asm__("" : "+r"(n)); yes; } else { __asm__("" : "+r"(n)); no; }
#define LR_OF_2(X, n, crm, a, b)       LR_IF(n, 1, X(s3_4_c12_##crm##_##b), X(s3_4_c12_##crm##_##a))
#define LR_OF_4(X, n, crm, a, b, c, d) LR_IF(n, 2, LR_OF_2(X, n, crm, c, d), LR_OF_2(X, n, crm, a, b))
#define LR_OF_8(X, n, crm)             LR_IF(n, 4, LR_OF_4(X, n, crm, 4, 5, 6, 7), LR_OF_4(X, n, crm, 0, 1, 2, 3))
#define LR_OF_16(X, n)                 LR_IF(n, 8, LR_OF_8(X, n, c13), LR_OF_8(X, n, c12))
/* clang-format on */

static inline uint64_t gicv3_lr_read(unsigned n)
{
#define LR_READ(name) return sysreg_read(name)
	LR_OF_16(LR_READ, n)
#undef LR_READ
}

static inline __attribute__((always_inline)) void gicv3_lr_write(unsigned n, uint64_t image)
{
#define LR_WRITE(name)                     \
	{                                  \
		sysreg_write(name, image); \
	}
	LR_OF_16(LR_WRITE, n)
#undef LR_WRITE
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
