/* SPDX-License-Identifier: Apache-2.0 */
/* Codec of stage-2 descriptors (Arm ARM D8.3, VMSAv8-64 descriptor formats) for kernel/mm/space.c, and of VTTBR_EL2. */
#pragma once

#include "space.h"

/* What space.c looks at itself. */
#define ARCH_DESC_VALID  BIT(0)
#define ARCH_DESC_ADDR   0x0000fffffffff000ull
#define ARCH_DESC_TABLE  (ARCH_DESC_VALID | DESC_TABLE) /* with the table's address */
#define ARCH_LEAF_SHARED BIT(55)                        /* SPACE_SHARED: one of the bits that are software's */

#define DESC_TABLE    BIT(1) /* at the last level: page */
#define DESC_AF       BIT(10)
#define DESC_SH_INNER (3ull << 8)
#define DESC_S2AP_R   BIT(6)
#define DESC_S2AP_W   BIT(7)
#define DESC_NORMAL   (0xfull << 2) /* write-back, inner and outer */
#define DESC_NGNRE    (1ull << 2)
#define DESC_XN       (2ull << 53) /* right with and without FEAT_XNX */

/* VTTBR_EL2 for it. The tag is the VMID; these have 8 bits (VTCR_EL2.VS 0). */
static inline uint64_t space_vttbr(const struct space *s)
{
	return (uint64_t)s->tag << 48 | s->root_pa;
}

/* One bit tells: an invalid descriptor is 0. */
static inline bool arch_desc_is_table(uint64_t desc, unsigned level)
{
	return level < SPACE_LEVEL_LAST && (desc & DESC_TABLE);
}

/* A leaf without its address, which is added with OR. */
static inline uint64_t arch_leaf_bits(unsigned attr, unsigned level)
{
	uint64_t d = ARCH_DESC_VALID | DESC_AF | (level == SPACE_LEVEL_LAST ? DESC_TABLE : 0);

	d |= attr & SPACE_DEVICE ? DESC_NGNRE : DESC_NORMAL | DESC_SH_INNER;
	d |= (attr & SPACE_R ? DESC_S2AP_R : 0) | (attr & SPACE_W ? DESC_S2AP_W : 0);
	return d | (attr & SPACE_X ? 0 : DESC_XN) | (attr & SPACE_SHARED ? ARCH_LEAF_SHARED : 0);
}

/* SPACE_*, without SPACE_SHARED. */
static inline unsigned arch_leaf_attr(uint64_t desc)
{
	return (desc & DESC_S2AP_R ? SPACE_R : 0) | (desc & DESC_S2AP_W ? SPACE_W : 0) |
	       (desc & DESC_XN ? 0 : SPACE_X) | ((desc & DESC_NORMAL) == DESC_NORMAL ? 0 : SPACE_DEVICE);
}

/* The bits of a valid leaf of memory, not of a device, that allows SPACE_R and SPACE_W as far as `attr` has them. */
static inline uint64_t arch_leaf_needs(unsigned attr)
{
	return ARCH_DESC_VALID | DESC_NORMAL | (attr & SPACE_R ? DESC_S2AP_R : 0) | (attr & SPACE_W ? DESC_S2AP_W : 0);
}

/* The first leaf of the table that means the same as a leaf of the level above `level`. */
static inline uint64_t arch_leaf_split(uint64_t desc, unsigned level)
{
	return (desc & ~DESC_TABLE) | (level == SPACE_LEVEL_LAST ? DESC_TABLE : 0);
}
