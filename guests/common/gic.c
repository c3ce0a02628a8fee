/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 as far as these guests need it: private interrupts of Group 1, one security state. */
#include "guest.h"

#define GICD_CTLR       0x0000
#define GICD_CTLR_ARE   (1u << 4)
#define GICD_CTLR_GRP1  (1u << 1)
#define GICD_CTLR_RWP   (1u << 31)
#define GICD_ICENABLER  0x0180
#define GICR_WAKER      0x0014
#define WAKER_SLEEP     (1u << 1)
#define WAKER_ASLEEP    (1u << 2)
#define GICR_IGROUPR0   0x0080
#define GICR_ISENABLER0 0x0100
#define GICR_ICENABLER0 0x0180
#define GICR_ICPENDR0   0x0280
#define GICR_ICACTIVER0 0x0380
#define GICR_IPRIORITYR 0x0400
#define PRIORITY_ALL    0xa0a0a0a0u

static uint64_t redistributor(unsigned int cpu)
{
	return board.gicr + (uint64_t)cpu * GICR_STRIDE;
}

/* Waits until the bits are clear, not for ever: a test that hangs says less than one that goes on and fails. */
static void wait_clear(uint64_t address, uint32_t bits)
{
	for (unsigned int i = 0; i < 100000 && (read32(address) & bits); i++)
		yield();
}

void gic_init_distributor(void)
{
	write32(board.gicd + GICD_CTLR, GICD_CTLR_ARE);
	wait_clear(board.gicd + GICD_CTLR, GICD_CTLR_RWP);
	write32(board.gicd + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	wait_clear(board.gicd + GICD_CTLR, GICD_CTLR_RWP);
}

void gic_init_redistributor(unsigned int cpu)
{
	uint64_t base = redistributor(cpu), sgi = base + GICR_SGI_FRAME;

	write32(base + GICR_WAKER, read32(base + GICR_WAKER) & ~WAKER_SLEEP);
	wait_clear(base + GICR_WAKER, WAKER_ASLEEP);
	write32(sgi + GICR_ICENABLER0, ~0u);
	write32(sgi + GICR_IGROUPR0, ~0u);
	write32(sgi + GICR_ICPENDR0, ~0u);
	write32(sgi + GICR_ICACTIVER0, ~0u);
	for (uint32_t i = 0; i < 8; i++)
		write32(sgi + GICR_IPRIORITYR + 4 * i, PRIORITY_ALL);
}

/* The CPU interface of the caller. */
void gic_init_cpu(void)
{
	WRITE_REG("icc_sre_el1", READ_REG("icc_sre_el1") | 1);
	__asm__ volatile("isb");
	WRITE_REG("icc_ctlr_el1", 0);
	WRITE_REG("icc_bpr1_el1", 0);
	WRITE_REG("icc_pmr_el1", 0xf0);
	WRITE_REG("icc_igrpen1_el1", 1);
	__asm__ volatile("isb");
}

void gic_enable_private(unsigned int cpu, uint32_t intid)
{
	write32(redistributor(cpu) + GICR_SGI_FRAME + GICR_ISENABLER0, 1u << intid);
}

void gic_disable(uint32_t intid)
{
	if (intid < 32)
		write32(redistributor(cpu_index()) + GICR_SGI_FRAME + GICR_ICENABLER0, 1u << intid);
	else if (intid < INTID_SPURIOUS)
		write32(board.gicd + GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
}
