/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 (Arm IHI 0069). All physical interrupts are in group 1 and have one priority, because the kernel takes them
 * only while a process or a guest runs, one at a time. Priority drop and deactivation are separate (EOImode 1). The
 * caller of the functions that change an SPI holds the kernel lock; those for private interrupts act on their own CPU.
 */
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/sysreg.h"
#include "irqchip.h"
#include "panic.h"
#include "sgi.h"

#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ISPENDR    0x0200
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR      0x0c00
#define GICD_IGRPMODR   0x0d00
#define GICD_IROUTER    0x6000
#define GIC_PIDR2       0xffe8 /* of the distributor and of each redistributor */

#define CTLR_RWP    BIT(31)
#define CTLR_GROUP1 BIT(1)
#define CTLR_ARE    BIT(4)

/* A redistributor: two frames of 64 KiB, four with GICv4. Its second frame has the distributor's layout. */
#define GICR_CTLR       0x0000
#define GICR_CTLR_RWP   BIT(3)
#define GICR_TYPER      0x0008
#define TYPER_VLPIS     BIT(1)
#define TYPER_LAST      BIT(4)
#define GICR_WAKER      0x0014
#define WAKER_SLEEP     BIT(1)
#define WAKER_ASLEEP    BIT(2)
#define GICR_SGI        0x10000
#define GICR_ISACTIVER0 (GICR_SGI + GICD_ISACTIVER)

#define PRIORITY      0xa0
#define PRIORITY_MASK 0xf0
#define SPI_FIRST     32u
#define SPI_LIMIT     1020u
#define WAIT_MAX      1000000u

#define OWN_PRIVATE \
	(BIT(IPI_KICK) | BIT(IPI_STOP) | BIT(ARCH_IRQ_MAINTENANCE) | BIT(ARCH_IRQ_TIMER) | BIT(ARCH_IRQ_VTIMER))

static paddr_t redistributor[CPU_MAX];
static uint32_t limit;

/* Waits until the bits of a register are 0. A GIC that never gets there is broken hardware. */
static void wait_clear(paddr_t at, uint64_t bits)
{
	for (unsigned i = 0; i < WAIT_MAX; i++) {
		if ((mmio_read32(at) & bits) == 0)
			return;
		arch_cpu_relax();
	}
	panic("the GIC does not answer: register 0x%lx, bits 0x%lx", at, bits);
}

static paddr_t gicd(uint32_t offset)
{
	return board.gicd.start + offset;
}

static paddr_t own_gicr(void)
{
	return redistributor[((struct cpu *)sysreg_read(tpidr_el2))->id];
}

/* The frame that holds an interrupt's bits: the redistributor's for those below 32, with the same offsets. */
static paddr_t frame_of(uint32_t intid)
{
	return intid < SPI_FIRST ? own_gicr() + GICR_SGI : board.gicd.start;
}

static void write_bit(uint32_t offset, uint32_t intid)
{
	mmio_write32(frame_of(intid) + offset + intid / 32 * 4, (uint32_t)BIT(intid % 32));
}

const char *irqchip_refusal(void)
{
	if (sysreg_field(id_aa64pfr0_el1, 24) == 0)
		return "the CPU has no GICv3 system registers";
	sysreg_write(ICC_SRE_EL2, 7);
	isb();
	if ((sysreg_read(ICC_SRE_EL2) & 1) == 0)
		return "firmware does not allow the GIC's system registers (ICC_SRE_EL2.SRE stays 0)";
	if ((sysreg_read(ICH_VTR_EL2) >> 26 & 7) > 4)
		return "the GIC's CPU interface has more than 5 preemption bits: only ICH_AP0R0_EL2 and ICH_AP1R0_EL2 "
		       "are "
		       "switched";
	return NULL;
}

