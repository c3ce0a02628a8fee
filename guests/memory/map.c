/* SPDX-License-Identifier: Apache-2.0 */
/* Translation tables of any granule and size, from a pool. */
#include "memory.h"

#define POOL       24
#define TABLE_MAX  65536ull
#define DESC_TABLE 3ull
#define DESC_BLOCK 1ull
#define AF         (1ull << 10)
#define INNER      (3ull << 8)
#define IMAGE      0x80000000ull
#define MAIR       0x00ffull
#define SCTLR_ON   0x30d05805ull /* DC ZVA at EL0, too */
#define SCTLR_OFF  0x30d01800ull
#define TCR_WALKS  0x1500ull /* write-back, and, without DS, inner shareable */
#define TCR_SH     0x2000ull
#define TCR_DS     (1ull << 59)
#define TCR_EPD1   (1ull << 23)

static uint8_t pool[POOL][TABLE_MAX] __attribute__((aligned(65536)));
static unsigned int used;

bool granule_there(unsigned int granule)
{
	uint64_t mmfr0 = READ_REG("id_aa64mmfr0_el1");

	if (granule == 14)
		return (mmfr0 >> 20 & 15) != 0;
	return (mmfr0 >> (granule == 12 ? 28 : 24) & 15) != 15;
}

void map_reset(void)
{
	used = 0;
}

static uint64_t table_new(uint64_t bytes)
{
	uint64_t *table = (uint64_t *)pool[used % POOL];

	if (used++ >= POOL)
		check("tables", used, POOL, 0);
	for (uint64_t i = 0; i < bytes / 8; i++)
		table[i] = 0;
	return (uint64_t)table;
}

struct map map_new(unsigned int granule, unsigned int bits, bool ds)
{
	return (struct map){granule, bits, table_new(1ull << granule), ds};
}

int map_first_level(const struct map *m)
{
	return 3 - (int)((m->bits - m->granule - 1) / (m->granule - 3));
}

uint64_t *map_entry(struct map *m, uint64_t va, int level)
{
	unsigned int stride = m->granule - 3;
	uint64_t *table = (uint64_t *)m->root;

	va &= (1ull << m->bits) - 1;
	for (int at = map_first_level(m);; at++) {
		unsigned int shift = m->granule + stride * (unsigned int)(3 - at);
		uint64_t *entry = &table[va >> shift & ((1ull << stride) - 1)];

		if (at == level)
			return entry;
		if (!*entry)
			*entry = table_new(1ull << m->granule) | DESC_TABLE;
		table = (uint64_t *)(*entry & 0x0000fffffffff000ull);
	}
}

void map_set(struct map *m, uint64_t va, uint64_t pa, uint64_t attributes, int level)
{
	uint64_t desc = pa | (attributes & ~MAP_IDLE) | (attributes & MAP_IDLE ? 0 : AF) | (m->ds ? 0 : INNER);

	*map_entry(m, va, level) = desc | (level == 3 ? DESC_TABLE : DESC_BLOCK);
}

static void map_device(struct map *m, uint64_t pa, uint64_t bytes)
{
	for (uint64_t at = pa; at < pa + bytes; at += 1ull << m->granule)
		map_set(m, at, at & ~((1ull << m->granule) - 1), MAP_DEVICE | MAP_USER, 3);
}

struct map map_identity(unsigned int granule, bool ds)
{
	struct map m = map_new(granule, granule == 14 ? 40 : 39, ds);
	uint64_t block = 1ull << (2 * granule - 3);

	for (uint64_t at = IMAGE; at < RAM_END; at += block)
		map_set(&m, at, at, 0, 2);
	map_device(&m, board.uart, 4096);
	map_device(&m, board.gicd, 0x10000);
	map_device(&m, board.gicr, 0x40000);
	code_address = WINDOW - (1ull << granule);
	map_set(&m, code_address, (uint64_t)code, MAP_USER | MAP_READONLY, 3);
	return m;
}

static uint64_t fields(const struct map *m, bool upper)
{
	uint64_t granules = upper ? (m->granule == 12   ? 2
				     : m->granule == 14 ? 1
							: 3)
				  : (m->granule == 12   ? 0
				     : m->granule == 14 ? 2
							: 1);

	return (64 - m->bits) | TCR_WALKS | (m->ds ? 0 : TCR_SH) | granules << 14;
}

static void clean(void)
{
	for (uint64_t p = (uint64_t)image_start; p < (uint64_t)image_end; p += 64)
		__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
}

void map_on(const struct map *lower, const struct map *upper, uint64_t tcr)
{
	static bool cleaned;

	if (!cleaned)
		clean();
	cleaned = true;
	tcr |= fields(lower, false) | (upper ? fields(upper, true) << 16 : TCR_EPD1) | (lower->ds ? TCR_DS : 0);
	WRITE_REG("mair_el1", MAIR);
	WRITE_REG("tcr_el1", tcr);
	WRITE_REG("ttbr0_el1", lower->root);
	WRITE_REG("ttbr1_el1", upper ? upper->root : 0);
	__asm__ volatile("dsb sy; isb; tlbi vmalle1; dsb sy; isb" ::: "memory");
	WRITE_REG("sctlr_el1", SCTLR_ON);
	__asm__ volatile("isb" ::: "memory");
}

void map_off(void)
{
	WRITE_REG("sctlr_el1", SCTLR_OFF);
	__asm__ volatile("isb; tlbi vmalle1; dsb sy; isb" ::: "memory");
	code_address = (uint64_t)code;
}
