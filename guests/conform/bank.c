/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole banks of the interrupt controller, and what is between its registers. A row of gicd.c or gicr.c looks at one
 * register by each access; here all others of its bank are checked, each with a value of its own, so that one that
 * reaches another is noticed. What is found is the offset of the first register that is not as it should be; 0: none.
 */
#include "conform.h"

#define INTIDS  1020u /* GICD_TYPER cannot say more */
#define PRIVATE 32u
#define FRAME   0x10000u

static const struct bank {
	const char *name;
	uint32_t offset, bits, mask; /* of a register of 32 bits for `bits` of each INTID: what can be written */
	uint32_t pair;               /* one of the two sets what the other clears, where it is not written as it is */
	bool clears;
} banks[] = {
    {"igroupr", BANK_IGROUPR, 1, ~0u, 0, false},
    {"isenabler", BANK_ISENABLER, 1, ~0u, BANK_ICENABLER, false},
    {"icenabler", BANK_ICENABLER, 1, ~0u, BANK_ISENABLER, true},
    {"ispendr", BANK_ISPENDR, 1, ~0u, BANK_ICPENDR, false},
    {"icpendr", BANK_ICPENDR, 1, ~0u, BANK_ISPENDR, true},
    {"isactiver", BANK_ISACTIVER, 1, ~0u, BANK_ICACTIVER, false},
    {"icactiver", BANK_ICACTIVER, 1, ~0u, BANK_ISACTIVER, true},
    {"ipriorityr", BANK_IPRIORITYR, 8, 0xf8f8f8f8, 0, false},
    {"icfgr", BANK_ICFGR, 2, 0xaaaaaaaa, 0, false},
};
#define BANKS(b) (const struct bank *b = banks; b < banks + sizeof(banks) / sizeof(banks[0]); b++)

static uint32_t intids(void)
{
	return 32 * ((read32(GICD(4)) & 31) + 1);
}

/* A value of its own for each register of a bank. */
static uint32_t own(uint32_t offset)
{
	return (offset + 1) * 0x9e3779b9u;
}

static uint32_t end_of(const struct bank *b, uint32_t count)
{
	return b->offset + count * b->bits / 8;
}

/* The first of the registers of INTIDs from `from` up to `to` that reads something else than zero. */
static uint32_t not_zero(uint64_t base, const struct bank *b, uint32_t from, uint32_t to)
{
	for (uint32_t at = end_of(b, from); at < end_of(b, to); at += 4)
		if (read32(base + at) != 0)
			return at;
	return 0;
}

/* All are written, then all are read. */
static uint32_t not_own(uint64_t base, const struct bank *b, uint32_t from, uint32_t to)
{
	uint32_t start = end_of(b, from), end = end_of(b, to), wrong = 0;
	uint64_t pair = base - b->offset + b->pair;

	for (uint32_t at = start; at < end; at += 4) {
		if (b->clears)
			write32(pair + at, ~0u);
		write32(base + at, own(at) & b->mask);
	}
	for (uint32_t at = start; at < end && !wrong; at += 4)
		if (read32(base + at) != ((b->clears ? ~own(at) : own(at)) & b->mask))
			wrong = at;
	for (uint32_t at = start; at < end; at += 4)
		write32(b->pair && !b->clears ? pair + at : base + at, b->pair ? ~0u : 0);
	return wrong;
}

/* IROUTER: 64 bits for each INTID, by both sizes. */
static uint32_t route_of(uint32_t intid)
{
	return (intid * 0x010305u & 0xffffff) | (intid & 1) << 31;
}

static uint32_t routes(unsigned int size, uint32_t from, uint32_t to, bool there)
{
	uint32_t wrong = 0;

	for (uint32_t i = from; i < to; i++)
		write_sized(GICD(GICD_IROUTER + 8 * i), size, route_of(i));
	for (uint32_t i = from; i < to && !wrong; i++)
		if (read_sized(GICD(GICD_IROUTER + 8 * i), size) != (there ? route_of(i) : 0))
			wrong = GICD_IROUTER + 8 * i;
	for (uint32_t i = from; i < to; i++)
		write_sized(GICD(GICD_IROUTER + 8 * i), size, 0);
	return wrong;
}

