/* SPDX-License-Identifier: Apache-2.0 */
/* A map of 512 GiB, address to address, in blocks of 1 GiB: where this program lies it is memory, else devices. */
#include "patterns.h"

#define ENTRIES 512
#define GIB     30
#define BLOCK   (1ull | 1ull << 10)              /* AF, EL1 may do all */
#define MEMORY  (BLOCK | 3ull << 8)              /* inner shareable, MAIR index 0 */
#define DEVICE  (BLOCK | 1ull << 2 | 3ull << 53) /* MAIR index 1, never executed */
#define MAIR    0x04ffull                        /* write-back; Device-nGnRE */
#define TCR_39_BIT \
	(25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23) /* write-back, inner shareable, no TTBR1 */
#define SCTLR_LINUX \
	0x34f4d91dull /* as Linux 6.1 has it on these CPUs: M, C, I, SA, SA0, DZE, UCT, nTWE, UCI, SPAN... */

static uint64_t table[ENTRIES] __attribute__((aligned(4096)));

void mmu_build(void)
{
	for (uint64_t i = 0; i < ENTRIES; i++)
		table[i] = i << GIB | (i == (uint64_t)image_start >> GIB ? MEMORY : DEVICE);
}

void mmu_enable(void)
{
	mmu_turn_on(table, MAIR, TCR_39_BIT, SCTLR_LINUX);
}
