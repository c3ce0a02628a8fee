/* SPDX-License-Identifier: Apache-2.0 */
/* Codec of ICC_SGI1R_EL1 and ICC_SGI0R_EL1 (IHI 0069, 12.2.20), for the kernel's own SGIs and for a guest's. */
#pragma once

#include "types.h"

#define SGI_INTID_SHIFT    24
#define SGI_INTID(value)   ((unsigned)((value) >> SGI_INTID_SHIFT) & 15)
#define SGI_INTID_MASK     (15ull << SGI_INTID_SHIFT)
#define SGI_ALL_OTHERS     BIT(40) /* all CPUs but the one that writes it */
#define SGI_CLUSTER_MASK   0x00fff0ff00ff0000ull
#define SGI_TARGETS(value) ((uint32_t)(value)&0xffff) /* CPUs of the cluster, or of 16 of it */

/* The register's value for an SGI to one CPU, without the INTID: Aff3, Aff2, range of 16, Aff1, one bit for Aff0. */
static inline uint64_t sgi_target(uint64_t mpidr)
{
	return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 4 & 0xf) << 44 | (mpidr >> 16 & 0xff) << 32 |
	       (mpidr >> 8 & 0xff) << 16 | BIT(mpidr & 0xf);
}

/* Does a value without SGI_ALL_OTHERS mean this CPU? */
static inline bool sgi_reaches(uint64_t value, uint64_t target)
{
	return ((value ^ target) & SGI_CLUSTER_MASK) == 0 && SGI_TARGETS(value & target);
}
