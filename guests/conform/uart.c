/* SPDX-License-Identifier: Apache-2.0 */
/* A PL011 (Arm DDI 0183): its registers, and its transmit interrupt as an SPI that follows a line. */
#include "conform.h"

#define DR    0x00
#define RSR   0x04
#define FR    0x18
#define IBRD  0x24
#define FBRD  0x28
#define LCRH  0x2c
#define CR    0x30
#define IFLS  0x34
#define IMSC  0x38
#define RIS   0x3c
#define MIS   0x40
#define ICR   0x44
#define DMACR 0x48
#define TX    0x20u /* of IMSC, RIS, MIS, ICR */
#define ALL   0x7ffu
#define INTID 33

static uint64_t at(uint32_t offset)
{
	return board.uart + offset;
}

static const struct reg {
	const char *name;
	uint32_t offset;
	bool written;
	uint32_t value, right; /* what is written, and what is read then; or, if nothing is, what is read */
} registers[] = {
    {"ibrd", IBRD, true, 0x1234, 0x1234},  {"fbrd", FBRD, true, 0x15, 0x15},
    {"ifls", IFLS, true, 0x12, 0x12},      {"imsc", IMSC, true, 0x50, 0x50},
    {"imsc_zero", IMSC, true, 0, 0},       {"lcrh", LCRH, true, 0x70, 0x70},
    {"cr", CR, true, 0x301, 0x301},        {"rsr", RSR, false, 0, 0},
    {"dmacr", DMACR, false, 0, 0},         {"mis", MIS, false, 0, 0},
    {"periph_id0", 0xfe0, false, 0, 0x11}, {"periph_id1", 0xfe4, false, 0, 0x10},
    {"periph_id2", 0xfe8, false, 0, 0x14}, {"periph_id3", 0xfec, false, 0, 0},
    {"cell_id0", 0xff0, false, 0, 0x0d},   {"cell_id1", 0xff4, false, 0, 0xf0},
    {"cell_id2", 0xff8, false, 0, 0x05},   {"cell_id3", 0xffc, false, 0, 0xb1},
};

static void check_registers(void)
{
	for (const struct reg *r = registers; r < registers + sizeof(registers) / sizeof(registers[0]); r++) {
		if (!CHECK("uart", r->name))
			continue;
		uint32_t before = read32(at(r->offset));

		if (r->written)
			write32(at(r->offset), r->value);
		uint32_t value = read32(at(r->offset));

		if (r->written)
			write32(at(r->offset), before);
		found_right(value, r->right);
	}
	if (CHECK("uart", "idle"))
		found_right(read32(at(FR)) & 0x18, 0x10); /* receive FIFO empty, not busy */
}

/* The line goes up once a character has left; nobody sees this one. */
static void raise(void)
{
	write32(at(ICR), ALL);
	write32(at(DR), '\r');
	while (in_time() && !(read32(at(RIS)) & TX))
		yield();
	write32(at(IMSC), TX);
	dsb();
	pause_us(20);
}

static void lower(void)
{
	write32(at(ICR), TX);
	dsb();
	pause_us(20);
}

static void quiet(void)
{
	write32(at(IMSC), 0);
	write32(at(ICR), ALL);
	gic_clean();
}

static void ready(bool edge)
{
	gic_configure(0, INTID, edge);
	gic_set(0, BANK_ISENABLER, INTID);
}

static uint64_t state(void)
{
	return gic_bit(0, BANK_ISPENDR, INTID) | (uint64_t)gic_bit(0, BANK_ISACTIVER, INTID) << 1;
}

static uint64_t acknowledge(void)
{
	return READ_REG("icc_iar1_el1") << 8;
}

static void complete(void)
{
	WRITE_REG("icc_eoir1_el1", INTID);
	isb();
	pause_us(20);
}

#define TAKEN ((uint64_t)INTID << 8)
#define NONE  (1023ull << 8)

static uint64_t level_high(void)
{
	return state();
}

static uint64_t level_low(void)
{
	lower();
	return state();
}

static uint64_t masked(void)
{
	write32(at(IMSC), 0);
	pause_us(20);
	return state();
}

static uint64_t taken(void)
{
	return acknowledge() | state();
}

static uint64_t taken_and_low(void)
{
	uint64_t seen = acknowledge();

	lower();
	return seen | state();
}

static uint64_t completed_high(void)
{
	(void)acknowledge();
	complete();
	return acknowledge() | state();
}

static uint64_t completed_low(void)
{
	(void)acknowledge();
	lower();
	complete();
	return acknowledge() | state();
}

static uint64_t cleared_high(void)
{
	gic_set(0, BANK_ICPENDR, INTID);
	return state();
}

static uint64_t set_then_low(void)
{
	gic_set(0, BANK_ISPENDR, INTID);
	lower();
	return state();
}

static const struct step {
	const char *name;
	bool edge;
	uint64_t (*look)(void);
	uint64_t right;
} steps[] = {
    {"level_high", false, level_high, 1},
    {"level_low", false, level_low, 0},
    {"level_masked", false, masked, 0},
    {"level_taken", false, taken, TAKEN | 3},
    {"level_taken_and_low", false, taken_and_low, TAKEN | 2},
    {"level_completed_high", false, completed_high, TAKEN | 3},
    {"level_completed_low", false, completed_low, NONE},
    {"level_cleared_high", false, cleared_high, 1},
    {"level_set_then_low", false, set_then_low, 1},
    {"edge_high", true, level_high, 1},
    {"edge_low", true, level_low, 1},
    {"edge_taken", true, taken, TAKEN | 2},
    {"edge_completed_high", true, completed_high, NONE},
    {"edge_cleared_high", true, cleared_high, 0},
};

static void check_line(void)
{
	for (const struct step *s = steps; s < steps + sizeof(steps) / sizeof(steps[0]); s++) {
		if (!CHECK("uart", "line", s->name))
			continue;
		ready(s->edge);
		raise();
		uint64_t value = s->look();

		found_right(value, s->right);
		quiet();
	}
}

void check_uart(void)
{
	check_registers();
	check_line();
}
