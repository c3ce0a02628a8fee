/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt controller as checks find it when they begin, and single interrupts of it. */
#include "conform.h"

#define SPI_WORDS    2 /* words of 32 SPIs that the checks use */
#define GICD_CTLR    0
#define GICR_WAKER   0x14
#define WAKER_ASLEEP 6

uint64_t gic_bank(unsigned int cpu, unsigned int bank, uint32_t intid)
{
	return intid < 32 ? SGI(cpu, bank) : GICD(bank + intid / 32 * 4);
}

bool gic_bit(unsigned int cpu, unsigned int bank, uint32_t intid)
{
	return read32(gic_bank(cpu, bank, intid)) >> intid % 32 & 1;
}

void gic_set(unsigned int cpu, unsigned int bank, uint32_t intid)
{
	write32(gic_bank(cpu, bank, intid), 1u << intid % 32);
}

void gic_priority(unsigned int cpu, uint32_t intid, uint8_t priority)
{
	write_sized(intid < 32 ? SGI(cpu, BANK_IPRIORITYR + intid) : GICD(BANK_IPRIORITYR + intid), 1, priority);
}

void gic_configure(unsigned int cpu, uint32_t intid, bool edge)
{
	uint64_t at = (intid < 32 ? SGI(cpu, BANK_ICFGR) : GICD(BANK_ICFGR)) + intid / 16 * 4;
	uint32_t bit = 2u << intid % 16 * 2;

	write32(at, edge ? read32(at) | bit : read32(at) & ~bit);
}

/* Priorities and active states of the caller's CPU interface. */
static uint64_t clean_interface(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	timer_off();
	WRITE_REG("cntp_ctl_el0", 0);
	WRITE_REG("icc_ap0r0_el1", 0);
	WRITE_REG("icc_ap1r0_el1", 0);
	gic_init_cpu();
	WRITE_REG("icc_igrpen0_el1", 0);
	isb();
	return 0;
}

static void clean_words(uint64_t base)
{
	write32(base + BANK_ICENABLER, ~0u);
	write32(base + BANK_ICACTIVER, ~0u);
	write32(base + BANK_ICPENDR, ~0u);
	write32(base + BANK_IGROUPR, ~0u);
}

void gic_clean(void)
{
	static bool awake;

	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		if (!awake)
			write32(GICR(cpu, GICR_WAKER), 0);
		for (unsigned int i = 0; i < 100000 && (read32(GICR(cpu, GICR_WAKER)) & WAKER_ASLEEP); i++)
			yield();
		for (unsigned int i = 0; i < 32; i += 4)
			write32(SGI(cpu, BANK_IPRIORITYR + i), 0xa0a0a0a0);
		clean_words(SGI(cpu, 0));
		write32(SGI(cpu, BANK_ICFGR + 4), 0);
	}
	awake = true;
	for (unsigned int word = 1; word <= SPI_WORDS; word++) {
		for (unsigned int i = 0; i < 32; i += 4)
			write32(GICD(BANK_IPRIORITYR + 32 * word + i), 0xa0a0a0a0);
		clean_words(GICD(4 * word));
		write32(GICD(BANK_ICFGR + 8 * word), 0);
		write32(GICD(BANK_ICFGR + 8 * word + 4), 0);
	}
	write32(GICD(GICD_CTLR), GICD_CTLR_RIGHT);
	clean_interface(0, 0);
	other(clean_interface, 0, 0);
}
