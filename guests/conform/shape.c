/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other shapes of stage 1 that ID_AA64MMFR0 and ID_AA64MMFR2 promise: granules, sizes of the VA. The upper half of the
 * VA is mapped so; accesses go through it, and code that is fetched through it does accesses which a hypervisor has to
 * decode.
 */
#include "conform.h"

#define HOLE    0x0b000000ull
#define BLOCK   (1ull | 1ull << 10 | 3ull << 8 | 1ull << 54) /* Normal, inner shareable, AF, UXN */
#define TABLE   3ull
#define EPD1    (1ull << 23)
#define TCR_1   (5ull << 24 | 3ull << 28) /* write-back, inner shareable */
#define TG1_16  (1ull << 30)
#define TG1_4   (2ull << 30)
#define TG1_64  (3ull << 30)
#define ABORT   0x96000010u
#define ABORT_W 0x96000050u

static uint64_t upper[2048] __attribute__((aligned(16384)));
static uint64_t lower[2048] __attribute__((aligned(16384)));
static uint64_t datum = 0x1122334455667788;

/* Blocks of 512 MiB at level 2, which is the first one. */
static void build_64(void)
{
	for (uint64_t i = 0; i < 1024; i++)
		upper[i] = i << 29 | BLOCK;
}

/* Blocks of 32 MiB at level 2, below level 1. */
static void build_16(void)
{
	upper[0] = (uint64_t)lower | TABLE;
	for (uint64_t i = 0; i < 2048; i++)
		lower[i] = i << 25 | BLOCK;
}

/* Blocks of 1 GiB at level 1, below level 0. */
static void build_48(void)
{
	upper[0] = (uint64_t)lower | TABLE;
	for (uint64_t i = 0; i < 512; i++)
		lower[i] = i << 30 | BLOCK;
}

/* Blocks of 2 MiB at level 2, the first one, for one GiB, of which the upper half is RAM's, the lower one devices'. */
static void build_30(void)
{
	for (uint64_t i = 0; i < 512; i++)
		upper[i] = (i < 256 ? i << 21 : 0x40000000 + ((i - 256) << 21)) | BLOCK;
}

static bool has_64(void)
{
	return (READ_REG("id_aa64mmfr0_el1") >> 24 & 15) == 0;
}

static bool has_16(void)
{
	return READ_REG("id_aa64mmfr0_el1") >> 20 & 15;
}

static bool has_4(void)
{
	return (READ_REG("id_aa64mmfr0_el1") >> 28 & 15) != 15;
}

static uint64_t same(uint64_t address)
{
	return address;
}

static uint64_t folded(uint64_t address)
{
	return address < 0x40000000 ? address : address - 0x40000000 + 0x20000000;
}

static const struct shape {
	const char *name;
	bool (*has)(void);
	void (*build)(void);
	uint64_t (*place)(uint64_t address);
	uint64_t granule;
	unsigned int bits;
} shapes[] = {
    {"granule64", has_64, build_64, same, TG1_64, 39},
    {"granule16", has_16, build_16, same, TG1_16, 39},
    {"va48", has_4, build_48, same, TG1_4, 48},
    {"va30", has_4, build_30, folded, TG1_4, 30},
};

static uint64_t high(const struct shape *s, uint64_t address)
{
	return ~0ull << s->bits | s->place(address);
}

static void flush(void)
{
	__asm__ volatile("dsb sy; tlbi vmalle1; dsb sy; isb" ::: "memory");
}

static uint64_t load(const struct shape *s, uint64_t address)
{
	watchdog_on();
	uint64_t value = read_sized(high(s, address), 8);

	watchdog_off();
	return value;
}

/* LDR with write-back, fetched through the upper half. */
static uint64_t code(const struct shape *s, uint64_t address)
{
	const struct access *a = accesses;

	while (a->name[3] != '_' || a->name[4] != 'p' || a->name[5] != 'o')
		a++;
	uint64_t (*run)(uint64_t, uint64_t) = (uint64_t(*)(uint64_t, uint64_t))high(s, (uint64_t)a->run);

	watchdog_on();
	uint64_t value = run(address, 0);

	watchdog_off();
	return value;
}

static void check_shape(const struct shape *s)
{
	uint64_t router = board.gicd + 0x6140; /* GICD_IROUTER40 */

	write_sized(router, 8, 1);
	if (CHECK("shape", s->name, "load"))
		found_right(load(s, (uint64_t)&datum), datum);
	if (CHECK("shape", s->name, "load_hole"))
		found_fault(load(s, HOLE), ABORT);
	if (CHECK("shape", s->name, "store_hole")) {
		watchdog_on();
		write_sized(high(s, HOLE), 8, 0);
		watchdog_off();
		found_fault(0, ABORT_W);
	}
	if (CHECK("shape", s->name, "load_device"))
		found_right(load(s, router), 1);
	if (CHECK("shape", s->name, "code_memory"))
		found_right(code(s, (uint64_t)&datum), datum);
	if (CHECK("shape", s->name, "code_device"))
		found_right(code(s, router), 1);
	if (CHECK("shape", s->name, "code_device_through"))
		found_right(code(s, high(s, router)), 1);
	if (CHECK("shape", s->name, "code_hole"))
		found_fault(code(s, map_normal(HOLE)), ABORT);
	write_sized(router, 8, 0);
}

/* What is not promised is not tried: the bare machine may have more than is shown in a VM. */
void check_shapes(void)
{
	uint64_t tcr = READ_REG("tcr_el1");

	for (const struct shape *s = shapes; s < shapes + sizeof(shapes) / sizeof(shapes[0]); s++) {
		bool has = s->has();

		if (CHECK("shape", s->name, "promised"))
			found(has);
		if (!has)
			continue;
		s->build();
		WRITE_REG("ttbr1_el1", upper);
		WRITE_REG("tcr_el1", (tcr & ~EPD1) | TCR_1 | s->granule | (uint64_t)(64 - s->bits) << 16);
		flush();
		check_shape(s);
		WRITE_REG("tcr_el1", tcr);
		WRITE_REG("ttbr1_el1", 0);
		flush();
	}
}
