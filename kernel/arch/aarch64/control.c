/* SPDX-License-Identifier: Apache-2.0 */
/* Values of control registers that depend on what the CPU has; boot/control.c writes all of them, once. */
#include "control.h"
#include "arch.h"
#include "boot.h"
#include "sysreg.h"

const char *control_opening;

#define PA_BITS_48 5u

static unsigned pa_range(void)
{
	unsigned range = sysreg_field(id_aa64mmfr0_el1, 0);

	return range > PA_BITS_48 ? PA_BITS_48 : range;
}

uint64_t control_tcr(void)
{
	return TCR_BASE | (uint64_t)pa_range() << 16;
}

uint64_t control_vtcr(void)
{
	return VTCR_BASE | VTCR_PS((uint64_t)pa_range());
}

bool control_has_pmu(void)
{
	unsigned version = sysreg_field(id_aa64dfr0_el1, 8);

	return version != 0 && version != 0xf;
}

uint64_t control_mdcr(void)
{
	return MDCR_BASE | (control_has_pmu() ? sysreg_read(pmcr_el0) >> 11 & 0x1f : 0);
}