/* A redistributor has INTIDs 0 to 31. Registers of all but priorities are single: rows of gicr.c. */
static void check_private(const char *group, unsigned int cpu)
{
	for
		BANKS(b)
		{
			if (b->bits == 8 && CHECK(group, "bank", b->name, "written"))
				found_right(not_own(SGI(cpu, 0), b, 0, PRIVATE), 0);
			if (CHECK(group, "bank", b->name, "beyond")) {
				for (uint32_t at = end_of(b, PRIVATE); at < end_of(b, INTIDS); at += 4)
					write32(SGI(cpu, at), ~0u);
				found_right(not_zero(SGI(cpu, 0), b, PRIVATE, INTIDS), 0);
			}
		}
}

/* Registers, and what the architecture leaves to the implementation; what is between them reads as zero, and no write
 * counts (IHI 0069, 12.1.1). Message-based SPIs and LPIs are offered by neither machine. */
struct range {
	uint32_t from, to;
};
static const struct range gicd_ranges[] = {
    {0x0, 0x14}, {0x20, 0x40}, {0x80, 0xd80}, {0xe00, 0xf04}, {0xf10, 0xf30}, {0xf80, 0xa000}, {0xc000, FRAME},
};
static const struct range rd_ranges[] = {{0x0, 0x40}, {0x70, 0x80}, {0xc000, FRAME}};
static const struct range sgi_ranges[] = {
    {0x80, 0x84},   {0x100, 0x104}, {0x180, 0x184}, {0x200, 0x204}, {0x280, 0x284},  {0x300, 0x304},
    {0x380, 0x384}, {0x400, 0x420}, {0xc00, 0xc08}, {0xf80, 0xf84}, {0xc000, FRAME},
};

static uint32_t between(uint64_t base, const struct range *r)
{
	for (uint32_t at = 0; at < FRAME; at += 4) {
		if (at == r->to)
			r++;
		if (at >= r->from)
			continue;
		write32(base + at, ~0u);
		if (read32(base + at) != 0)
			return at;
	}
	return 0;
}

void reset_banks(void)
{
	for
		BANKS(b)
	if (CHECK("gicd", "bank", b->name, "reset"))
		found_right(not_zero(GICD(0), b, PRIVATE, intids()), 0);
}

static void check_shared(const struct bank *b)
{
	if (CHECK("gicd", "bank", b->name, "written"))
		found_right(not_own(GICD(0), b, PRIVATE, intids()), 0);
	if (CHECK("gicd", "bank", b->name, "beyond")) {
		for (uint32_t at = end_of(b, intids()); at < end_of(b, INTIDS); at += 4)
			write32(GICD(at), ~0u);
		found_right(not_zero(GICD(0), b, intids(), INTIDS), 0);
	}
}

void check_banks(void)
{
	for
		BANKS(b)
	check_shared(b);
	if (CHECK("gicd", "bank", "irouter", "w32"))
		found_right(routes(4, PRIVATE, intids(), true), 0);
	if (CHECK("gicd", "bank", "irouter", "w64"))
		found_right(routes(8, PRIVATE, intids(), true), 0);
	if (CHECK("gicd", "bank", "irouter", "beyond"))
		found_right(routes(8, intids(), INTIDS, false), 0);
	check_private("gicr0", 0);
	check_private("gicr1", 1);
	if (CHECK("gicd", "between"))
		found_right(between(GICD(0), gicd_ranges), 0);
	if (CHECK("gicr0", "between"))
		found_right(between(GICR(0, 0), rd_ranges), 0);
	if (CHECK("gicr0", "between_sgi"))
		found_right(between(SGI(0, 0), sgi_ranges), 0);
	if (CHECK("gicr1", "between"))
		found_right(between(GICR(1, 0), rd_ranges), 0);
	if (CHECK("gicr1", "between_sgi"))
		found_right(between(SGI(1, 0), sgi_ranges), 0);
	gic_clean();
}
