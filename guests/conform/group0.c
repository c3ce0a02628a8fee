/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and what enables them: GICD_CTLR, GICR_IGROUPR0, ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1 (IHI 0069, 4.6, 4.8). */
#include "conform.h"

#define DS_ARE  0x50u
#define GROUP_0 1u
#define GROUP_1 2u
#define ISR_IRQ 0x80u
#define ISR_FIQ 0x40u
#define TESTED  3 /* an SGI */
#define SHARED  42

/* Which groups the distributor and the CPU interface let through, and the interrupt's own. */
static const struct gate {
	const char *name;
	uint32_t distributor, interface, group;
} gates[] = {
    {"g1_all", GROUP_0 | GROUP_1, GROUP_0 | GROUP_1, 1},
    {"g1_only", GROUP_1, GROUP_1, 1},
    {"g1_no_distributor", GROUP_0, GROUP_0 | GROUP_1, 1},
    {"g1_no_interface", GROUP_0 | GROUP_1, GROUP_0, 1},
    {"g1_none", 0, 0, 1},
    {"g0_all", GROUP_0 | GROUP_1, GROUP_0 | GROUP_1, 0},
    {"g0_only", GROUP_0, GROUP_0, 0},
    {"g0_no_distributor", GROUP_1, GROUP_0 | GROUP_1, 0},
    {"g0_no_interface", GROUP_0 | GROUP_1, GROUP_1, 0},
    {"g0_none", 0, 0, 0},
};

static void open_gates(const struct gate *g, uint32_t intid)
{
	uint64_t at = gic_bank(0, BANK_IGROUPR, intid);

	write32(board.gicd, DS_ARE | g->distributor);
	WRITE_REG("icc_igrpen0_el1", g->interface & GROUP_0 ? 1 : 0);
	WRITE_REG("icc_igrpen1_el1", g->interface & GROUP_1 ? 1 : 0);
	isb();
	write32(at, g->group ? read32(at) | 1u << intid % 32 : read32(at) & ~(1u << intid % 32));
	gic_set(0, BANK_ISENABLER, intid);
	gic_set(0, BANK_ISPENDR, intid);
	dsb();
	pause_us(20);
}

static uint64_t look(void)
{
	return (READ_REG("isr_el1") & (ISR_IRQ | ISR_FIQ)) << 32 | READ_REG("icc_hppir0_el1") << 16 |
	       READ_REG("icc_hppir1_el1");
}

static uint64_t right(const struct gate *g, uint32_t intid)
{
	uint32_t mask = g->group ? GROUP_1 : GROUP_0;
	bool open = (g->distributor & mask) && (g->interface & mask);
	uint64_t signal = !open ? 0 : g->group ? ISR_IRQ : ISR_FIQ;
	uint64_t zero = open && !g->group ? intid : 1023, one = open && g->group ? intid : 1023;

	return signal << 32 | zero << 16 | one;
}

static void check_gates(const char *kind, uint32_t intid)
{
	for (const struct gate *g = gates; g < gates + sizeof(gates) / sizeof(gates[0]); g++) {
		if (!CHECK("group", kind, g->name))
			continue;
		open_gates(g, intid);
		found_right(look(), right(g, intid));
		gic_clean();
	}
}

/* A Group 0 interrupt comes as FIQ, by the registers of Group 0. */
static void check_fiq(const char *kind, uint32_t intid)
{
	static const struct gate open = {"", GROUP_0 | GROUP_1, GROUP_0 | GROUP_1, 0};

	if (!CHECK("group", kind, "fiq_taken"))
		return;
	open_gates(&open, intid);
	__asm__ volatile("msr daifclr, #1" ::: "memory");
	pause_us(100);
	__asm__ volatile("msr daifset, #1" ::: "memory");
	found_right((uint64_t)takens[0].fiq << 16 | takens[0].intid, 1u << 16 | intid);
	gic_clean();
}

/* SGIs by the registers of each group: with one security state each sends only to interrupts of its own group. */
static void check_senders(void)
{
	static const char *const names[2][3] = {{"sgi1r_to_g0", "asgi1r_to_g0", "sgi0r_to_g0"},
						{"sgi1r_to_g1", "asgi1r_to_g1", "sgi0r_to_g1"}};

	for (unsigned int group = 0; group < 2; group++) {
		for (unsigned int by = 0; by < 3; by++) {
			uint64_t value = (uint64_t)TESTED << 24 | 1;

			if (!CHECK("group", "sender", names[group][by]))
				continue;
			write32(SGI(0, BANK_IGROUPR), group ? ~0u : ~(1u << TESTED));
			if (by == 0)
				WRITE_REG("icc_sgi1r_el1", value);
			else if (by == 1)
				WRITE_REG("icc_asgi1r_el1", value);
			else
				WRITE_REG("icc_sgi0r_el1", value);
			isb();
			pause_us(20);
			found(gic_bit(0, BANK_ISPENDR, TESTED));
			gic_clean();
		}
	}
}

void check_group0(void)
{
	check_gates("sgi", TESTED);
	check_gates("ppi", 20);
	check_gates("spi", SHARED);
	check_fiq("sgi", TESTED);
	check_fiq("spi", SHARED);
	check_senders();
}
