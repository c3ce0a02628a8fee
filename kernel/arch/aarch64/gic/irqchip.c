/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of the board: what GICv2 and GICv3 (Arm IHI 0048 and 0069) have alike in their distributors. The caller of
 * the functions that change an SPI holds the kernel lock; those for private interrupts act on their own CPU.
 */
#include "irqchip.h"
#include "cpu.h"

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

#define PRIORITY  0xa0a0a0a0
#define SPI_LIMIT 1020u

#define OWN_PRIVATE \
	(BIT(IPI_KICK) | BIT(IPI_STOP) | BIT(ARCH_IRQ_MAINTENANCE) | BIT(ARCH_IRQ_TIMER) | BIT(ARCH_IRQ_VTIMER))

static uint32_t limit;

/* clang-format off */
#define X(type, name, parameters, arguments) type arch_##name parameters { return IRQCHIP_CALL(name, arguments); }
/* clang-format on */
IRQCHIP_ARCH(X)
#undef X

static void write_bit(uint32_t offset, uint32_t intid)
{
	mmio_write32(irqchip_frame(intid) + offset + intid / 32 * 4, (uint32_t)BIT(intid % 32));
}

static bool read_bit(uint32_t offset, uint32_t intid)
{
	return mmio_read32(irqchip_frame(intid) + offset + intid / 32 * 4) & BIT(intid % 32);
}

static void reset(uint32_t first, uint32_t end)
{
	paddr_t frame = irqchip_frame(first);

	for (uint32_t i = first; i < end; i += 32)
		mmio_write32(frame + GICD_ICENABLER + i / 8, 0xffffffff);
	irqchip_settle(first);
	for (uint32_t i = first; i < end; i += 32) {
		mmio_write32(frame + GICD_ICPENDR + i / 8, 0xffffffff);
		mmio_write32(frame + GICD_ICACTIVER + i / 8, 0xffffffff);
		mmio_write32(frame + GICD_IGROUPR + i / 8, 0xffffffff);
	}
	for (uint32_t i = first; i < end; i += 4)
		mmio_write32(frame + GICD_IPRIORITYR + i, PRIORITY);
	for (uint32_t i = first < 16 ? 16 : first; i < end; i += 16) /* SGIs have no choice */
		mmio_write32(frame + GICD_ICFGR + i / 4, 0);
}

void irqchip_reset_shared(void)
{
	limit = 32 * ((mmio_read32(board.devices[BOARD_GICD].start + GICD_TYPER) & 0x1f) + 1);
	limit = limit > SPI_LIMIT ? SPI_LIMIT : limit;
	reset(SPI_FIRST, limit);
}

void irqchip_reset_private(void)
{
	reset(0, SPI_FIRST);
	mmio_write32(irqchip_frame(0) + GICD_ISENABLER, (uint32_t)OWN_PRIVATE);
	irqchip_settle(0);
}

uint32_t arch_irq_limit(void)
{
	return limit;
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
	irqchip_settle(intid);
}

/* Only while it is disabled (IHI 0069 12.9.7). */
void arch_irq_set_edge(uint32_t intid, bool edge)
{
	paddr_t at = irqchip_frame(intid) + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = (uint32_t)BIT(intid % 16 * 2 + 1), value = mmio_read32(at);

	mmio_write32(at, edge ? value | bit : value & ~bit);
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
	write_bit(active ? GICD_ISACTIVER : GICD_ICACTIVER, ppi);
	(void)read_bit(GICD_ISACTIVER, ppi); /* the state has changed before the caller enters the guest */
	dsb(sy);
}

void arch_ipi_send(unsigned cpu, unsigned sgi)
{
	dsb(ishst); /* the other CPU sees what it is called for */
	irqchip_send_sgi(cpu_at(cpu)->arch.sgi_target, sgi);
}

void arch_ipi_kick_running(const struct cpu *c, const struct thread *t)
{
	dsb(ish); /* as above, and what it runs is read after that */
	if (likely(__atomic_load_n(&c->current, __ATOMIC_RELAXED) == t))
		irqchip_send_sgi(c->arch.sgi_target, IPI_KICK);
}
