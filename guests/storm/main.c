/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software-generated interrupts without end, from the first virtual CPU to the second and, in turns, to all others.
 * With the boot argument quiet=1 none: it only keeps its physical CPUs busy.
 */
#include "guest.h"

#define SGI        4
#define ALL_OTHERS (1ull << 40) /* ICC_SGI1R_EL1.IRM */

void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	(void)intid;
}

static void spin(void)
{
	irq_enable();
	for (;;)
		yield();
}

void guest_secondary(unsigned int cpu)
{
	gic_enable_private(cpu, SGI);
	spin();
}

void guest_main(void)
{
	cpu_on_all();
	say("storm: begins");
	if (bootarg("quiet", 0))
		spin();
	for (;;) {
		gic_send_sgi(1, SGI);
		yield();
		WRITE_REG("icc_sgi1r_el1", ALL_OTHERS | (uint64_t)SGI << 24);
		yield();
	}
}
