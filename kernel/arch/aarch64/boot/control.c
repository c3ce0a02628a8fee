/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every control register of EL2, written on every CPU: firmware may have left anything in them, and reset leaves most
 * of them UNKNOWN. Values whose bits need a word are in control.h; the reasons for the others are in the table below.
 */
#include "arch/aarch64/control.h"
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/gic/irqchip.h"
#include "arch/aarch64/sysreg.h"
#include "console.h"
#include "cpu.h"
#include "panic.h"

#define PA_BITS_40 2u

/* MMU off, at whatever exception level firmware chose. */
const char *control_refusal(void)
{
	if ((sysreg_read(currentel) & 0xc) != 2 << 2)
		return "it was not entered at EL2: firmware or QEMU (virtualization=on) must give it the hypervisor's "
		       "level";
	sysreg_write(hcr_el2, HCR_RW);
	isb();
	if ((sysreg_read(hcr_el2) & HCR_E2H) != 0)
		return "HCR_EL2.E2H cannot be cleared: this CPU has EL2 only with VHE (no FEAT_E2H0)";
	/* With fewer, the 39 bits of stage 2's input would be CONSTRAINED UNPREDICTABLE (Arm ARM D8.2.3). */
	if (sysreg_field(id_aa64mmfr0_el1, 0) < PA_BITS_40)
		return "the CPU has fewer than 40 physical address bits";
	if (sysreg_field(id_aa64mmfr0_el1, 28) == 0xf)
		return "the CPU has no 4 KiB translation granule";
	return irqchip_refusal();
}

/*
 * Fine-grained traps (FEAT_FGT). Bits named n... trap while 0, so what is newer than this table traps. The other bits
 * trap while 1: set for the registers of features that guests do not get and that no coarser bit covers. Everything
 * else, above all what guests use all the time, is free.
 */
#define FGT_KEYS    (0x1full << 4)   /* AP*KEY: pointer authentication */
#define FGT_LOR     (0x1full << 19)  /* limited ordering regions; LORID, bit 21, only for reads */
#define FGT_SCXTNUM (3ull << 30)     /* software context numbers */
#define FGT_RAS     (0x3ffull << 40) /* ERR*; bits 40, 42 and 46 only for reads */
#define FGT_READ    (FGT_KEYS | FGT_LOR | FGT_SCXTNUM | FGT_RAS)
#define FGT_WRITE   (FGT_READ & ~(BIT(21) | BIT(40) | BIT(42) | BIT(46)))
#define FGT_DEBUG   (BIT(51) | BIT(63)) /* TRBIDR, PMBIDR. MDCR_EL2 and CPTR_EL2 cover the rest */

/* MPAM2_EL2: TRAPMPAM0EL1, TRAPMPAM1EL1, TIDR: who partitions caches is the kernel. EnMPAMSM 0. Partition 0. */
#define MPAM2_VALUE   (BIT(48) | BIT(49) | BIT(58))
#define MPAMHCR_VALUE BIT(31) /* TRAP_MPAMIDR_EL1 */

#define SET(name, value, present)                  \
	do {                                       \
		if (present)                       \
			sysreg_write(name, value); \
	} while (0)

/*
 * The same for a register that firmware must open to EL2 (docs/porting.md). Where it has not, an access ends at EL3,
 * which may say nothing: then the last name on the console is the register.
 */
