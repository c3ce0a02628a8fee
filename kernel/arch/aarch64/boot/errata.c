/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known errata of the cores that the kernel is tested for, from Arm's software developer errata notices (Cortex-A53
 * EPM048406, A72 EPM012079, A76 SDEN885749, Neoverse N1 SDEN885747), with what is done. What firmware must do (CPUACTLR
 * bits can be written at EL3 only) is not repeated here.
 */
#include "arch/aarch64/errata.h"
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/sysreg.h"
#include "console.h"

enum remedy {
	AVOIDED,     /* nothing at run time: the code never does what triggers it */
	REPEAT_TLBI, /* TLBI and DSB twice */
	OPEN,        /* not worked around: said at start */
};

struct erratum {
	uint32_t number;
	uint16_t part;    /* MIDR_EL1.PartNum, implementer Arm */
	uint8_t from, to; /* variant << 4 | revision, inclusive */
	uint8_t remedy;
};

#define CORTEX_A53  0xd03
#define CORTEX_A72  0xd08
#define CORTEX_A76  0xd0b
#define NEOVERSE_N1 0xd0c

static const struct erratum errata[] = {
    {826319, CORTEX_A53, 0x00, 0x02, AVOIDED},  /* a clean may deadlock: cache.c cleans and invalidates */
    {827319, CORTEX_A53, 0x00, 0x02, AVOIDED},  /* the same */
    {824069, CORTEX_A53, 0x00, 0x02, AVOIDED},  /* the same */
    {819472, CORTEX_A53, 0x00, 0x01, AVOIDED},  /* the same */
    {835769, CORTEX_A53, 0x00, 0x04, AVOIDED},  /* multiply-accumulate after load: the compiler's and linker's fix */
    {843419, CORTEX_A53, 0x00, 0x04, AVOIDED},  /* ADRP at the end of a page: the linker's fix */
    {1530924, CORTEX_A53, 0x00, 0xff, AVOIDED}, /* speculative AT uses mixed contexts: a guest's stage 1, another's 2 */
    {1319367, CORTEX_A72, 0x00, 0xff, AVOIDED}, /* the same */
    {1165522, CORTEX_A76, 0x00, 0x20, AVOIDED}, /* the same */
    {1286807, CORTEX_A76, 0x00, 0x30, REPEAT_TLBI}, /* a translation may outlive TLBI and DSB */
    {1542419, NEOVERSE_N1, 0x30, 0x40, AVOIDED},    /* stale instructions although DIC = 1: IC IVAU is always done */
};

bool errata_repeat_tlbi;

static bool affects(const struct erratum *e, uint64_t midr)
{
	uint32_t revision = (uint32_t)(midr >> 16 & 0xf0) | (uint32_t)(midr & 0xf);

	return midr >> 24 == 'A' && e->part == (midr >> 4 & 0xfff) && revision >= e->from && revision <= e->to;
}

void errata_init(unsigned cpu)
{
	uint64_t midr = sysreg_read(midr_el1);

	for (unsigned i = 0; i < ARRAY_COUNT(errata); i++) {
		const struct erratum *e = &errata[i];

		if (!affects(e, midr))
			continue;
		if (e->remedy == REPEAT_TLBI)
			errata_repeat_tlbi = true;
		else if (e->remedy == OPEN && cpu == 0)
			printk("  erratum %u of this core is not worked around\n", e->number);
	}
}
