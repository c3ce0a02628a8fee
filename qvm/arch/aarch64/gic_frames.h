/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of the GIC that the guest sees: the distributor (IHI 0069 section 12.8) and, for each vCPU, a
 * redistributor of two frames, RD and SGI (section 12.10). Registers of INTIDs 0 to 31 in the distributor are RAZ/WI
 * because affinity routing is always on; in the redistributors they belong to the kernel's half.
 *
 * Section 12.1.3: 32 bits everywhere, bytes for priorities, 64 bits for the 64-bit registers. Any other size reads as
 * zero and is ignored, like a register that is reserved.
 */
#pragma once

#include "qvm/arch/aarch64/spi.h"

#define BLOCK_BYTES 0x80u

/* Blocks that both the distributor and the SGI frame have. */
enum block {
	BLOCK_IGROUPR = 1,
	BLOCK_ISENABLER,
	BLOCK_ICENABLER,
	BLOCK_ISPENDR,
	BLOCK_ICPENDR,
	BLOCK_ISACTIVER,
	BLOCK_ICACTIVER,
	BLOCK_IPRIORITYR,
	BLOCK_ICFGR = 0x18,
};

static inline bool is_access(uint32_t offset, unsigned size)
{
	return size - 1 < 8 && (size & (size - 1)) == 0 && (offset & (size - 1)) == 0;
}

static inline bool is_between(uint32_t offset, uint32_t first, uint32_t end)
{
	return offset - first < end - first;
}

/* Of the distributor: the frame is aligned. */
static inline uint32_t dist_offset(uint64_t ipa)
{
	return ipa % GIC_FRAME;
}

/* What guest_gic_read_dist() has no image of. */
struct vdev_value gic_registers_read(void *gic, unsigned vcpu, uint64_t ipa, unsigned size);

/* What is no word of a bank of bits. The lock is held. */
void gic_registers_write(struct guest_gic *g, uint32_t offset, unsigned size, uint64_t value);