void irqchip_init(void)
{
	if ((mmio_read32(gicd(GIC_PIDR2)) >> 4 & 0xf) < 3)
		panic("the interrupt controller is not a GICv3");
	mmio_write32(gicd(GICD_CTLR), 0);
	wait_clear(gicd(GICD_CTLR), CTLR_RWP);
	limit = 32 * ((mmio_read32(gicd(GICD_TYPER)) & 0x1f) + 1);
	limit = limit > SPI_LIMIT ? SPI_LIMIT : limit;
	for (uint32_t i = SPI_FIRST; i < limit; i += 32) {
		mmio_write32(gicd(GICD_ICENABLER) + i / 8, 0xffffffff);
		mmio_write32(gicd(GICD_ICPENDR) + i / 8, 0xffffffff);
		mmio_write32(gicd(GICD_ICACTIVER) + i / 8, 0xffffffff);
		mmio_write32(gicd(GICD_IGROUPR) + i / 8, 0xffffffff);
		mmio_write32(gicd(GICD_IGRPMODR) + i / 8, 0);
	}
	for (uint32_t i = SPI_FIRST; i < limit; i += 4)
		mmio_write32(gicd(GICD_IPRIORITYR) + i, PRIORITY * 0x01010101u);
	for (uint32_t i = SPI_FIRST; i < limit; i += 16)
		mmio_write32(gicd(GICD_ICFGR) + i / 4, 0);
	wait_clear(gicd(GICD_CTLR), CTLR_RWP);
	/* Affinity routing first: changing it with a group enabled is UNPREDICTABLE (12.9.4). */
	mmio_write32(gicd(GICD_CTLR), CTLR_ARE);
	wait_clear(gicd(GICD_CTLR), CTLR_RWP);
	mmio_write32(gicd(GICD_CTLR), CTLR_ARE | CTLR_GROUP1);
	wait_clear(gicd(GICD_CTLR), CTLR_RWP);
	for (uint32_t i = SPI_FIRST; i < limit; i++)
		arch_irq_route(i, 0);
}

/* GICR_TYPER has the affinity as one number: Aff3 to Aff0 in bits 63 to 32. */
static paddr_t find_redistributor(uint64_t mpidr)
{
	uint64_t affinity = (mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff);

	for (unsigned i = 0; i < board.gicr_count; i++) {
		paddr_t at = board.gicr[i].start, end = at + board.gicr[i].bytes;

		while (end - at >= 0x20000 && at < end) {
			uint64_t typer = mmio_read64(at + GICR_TYPER);

			if (typer >> 32 == affinity)
				return at;
			if ((typer & TYPER_LAST) != 0)
				break;
			at += (typer & TYPER_VLPIS) != 0 ? 0x40000 : 0x20000;
		}
	}
	panic("no redistributor for the CPU with MPIDR 0x%lx", mpidr);
}

static void init_redistributor(paddr_t at)
{
	paddr_t sgi = at + GICR_SGI;

	mmio_write32(at + GICR_WAKER, mmio_read32(at + GICR_WAKER) & ~(uint32_t)WAKER_SLEEP);
	wait_clear(at + GICR_WAKER, WAKER_ASLEEP);
	mmio_write32(sgi + GICD_ICENABLER, 0xffffffff);
	wait_clear(at + GICR_CTLR, GICR_CTLR_RWP);
	mmio_write32(sgi + GICD_ICPENDR, 0xffffffff);
	mmio_write32(sgi + GICD_ICACTIVER, 0xffffffff);
	mmio_write32(sgi + GICD_IGROUPR, 0xffffffff);
	mmio_write32(sgi + GICD_IGRPMODR, 0);
	for (uint32_t i = 0; i < SPI_FIRST; i += 4)
		mmio_write32(sgi + GICD_IPRIORITYR + i, PRIORITY * 0x01010101u);
	mmio_write32(sgi + GICD_ICFGR + 4, 0);
	mmio_write32(sgi + GICD_ISENABLER, (uint32_t)OWN_PRIVATE);
	wait_clear(at + GICR_CTLR, GICR_CTLR_RWP);
}

static void clear_list_registers(void)
{
	sysreg_write(ICH_HCR_EL2, 0);
	sysreg_write(ICH_VMCR_EL2, 0);
	/* List registers and active priorities are loaded by the switch before ICH_HCR_EL2.En is set. */
}

