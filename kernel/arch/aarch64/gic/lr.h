/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codec of images of list registers, and of the two registers that belong to them, for object/vgic.c: the format of
 * GICv3 (IHI 0069, 12.5.9 ICH_LR<n>_EL2, 12.5.7 ICH_HCR_EL2, 12.5.15 ICH_VMCR_EL2), in which every controller is
 * spoken of; a driver of another one translates. Bits 0 to 31 of an image are the INTID.
 */
#pragma once

#include "types.h"

#define ARCH_LR_PENDING    BIT(62)
#define ARCH_LR_ACTIVE     BIT(63)
#define ARCH_LR_STATE      (ARCH_LR_PENDING | ARCH_LR_ACTIVE)
#define ARCH_LR_LINKED     BIT(61) /* to a physical interrupt, which ends with it */
#define ARCH_LR_GROUP1     BIT(60)
#define ARCH_LR_PRIO_SHIFT 48
#define ARCH_LR_PRIO(lr)   ((unsigned)((lr) >> ARCH_LR_PRIO_SHIFT) & 0xff)
#define ARCH_LR_EXIT_ENDED BIT(41) /* of one that is not linked: its end brings the guest out */
#define ARCH_LR_HOST_SHIFT 32      /* INTID of the physical one that it is linked to */

/* What brings the guest out, besides. */
#define ARCH_VGIC_ON                BIT(0)
#define ARCH_VGIC_EXIT_ENDED        BIT(2) /* one without an image was ended */
#define ARCH_VGIC_EXIT_EMPTY        BIT(3) /* no image is pending */
#define ARCH_VGIC_EXIT_GROUP0_ON    BIT(4)
#define ARCH_VGIC_EXIT_GROUP0_OFF   BIT(5)
#define ARCH_VGIC_EXIT_GROUP1_ON    BIT(6)
#define ARCH_VGIC_EXIT_GROUP1_OFF   BIT(7)
#define ARCH_VGIC_TRAP_DEACTIVATION BIT(14) /* ICC_DIR_EL1 */

/* The guest's CPU interface. */
#define ARCH_VMCR_GROUP0       BIT(0)
#define ARCH_VMCR_GROUP1       BIT(1)
#define ARCH_VMCR_COMMON_POINT BIT(4) /* group 1 uses group 0's binary point, less one */
#define ARCH_VMCR_SPLIT_END    BIT(9) /* EOImode 1 */
#define ARCH_VMCR_POINT1(v)    ((unsigned)((v) >> 18) & 7)
#define ARCH_VMCR_POINT0(v)    ((unsigned)((v) >> 21) & 7)
#define ARCH_VMCR_MASK(v)      ((unsigned)((v) >> 24) & 0xff)

/* It, and what belongs to it, while the guest is not in the processor. */
struct irqchip_state {
	uint64_t vmcr, running[2]; /* ARCH_VMCR_*; priorities at which it runs handlers, as the controller has them */
};