#define SET_OPENED(name, value, present)           \
	do {                                       \
		if (present) {                     \
			opening(#name);            \
			sysreg_write(name, value); \
		}                                  \
	} while (0)

static void opening(const char *name)
{
	control_opening = name;
	if (arch_this_cpu()->id == 0)
		printk(" %s", name);
}

/* Fields of ID registers say whether a register of the table exists, Arm ARM D24.2: those that several share. */
#define HAS_FGT  (sysreg_field(id_aa64mmfr0_el1, 56) != 0)
#define HAS_FGT2 (sysreg_field(id_aa64mmfr0_el1, 56) >= 2)
#define HAS_MPAM (sysreg_field(id_aa64pfr0_el1, 40) != 0 || sysreg_field(id_aa64pfr1_el1, 16) != 0)
#define HAS_SPE  (sysreg_field(id_aa64dfr0_el1, 32) != 0)

static void set_traps(void)
{
	/* Counters stand still and are EL0's no more; control_mdcr() reads it. */
	SET_OPENED(pmcr_el0, 0, control_has_pmu());
	SET(hcr_el2, HCR_PROCESS, true);
	/* Nothing of it: MOPS, SME, TCR2, SCTLR2, GCS... are hidden. */
	SET_OPENED(HCRX_EL2, 0, sysreg_field(id_aa64mmfr1_el1, 40));
	SET(cptr_el2, CPTR_BASE | CPTR_TFP, true);
	SET(mdcr_el2, control_mdcr(), true);
	SET(cnthctl_el2, CNTHCTL_VALUE, true);
	SET(hstr_el2, HSTR_VALUE, true);
	SET(hacr_el2, 0, true);  /* IMPLEMENTATION DEFINED traps: none known */
	SET(actlr_el2, 0, true); /* Cortex and Neoverse: EL1 may not write CPUACTLR, CPUECTLR, L2CTLR... */
	SET_OPENED(HFGRTR_EL2, FGT_READ, HAS_FGT);
	SET(HFGWTR_EL2, FGT_WRITE, HAS_FGT);
	SET(HFGITR_EL2, 0, HAS_FGT); /* TLBI, DC, AT, SVC, ERET are free; BRB and GCS trap */
	SET(HDFGRTR_EL2, FGT_DEBUG, HAS_FGT);
	SET(HDFGWTR_EL2, 0, HAS_FGT);
	SET_OPENED(HAFGRTR_EL2, 0, HAS_FGT && sysreg_field(id_aa64pfr0_el1, 44)); /* CPTR_EL2.TAM covers all of them */
	SET_OPENED(HFGRTR2_EL2, 0, HAS_FGT2); /* all bits are n...: everything newer traps */
	SET(HFGWTR2_EL2, 0, HAS_FGT2);
	SET(HDFGRTR2_EL2, 0, HAS_FGT2);
	SET(HDFGWTR2_EL2, 0, HAS_FGT2);
	SET(HFGITR2_EL2, 0, HAS_FGT2);
	SET_OPENED(MPAM2_EL2, MPAM2_VALUE, HAS_MPAM);
	SET(MPAM1_EL1, 0, HAS_MPAM);
	SET(MPAM0_EL1, 0, HAS_MPAM);
	if (HAS_MPAM)
		SET(MPAMHCR_EL2, MPAMHCR_VALUE, (sysreg_read(MPAMIDR_EL1) & BIT(17)) != 0); /* HAS_HCR */
}

static void set_state(void)
{
	SET(vtcr_el2, control_vtcr(), true);
	SET(vttbr_el2, 0, true);
	SET(vpidr_el2, sysreg_read(midr_el1), true);
	SET(vmpidr_el2, sysreg_read(mpidr_el1), true);
	SET(cntvoff_el2, 0, true);
	SET(cnthp_ctl_el2, 0, true); /* timers off until somebody arms them */
	SET(cntp_ctl_el0, 0, true);
	SET(cntv_ctl_el0, 0, true);
	SET(CNTHV_CTL_EL2, 0, sysreg_field(id_aa64mmfr1_el1, 8));
	SET_OPENED(CNTPOFF_EL2, 0, sysreg_field(id_aa64mmfr0_el1, 60) >= 2);
	/* Permissions are direct, as tables.c writes them. */
	SET_OPENED(TCR2_EL2, 0, sysreg_field(ID_AA64MMFR3_EL1, 0));
	SET_OPENED(SCTLR2_EL2, 0, sysreg_field(ID_AA64MMFR3_EL1, 4));
	SET_OPENED(SCXTNUM_EL2, 0, sysreg_field(id_aa64pfr0_el1, 56) >= 2);
	SET(VSESR_EL2, 0, HAS_RAS);
	SET(VDISR_EL2, 0, HAS_RAS);
	SET(mdscr_el1, 0, true); /* no breakpoint, watchpoint or step that firmware left */
	SET(oslar_el1, 1, true); /* and the OS lock, which holds them off */
	SET(dbgclaimclr_el1, 0xff, true);
	SET(pmuserenr_el0, 0, control_has_pmu());
	SET(pmcntenclr_el0, 0xffffffff, control_has_pmu());
	SET(pmintenclr_el1, 0xffffffff, control_has_pmu());
	SET_OPENED(PMSCR_EL2, 0, HAS_SPE); /* no profiling, and no buffer unless EL3 owns it (PMBIDR_EL1.P) */
	if (HAS_SPE)
		SET_OPENED(PMBLIMITR_EL1, 0, (sysreg_read(PMBIDR_EL1) & BIT(4)) == 0);
	SET_OPENED(TRFCR_EL2, 0, sysreg_field(id_aa64dfr0_el1, 40)); /* trace is prohibited at EL2 */
	SET_OPENED(TRBLIMITR_EL1, 0, sysreg_field(id_aa64dfr0_el1, 44));
	SET_OPENED(BRBCR_EL2, 0, sysreg_field(id_aa64dfr0_el1, 52));
	SET_OPENED(GCSCR_EL2, 0, sysreg_field(id_aa64pfr1_el1, 44)); /* no guarded stack at EL2 */
}

void control_init(void)
{
	if (arch_this_cpu()->id == 0)
		printk("Registers that firmware must open to EL2:");
	SET(sctlr_el2, SCTLR_EL2_VALUE, true);
	set_traps();
	set_state();
	isb();
	control_opening = NULL;
	if (arch_this_cpu()->id == 0)
		printk("\n");
}
