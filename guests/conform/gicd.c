/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor's registers (IHI 0069, 12.8, 12.9). */
#include "regs.h"

#define SOME  0x0000ff00u /* INTIDs 40 to 47, of which no device has one */
#define EXACT (R_RESET | R_AFTER)

static const struct reg registers[] = {
    {"ctlr", 0x0, EXACT, 0x50, 0x53, 0x53, 0, 0},
    {"typer", 0x4, 0, 0, ~0u, 0, 0, 0},
    {"iidr", 0x8, 0, 0, ~0u, 0, 0, 0},
    {"typer2", 0xc, EXACT, 0, ~0u, 0, 0, 0},
    {"statusr", 0x10, R_RESET, 0, ~0u, 0, 0, 0},
    {"setspi_nsr", 0x40, EXACT, 0, 42, 0, 0, 0}, /* GICD_TYPER.MBIS is 0: there are none of these four */
    {"clrspi_nsr", 0x48, EXACT, 0, 42, 0, 0, 0},
    {"setspi_sr", 0x50, EXACT, 0, 42, 0, 0, 0},
    {"clrspi_sr", 0x58, EXACT, 0, 42, 0, 0, 0},
    {"igroupr1", 0x084, R_AFTER, 0, SOME, SOME, 0, 0},
    {"igroupr2", 0x088, R_AFTER, 0, SOME, SOME, 0, 0},
    {"igroupr8", 0x0a0, R_AFTER, 0, SOME, SOME, 0, 0},
    {"isenabler1", 0x104, EXACT, 0, SOME, SOME, 0, 0x184},
    {"isenabler2", 0x108, EXACT, 0, SOME, SOME, 0, 0x188},
    {"icenabler1", 0x184, EXACT, 0, SOME, ~SOME, 0x104, 0x184},
    {"ispendr1", 0x204, EXACT, 0, SOME, SOME, 0, 0x284},
    {"ispendr2", 0x208, EXACT, 0, SOME, SOME, 0, 0x288},
    {"icpendr1", 0x284, EXACT, 0, SOME, ~SOME, 0x204, 0x284},
    {"isactiver1", 0x304, EXACT, 0, SOME, SOME, 0, 0x384},
    {"isactiver2", 0x308, EXACT, 0, SOME, SOME, 0, 0x388},
    {"icactiver1", 0x384, EXACT, 0, SOME, ~SOME, 0x304, 0x384},
    {"ipriorityr10", 0x428, R_AFTER | R_BYTES, 0, 0xf8f0a080, 0xf8f0a080, 0, 0},
    {"ipriorityr16", 0x440, 0, 0, 0xffffffff, 0, 0, 0}, /* how many bits there are is not said */
    {"itargetsr10", 0x828, EXACT, 0, ~0u, 0, 0, 0},
    {"icfgr2", 0xc08, R_AFTER, 0, 0xaaaaaaaa, 0xaaaaaaaa, 0, 0},
    {"icfgr3", 0xc0c, R_AFTER, 0, 0xffffffff, 0xaaaaaaaa, 0, 0},
    {"icfgr4", 0xc10, R_AFTER, 0, 0x55555555, 0, 0, 0},
    {"igrpmodr1", 0xd04, EXACT, 0, ~0u, 0, 0, 0},
    {"nsacr2", 0xe08, EXACT, 0, ~0u, 0, 0, 0},
    {"spendsgir0", 0xf20, EXACT, 0, ~0u, 0, 0, 0},
    {"cpendsgir0", 0xf10, EXACT, 0, ~0u, 0, 0, 0},
    {"inmir0", 0xf80, EXACT, 0, ~0u, 0, 0, 0},
    {"inmir1", 0xf84, EXACT, 0, SOME, 0, 0, 0}, /* GICD_TYPER.NMI is 0 */
    {"irouter40", 0x6140, R_AFTER | R_WIDE, 0, 1, 1, 0, 0},
    {"irouter41", 0x6148, R_AFTER | R_WIDE, 0, 0x80000000, 0x80000000, 0, 0},
    {"irouter95", 0x62f8, R_AFTER | R_WIDE, 0, 0x1, 0x1, 0, 0},
    /* INTIDs 0 to 31 belong to the redistributors: RAZ/WI here. */
    {"igroupr0", 0x080, EXACT, 0, ~0u, 0, 0, 0},
    {"isenabler0", 0x100, EXACT, 0, ~0u, 0, 0, 0},
    {"icenabler0", 0x180, EXACT, 0, ~0u, 0, 0, 0},
    {"ispendr0", 0x200, EXACT, 0, ~0u, 0, 0, 0},
    {"icpendr0", 0x280, EXACT, 0, ~0u, 0, 0, 0},
    {"isactiver0", 0x300, EXACT, 0, ~0u, 0, 0, 0},
    {"icactiver0", 0x380, EXACT, 0, ~0u, 0, 0, 0},
    {"ipriorityr0", 0x400, EXACT | R_BYTES, 0, ~0u, 0, 0, 0},
    {"ipriorityr7", 0x41c, EXACT | R_BYTES, 0, ~0u, 0, 0, 0},
    {"itargetsr0", 0x800, EXACT, 0, ~0u, 0, 0, 0},
    {"icfgr0", 0xc00, 0, 0, ~0u, 0, 0, 0},
    {"icfgr1", 0xc04, 0, 0, ~0u, 0, 0, 0},
    {"irouter0", 0x6000, 0, 0, 1, 0, 0, 0},
    {"irouter31", 0x60f8, 0, 0, 1, 0, 0, 0},
    /* INTIDs that are not there: RAZ/WI. */
    {"isenabler31", 0x17c, EXACT, 0, ~0u, 0, 0, 0},
    {"ipriorityr254", 0x7f8, EXACT | R_BYTES, 0, ~0u, 0, 0, 0},
    {"irouter1019", 0x7fd8, EXACT, 0, 1, 0, 0, 0},
    /* Reserved, or of other versions. */
    {"sgir", 0xf00, R_RESET, 0, 0, 0, 0, 0},
    {"igroupr1e", 0x1000, EXACT, 0, ~0u, 0, 0, 0},
    {"reserved_14", 0x14, EXACT, 0, ~0u, 0, 0, 0},
    {"reserved_bffc", 0xbffc, EXACT, 0, ~0u, 0, 0, 0},
    /* Identification. */
    {"pidr0", 0xffe0, 0, 0, ~0u, 0, 0, 0},
    {"pidr2", 0xffe8, 0, 0, ~0u, 0, 0, 0},
    {"pidr4", 0xffd0, 0, 0, ~0u, 0, 0, 0},
    {"cidr0", 0xfff0, EXACT, 0x0d, ~0u, 0x0d, 0, 0},
    {"cidr1", 0xfff4, EXACT, 0xf0, ~0u, 0xf0, 0, 0},
    {"cidr2", 0xfff8, EXACT, 0x05, ~0u, 0x05, 0, 0},
    {"cidr3", 0xfffc, EXACT, 0xb1, ~0u, 0xb1, 0, 0},
};
#define COUNT (sizeof(registers) / sizeof(registers[0]))

void reset_gicd(void)
{
	regs_reset("gicd", board.gicd, registers, COUNT);
}

void check_gicd(void)
{
	regs_check("gicd", board.gicd, registers, COUNT);
	gic_clean();
}
