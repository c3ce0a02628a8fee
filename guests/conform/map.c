/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 1: an identity map of 39 bits. The GiB of RAM is Normal memory, the first 2 MiB of this image in pages, all
 * else Device memory. The first GiB, where devices are, is Normal memory at a second VA. Pages of `.user` may be read
 * and executed at EL0 and EL1, others at EL1 alone.
 */
#include "conform.h"

#define ENTRIES  512u
#define TABLE    3ull
#define PAGE     3ull
#define BLOCK    1ull
#define AF       (1ull << 10)
#define INNER    (3ull << 8)
#define NORMAL   (AF | INNER)
#define DEVICE   (AF | 1ull << 2 | 3ull << 53) /* MAIR index 1, never executed */
#define USER_RX  (3ull << 6)
#define UXN      (1ull << 54)
#define MAIR     0x00ffull
#define SCTLR_ON 0x30d01805ull
#define TCR      0x3519ull /* T0SZ 25, 4 KiB, write-back, inner shareable; EPD1 is added */
#define TCR_EPD1 (1ull << 23)

#define SECOND 128ull /* the GiB of the VA where the first one is again, as Normal memory */

extern char user_start[], user_end[];

static uint64_t level1[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level2[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level3[ENTRIES] __attribute__((aligned(4096)));

void map_build(void)
{
	uint64_t image = (uint64_t)image_start, gib = image >> 30 << 30;

	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t page = image + (i << 12);
		bool user = page >= (uint64_t)user_start && page < (uint64_t)user_end;

		level1[i] = i << 30 | DEVICE | BLOCK;
		level2[i] = (gib + (i << 21)) | NORMAL | UXN | BLOCK;
		level3[i] = page | NORMAL | PAGE | (user ? USER_RX : UXN);
	}
	level1[SECOND] = NORMAL | BLOCK;
	level1[gib >> 30] = (uint64_t)level2 | TABLE;
	level2[image >> 21 & (ENTRIES - 1)] = (uint64_t)level3 | TABLE;
}

uint64_t map_normal(uint64_t address)
{
	return address + (SECOND << 30);
}

void map_on(void)
{
	for (uint64_t p = (uint64_t)image_start; p < (uint64_t)image_end; p += 16)
		__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
	WRITE_REG("mair_el1", MAIR);
	WRITE_REG("tcr_el1", TCR | TCR_EPD1 | 2ull << 32);
	WRITE_REG("ttbr0_el1", level1);
	__asm__ volatile("dsb sy; isb; tlbi vmalle1; dsb sy; isb" ::: "memory");
	WRITE_REG("sctlr_el1", SCTLR_ON);
	isb();
}
