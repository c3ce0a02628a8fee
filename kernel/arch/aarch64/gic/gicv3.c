/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 (Arm IHI 0069). All physical interrupts are in group 1 and have one priority, because the kernel takes them
 * only while a process or a guest runs, one at a time. Priority drop and deactivation are separate (EOImode 1).
 */
#include "arch/aarch64/boot.h"
#include "irqchip.h"
#include "panic.h"
#include "sgi.h"

#define GICD_CTLR     0x0000
#define GICD_IGRPMODR 0x0d00
#define GICD_IROUTER  0x6000
#define GIC_PIDR2     0xffe8 /* of the distributor and of each redistributor */

#define CTLR_RWP    BIT(31)
#define CTLR_GROUP1 BIT(1)
#define CTLR_ARE    BIT(4)

/* A redistributor: two frames, four with GICv4. Its second frame has the distributor's layout. */
#define GICR_CTLR     0x0000
#define GICR_CTLR_RWP BIT(3)
#define GICR_TYPER    0x0008
#define TYPER_VLPIS   BIT(1)
#define TYPER_LAST    BIT(4)
#define GICR_WAKER    0x0014
#define WAKER_SLEEP   BIT(1)
#define WAKER_ASLEEP  BIT(2)

static paddr_t redistributor[CPU_MAX];

/* A GIC that never gets there is broken hardware. */
static void wait_clear(paddr_t at, uint32_t bits)
{
	if (!cpu_wait_mmio(at, bits, 0))
		panic("the GIC does not answer: register 0x%lx, bits 0x%x", at, bits);
}

static paddr_t gicd(uint32_t offset)
{
	return board.devices[BOARD_GICD].start + offset;
}

static paddr_t own_gicr(void)
{
	return redistributor[((struct cpu *)sysreg_read(tpidr_el2))->id];
}

/* The redistributor's second frame has the bits of those below 32, with the same offsets. */
paddr_t gicv3_frame(uint32_t intid)
{
	return intid < SPI_FIRST ? own_gicr() + GIC_FRAME : board.devices[BOARD_GICD].start;
}

void gicv3_settle(uint32_t intid)
{
	if (intid < SPI_FIRST)
		wait_clear(own_gicr() + GICR_CTLR, GICR_CTLR_RWP);
	else
		wait_clear(gicd(GICD_CTLR), CTLR_RWP);
}

const char *gicv3_refusal(void)
{
	if (sysreg_field(id_aa64pfr0_el1, 24) == 0)
		return "the CPU has no GICv3 system registers";
	sysreg_write(ICC_SRE_EL2, 7);
	isb();
	if ((sysreg_read(ICC_SRE_EL2) & 1) == 0)
		return "firmware does not allow the GIC's system registers (ICC_SRE_EL2.SRE stays 0)";
	if ((sysreg_read(ICH_VTR_EL2) >> 26 & 7) > 4)
		return "the GIC's CPU interface has more than 5 preemption bits: "
		       "only ICH_AP0R0_EL2 and ICH_AP1R0_EL2 are switched";
	return NULL;
}

void gicv3_init(void)
{
	if ((mmio_read32(gicd(GIC_PIDR2)) >> 4 & 0xf) < 3)
		panic("the interrupt controller is not a GICv3");
	mmio_write32(gicd(GICD_CTLR), 0);
	gicv3_settle(SPI_FIRST);
	irqchip_reset_shared();
	for (uint32_t i = SPI_FIRST; i < arch_irq_limit(); i += 32)
		mmio_write32(gicd(GICD_IGRPMODR) + i / 8, 0);
	/* Affinity routing first: changing it with a group enabled is UNPREDICTABLE (12.9.4). */
	mmio_write32(gicd(GICD_CTLR), CTLR_ARE);
	gicv3_settle(SPI_FIRST);
	mmio_write32(gicd(GICD_CTLR), CTLR_ARE | CTLR_GROUP1);
	gicv3_settle(SPI_FIRST);
	for (uint32_t i = SPI_FIRST; i < arch_irq_limit(); i++)
		gicv3_irq_route(i, 0);
}

/* GICR_TYPER has the affinity as one number: Aff3 to Aff0 in bits 63 to 32. */
static paddr_t find_redistributor(uint64_t mpidr)
{
	uint64_t affinity = (mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff);

	for (unsigned i = 0; i < BOARD_GICR_MAX; i++) {
		paddr_t at = board.devices[BOARD_GICR + i].start, end = at + board.devices[BOARD_GICR + i].bytes;

		while (end - at >= 2 * GIC_FRAME && at < end) {
			uint64_t typer = mmio_read64(at + GICR_TYPER);

			if (typer >> 32 == affinity)
				return at;
			if ((typer & TYPER_LAST) != 0)
				break;
			at += (typer & TYPER_VLPIS) != 0 ? 4 * GIC_FRAME : 2 * GIC_FRAME;
		}
	}
	panic("no redistributor for the CPU with MPIDR 0x%lx", mpidr);
}

void gicv3_cpu_init(unsigned cpu)
{
	paddr_t gicr = find_redistributor(board.arch.cpu_mpidr[cpu]);

	redistributor[cpu] = gicr;
	cpus[cpu].arch.sgi_target = sgi_target(board.arch.cpu_mpidr[cpu]);
	mmio_write32(gicr + GICR_WAKER, mmio_read32(gicr + GICR_WAKER) & ~(uint32_t)WAKER_SLEEP);
	wait_clear(gicr + GICR_WAKER, WAKER_ASLEEP);
	mmio_write32(gicr + GIC_FRAME + GICD_IGRPMODR, 0);
	irqchip_reset_private();
	sysreg_write(ICC_SRE_EL2, 7); /* SRE, no bypass; a guest may not switch its own off */
	isb();
	/* List registers and active priorities are loaded by the switch before ICH_HCR_EL2.En is set. */
	sysreg_write(ICH_HCR_EL2, 0);
	sysreg_write(ICH_VMCR_EL2, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 0);
	sysreg_write(ICC_CTLR_EL1, BIT(1)); /* EOImode; no common binary point */
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_PMR_EL1, 0xf0); /* above the priority of all */
	isb();
	/* An interrupt that firmware took and did not finish would keep its priority active and all others out. */
	sysreg_write(ICC_AP1R0_EL1, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

void gicv3_shut(void)
{
	sysreg_write(ICC_PMR_EL1, 0);
}

uint32_t gicv3_irq_ack(void)
{
	uint64_t intid = sysreg_read(ICC_IAR1_EL1);

	dsb(sy); /* IHI 0069 4.1.1: the acknowledge has happened before what follows */
	return (uint32_t)intid & 0xffffff;
}

void gicv3_irq_drop(uint32_t intid)
{
	sysreg_write(ICC_EOIR1_EL1, intid);
	isb();
}

void gicv3_irq_deactivate(uint32_t intid)
{
	dsb(sy); /* what was written to the device before counts first */
	sysreg_write(ICC_DIR_EL1, intid);
	isb();
}

void gicv3_irq_route(uint32_t intid, unsigned cpu)
{
	mmio_write64(gicd(GICD_IROUTER) + 8ull * intid, board.arch.cpu_mpidr[cpu] & ARCH_AFFINITY_MASK);
}

void gicv3_send_sgi(uint64_t target, unsigned intid)
{
	sysreg_write(ICC_SGI1R_EL1, target | (uint64_t)intid << SGI_INTID_SHIFT);
	isb();
}

/* ---- list registers ---- */

unsigned gicv3_vcpu_lr_count(void)
{
	return (sysreg_read(ICH_VTR_EL2) & 0x1f) + 1;
}
