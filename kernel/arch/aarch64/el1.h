/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL1 state of a guest while it is not in the processor. What else EL1 can reach, and why it needs no switching, is in
 * guests/registers/registers.def; a unit test compares these lists with it, and a guest the hardware.
 */
#pragma once

#include "types.h"

/* clang-format off */
#define EL1_SWITCHED(X) \
	X(sctlr_el1) X(cpacr_el1) X(ttbr0_el1) X(ttbr1_el1) X(tcr_el1) X(esr_el1) X(far_el1) X(afsr0_el1) \
	X(afsr1_el1) X(mair_el1) X(amair_el1) X(vbar_el1) X(contextidr_el1) X(tpidr_el1) X(cntkctl_el1) X(par_el1) \
	X(sp_el1) X(elr_el1) X(spsr_el1) X(csselr_el1) X(tpidrro_el0)
/* Debug registers, from their first use on; beside these vcpu_state.c names those that need more than a copy. */
#define DEBUG_SWITCHED(X) X(osdtrrx_el1) X(mdccint_el1) X(osdtrtx_el1) X(oseccr_el1)
/* clang-format on */

/* CNTV_CTL_EL0; CNTP_CTL_EL0 has the same bits. */
#define CNTV_ENABLE BIT(0)
#define CNTV_IMASK  BIT(1)

struct el1_state {
#define X(name) uint64_t name;
	EL1_SWITCHED(X)
	DEBUG_SWITCHED(X)
#undef X
	uint64_t mdscr_el1, dbgclaim;
	uint64_t vdisr; /* DISR_EL1 of a guest */
	uint64_t cntv_ctl, cntv_cval;
	uint64_t vmcr, ap0r0, ap1r0; /* of the interrupt controller: irqchip.h */
	bool debug_live;             /* breakpoint registers are the guest's own, not trapped */
	uint64_t dbgbcr[16], dbgbvr[16], dbgwcr[16], dbgwvr[16];
	uint64_t oslock;
};
