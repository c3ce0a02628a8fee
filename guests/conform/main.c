/* SPDX-License-Identifier: Apache-2.0 */
/* Order of the groups of checks. Boot argument from=N: pass over the first N checks, which have been run before. */
#include "conform.h"

/* Nothing is done to the interrupt controller before its reset state was checked. */
void guest_gic_init(unsigned int cpu)
{
	(void)cpu;
}

void guest_main(void)
{
	map_build();
	map_on();
	reset_gicd();
	reset_gicr();
	reset_banks();
	reset_icc();
	if (!other_start()) {
		say("conform: there is no second virtual CPU");
		return;
	}
	gic_clean();
	check_self();
	check_gicd();
	check_gicr();
	check_banks();
	check_icc();
	check_state();
	check_group0();
	check_scripts();
	check_random();
	check_ipi();
	check_timer();
	check_uart();
	check_psci();
	check_first();
	check_promises();
	check_effects();
	check_power();
	check_smp();
	check_fpu();
	check_cache();
	check_id();
	check_user();
	check_debug();
	check_walk();
	check_shapes();
	check_memory();
	say("conform: done");
}