void irqchip_cpu_init(unsigned cpu)
{
	cpus[cpu].sgi_target = sgi_target(board.cpu_mpidr[cpu]);
	redistributor[cpu] = find_redistributor(board.cpu_mpidr[cpu]);
	init_redistributor(redistributor[cpu]);
	sysreg_write(ICC_SRE_EL2, 7); /* SRE, no bypass; a guest may not switch its own off */
	isb();
	clear_list_registers();
	sysreg_write(ICC_IGRPEN1_EL1, 0);
	sysreg_write(ICC_CTLR_EL1, BIT(1)); /* EOImode; no common binary point */
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_PMR_EL1, PRIORITY_MASK);
	isb();
	/* An interrupt that firmware took and did not finish would keep its priority active and all others out. */
	sysreg_write(ICC_AP1R0_EL1, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

void irqchip_shut(void)
{
	sysreg_write(ICC_PMR_EL1, 0);
}

uint32_t arch_irq_ack(void)
{
	uint64_t intid = sysreg_read(ICC_IAR1_EL1);

	dsb(sy); /* IHI 0069 4.1.1: the acknowledge has happened before what follows */
	return (uint32_t)intid & 0xffffff;
}

void arch_irq_drop(uint32_t intid)
{
	sysreg_write(ICC_EOIR1_EL1, intid);
	isb();
}

void arch_irq_deactivate(uint32_t intid)
{
	dsb(sy); /* what was written to the device before counts first */
	sysreg_write(ICC_DIR_EL1, intid);
	isb();
}

void arch_irq_route(uint32_t intid, unsigned cpu)
{
	mmio_write64(gicd(GICD_IROUTER) + 8ull * intid, board.cpu_mpidr[cpu] & ARCH_AFFINITY_MASK);
}

void arch_irq_enable(uint32_t intid, unsigned cpu)
{
	if (intid >= SPI_FIRST)
		arch_irq_route(intid, cpu);
	write_bit(GICD_ISENABLER, intid);
}

void arch_irq_disable(uint32_t intid)
{
	write_bit(GICD_ICENABLER, intid);
	if (intid < SPI_FIRST)
		wait_clear(own_gicr() + GICR_CTLR, GICR_CTLR_RWP);
	else
		wait_clear(gicd(GICD_CTLR), CTLR_RWP);
}

/* Only while it is disabled (IHI 0069 12.9.7). */
void arch_irq_set_edge(uint32_t intid, bool edge)
{
	paddr_t at = frame_of(intid) + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = (uint32_t)BIT(intid % 16 * 2 + 1), value = mmio_read32(at);

	mmio_write32(at, edge ? value | bit : value & ~bit);
}

static bool read_bit(uint32_t offset, uint32_t intid)
{
	return mmio_read32(frame_of(intid) + offset + intid / 32 * 4) & BIT(intid % 32);
}

void arch_irq_set_pending(uint32_t spi, bool pending)
{
	write_bit(pending ? GICD_ISPENDR : GICD_ICPENDR, spi);
}

bool arch_irq_is_pending(uint32_t spi)
{
	return read_bit(GICD_ISPENDR, spi);
}

bool arch_irq_is_active(uint32_t spi)
{
	return read_bit(GICD_ISACTIVER, spi);
}

void arch_irq_clear(uint32_t intid)
{
	write_bit(GICD_ICPENDR, intid);
	write_bit(GICD_ICACTIVER, intid);
}

void irqchip_set_active(uint32_t ppi, bool active)
{
	mmio_write32(own_gicr() + (active ? GICR_ISACTIVER0 : GICR_SGI + GICD_ICACTIVER), (uint32_t)BIT(ppi));
	/* Read back: the state has changed before the caller enters the guest. */
	(void)mmio_read32(own_gicr() + GICR_ISACTIVER0);
	dsb(sy);
}

void arch_ipi_send(unsigned cpu, unsigned sgi)
{
	dsb(ishst); /* the other CPU sees what it is called for */
	sysreg_write(ICC_SGI1R_EL1, cpus[cpu].sgi_target | (uint64_t)sgi << 24);
	isb();
}

void arch_ipi_kick_running(const struct cpu *c, const struct thread *t)
{
	dsb(ish); /* as above, and what it runs is read after that */
	if (__atomic_load_n(&c->current, __ATOMIC_RELAXED) != t)
		return;
	sysreg_write(ICC_SGI1R_EL1, c->sgi_target | (uint64_t)IPI_KICK << 24);
	isb();
}

uint32_t arch_irq_limit(void)
{
	return limit;
}

/* ---- list registers ---- */

unsigned arch_vcpu_lr_count(void)
{
	return (sysreg_read(ICH_VTR_EL2) & 0x1f) + 1;
}

/* clang-format off */
#define LR_EACH(X) \
	X(0, c12, 0) X(1, c12, 1) X(2, c12, 2) X(3, c12, 3) X(4, c12, 4) X(5, c12, 5) X(6, c12, 6) X(7, c12, 7) \
	X(8, c13, 0) X(9, c13, 1) X(10, c13, 2) X(11, c13, 3) X(12, c13, 4) X(13, c13, 5) X(14, c13, 6) X(15, c13, 7)
/* clang-format on */

/* ICH_LR<n>_EL2 is S3_4_C12_C12_<n>, then S3_4_C12_C13_<n - 8>. */
uint64_t irqchip_lr_read(unsigned n)
{
	switch (n) {
#define X(i, crm, op2) \
	case i: return sysreg_read(s3_4_c12_##crm##_##op2);
		LR_EACH(X)
#undef X
	default: return 0;
	}
}

void irqchip_lr_write(unsigned n, uint64_t value)
{
	switch (n) {
#define X(i, crm, op2) \
	case i: sysreg_write(s3_4_c12_##crm##_##op2, value); break;
		LR_EACH(X)
#undef X
	default: break;
	}
}
