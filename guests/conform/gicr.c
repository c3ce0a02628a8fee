/* SPDX-License-Identifier: Apache-2.0 */
/* The redistributors' registers (IHI 0069, 12.10, 12.11): of the virtual CPU at hand, and of the other one. */
#include "regs.h"

#define SOME  0x007000f0u /* SGIs 4 to 7, PPIs 20 to 22: no device has one */
#define EXACT (R_RESET | R_AFTER)

static const struct reg rd[] = {
    {"ctlr", 0x0, 0, 0, 0, 0, 0, 0},
    {"iidr", 0x4, 0, 0, ~0u, 0, 0, 0},
    {"typer", 0x8, R_WIDE, 0, ~0u, 0, 0, 0},
    {"typer_high", 0xc, 0, 0, ~0u, 0, 0, 0},
    {"statusr", 0x10, R_RESET, 0, ~0u, 0, 0, 0},
    {"waker", 0x14, R_RESET, 0x6, 0x2, 0x6, 0, 0},
    {"mpamidr", 0x18, EXACT, 0, ~0u, 0, 0, 0},
    {"setlpir", 0x40, EXACT, 0, 0, 0, 0, 0},
    {"clrlpir", 0x48, EXACT, 0, 0, 0, 0, 0},
    {"propbaser", 0x70, EXACT | R_WIDE, 0, 0x40001000, 0, 0, 0},
    {"pendbaser", 0x78, EXACT | R_WIDE, 0, 0x40010000, 0, 0, 0},
    {"invlpir", 0xa0, EXACT, 0, 0, 0, 0, 0},
    {"invallr", 0xb0, EXACT, 0, 0, 0, 0, 0},
    {"syncr", 0xc0, EXACT, 0, ~0u, 0, 0, 0},
    {"reserved_100", 0x100, EXACT, 0, ~0u, 0, 0, 0},
    {"pidr2", 0xffe8, 0, 0, ~0u, 0, 0, 0},
    {"cidr0", 0xfff0, EXACT, 0x0d, ~0u, 0x0d, 0, 0},
    {"cidr1", 0xfff4, EXACT, 0xf0, ~0u, 0xf0, 0, 0},
    {"cidr2", 0xfff8, EXACT, 0x05, ~0u, 0x05, 0, 0},
    {"cidr3", 0xfffc, EXACT, 0xb1, ~0u, 0xb1, 0, 0},
};
#define RD_COUNT (sizeof(rd) / sizeof(rd[0]))

static const struct reg sgi[] = {
    {"igroupr0", 0x080, R_AFTER, 0, SOME, SOME, 0, 0},
    {"isenabler0", 0x100, R_AFTER, 0, SOME, SOME, 0, 0x180},
    {"icenabler0", 0x180, R_AFTER, 0, SOME, ~SOME, 0x100, 0x180},
    {"ispendr0", 0x200, EXACT, 0, SOME, SOME, 0, 0x280},
    {"icpendr0", 0x280, EXACT, 0, SOME, ~SOME, 0x200, 0x280},
    {"isactiver0", 0x300, EXACT, 0, SOME, SOME, 0, 0x380},
    {"icactiver0", 0x380, EXACT, 0, SOME, ~SOME, 0x300, 0x380},
    {"ipriorityr0", 0x400, R_AFTER | R_BYTES, 0, 0xf8f0a080, 0xf8f0a080, 0, 0},
    {"ipriorityr1", 0x404, 0, 0, ~0u, 0, 0, 0}, /* how many bits there are is not said */
    {"ipriorityr5", 0x414, R_AFTER | R_BYTES, 0, 0x08101820, 0x08101820, 0, 0},
    {"ipriorityr7", 0x41c, R_AFTER | R_BYTES, 0, 0x40506070, 0x40506070, 0, 0},
    {"icfgr0", 0xc00, EXACT, 0xaaaaaaaa, 0, 0xaaaaaaaa, 0, 0},
    {"icfgr1", 0xc04, R_AFTER, 0, 0x00002a00, 0x00002a00, 0, 0},
    {"igrpmodr0", 0xd00, EXACT, 0, ~0u, 0, 0, 0},
    {"nsacr", 0xe00, EXACT, 0, ~0u, 0, 0, 0},
    {"inmir0", 0xf80, EXACT, 0, SOME, 0, 0, 0},
    {"igroupr1", 0x084, EXACT, 0, ~0u, 0, 0, 0},
    {"isenabler1", 0x104, EXACT, 0, ~0u, 0, 0, 0},
    {"ipriorityr8", 0x420, EXACT, 0, ~0u, 0, 0, 0},
    {"icfgr2", 0xc08, EXACT, 0, ~0u, 0, 0, 0},
    {"reserved_10", 0x10, EXACT, 0, ~0u, 0, 0, 0},
};
#define SGI_COUNT (sizeof(sgi) / sizeof(sgi[0]))

void reset_gicr(void)
{
	regs_reset("gicr0", GICR(0, 0), rd, RD_COUNT);
	regs_reset("gicr0", SGI(0, 0), sgi, SGI_COUNT);
	regs_reset("gicr1", GICR(1, 0), rd, RD_COUNT);
	regs_reset("gicr1", SGI(1, 0), sgi, SGI_COUNT);
}

void check_gicr(void)
{
	regs_check("gicr0", GICR(0, 0), rd, RD_COUNT);
	regs_check("gicr0", SGI(0, 0), sgi, SGI_COUNT);
	regs_check("gicr1", GICR(1, 0), rd, RD_COUNT);
	regs_check("gicr1", SGI(1, 0), sgi, SGI_COUNT);
	gic_clean();
}
