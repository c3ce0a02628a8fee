/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With the MMU off all accesses are to Device memory, so an unaligned one faults in stage 1 and never reaches the
 * hypervisor. This map lets them through: 1 GiB blocks of Normal memory, address to address, for the level-0 entries
 * that the list of addresses uses. TTBR1 is pointed anywhere by each step, so that translation table walks themselves
 * meet stage 2.
 */
#include "hostile.h"

#define ENTRIES    512
#define TABLE      3ull
#define BLOCK      (1ull | 1ull << 10 | 3ull << 8) /* AF, inner shareable, MAIR index 0, EL1 read-write-execute */
#define MAIR_WB    0xffull
#define SCTLR_ON   0x30d01805ull /* RES1, I, C, M */
#define TCR_48_BIT 0xb5103510ull /* T0SZ = T1SZ = 16, 4 KiB granules, write-back, inner shareable */

static const uint16_t mapped[] = {0, 1, 2, 4, 32, 64, 128, 256, 511};
#define MAPPED (sizeof(mapped) / sizeof(mapped[0]))

static uint64_t level0[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level1[MAPPED][ENTRIES] __attribute__((aligned(4096)));

void mmu_build(void)
{
	for (size_t i = 0; i < MAPPED; i++) {
		uint64_t base = (uint64_t)mapped[i] << 39;

		level0[mapped[i]] = (uint64_t)level1[i] | TABLE;
		for (uint64_t j = 0; j < ENTRIES; j++)
			level1[i][j] = (base + (j << 30)) | BLOCK;
	}
}

void mmu_enable(void)
{
	WRITE_REG("ttbr1_el1", 0);
	mmu_turn_on(level0, MAIR_WB, TCR_48_BIT, SCTLR_ON);
}
