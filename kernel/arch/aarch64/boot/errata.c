/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known errata of the cores that the kernel is tested for, from Arm's software developer errata notices (Cortex-A53
 * EPM048406, A72 EPM012079, A76 SDEN885749, Neoverse N1 SDEN885747). What firmware must do (CPUACTLR bits can be
 * written at EL3 only) is not repeated here. One needs something at run time, see below. The code never does what
 * triggers the others:
 *
 * core         revisions       number            why it is avoided
 * Cortex-A53   r0p0 to r0p2    826319 827319     a clean may deadlock: cache.c cleans and invalidates
 *                              824069
 * Cortex-A53   r0p0, r0p1      819472            the same
 * Cortex-A53   r0p0 to r0p4    835769            multiply-accumulate after load: the compiler's and linker's fix
 * Cortex-A53   r0p0 to r0p4    843419            ADRP at the end of a page: the linker's fix
 * Cortex-A53   all             1530924           speculative AT mixes a guest's stage 1 with another's stage 2: there
 *                                                is no AT instruction
 * Cortex-A72   all             1319367           the same
 * Cortex-A76   r0p0 to r2p0    1165522           the same
 * Neoverse N1  r3p0 to r4p0    1542419           stale instructions although DIC = 1: IC IVAU is always done
 */
#include "arch/aarch64/errata.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/sysreg.h"

#define CORTEX_A76 0xd0b

bool errata_repeat_tlbi;

void errata_init(void)
{
	uint64_t midr = sysreg_read(midr_el1);
	unsigned revision = (unsigned)(midr >> 16 & 0xf0) | (unsigned)(midr & 0xf);

	/* 1286807, r0p0 to r3p0: a translation may outlive TLBI and DSB. */
	if (midr >> 24 == 'A' && (midr >> 4 & 0xfff) == CORTEX_A76 && revision <= 0x30)
		errata_repeat_tlbi = true;
}
