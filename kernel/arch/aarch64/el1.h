/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this architecture keeps of a virtual CPU, mostly the EL1 state of a guest that is not in the processor. What
 * else EL1 can reach, and why it needs no switching, is in guests/registers/registers.def; a unit test compares these
 * lists with it, and a guest the hardware.
 */
#pragma once

#include "gic/lr.h"
#include "types.h"

/* clang-format off */
/* By twos. */
#define EL1_SWITCHED(X) \
	X(sctlr_el1, cpacr_el1) X(ttbr0_el1, ttbr1_el1) X(tcr_el1, esr_el1) X(far_el1, afsr0_el1) \
	X(afsr1_el1, mair_el1) X(amair_el1, vbar_el1) X(contextidr_el1, tpidr_el1) X(cntkctl_el1, par_el1) \
	X(sp_el1, elr_el1) X(spsr_el1, csselr_el1) X(tpidrro_el0, cntv_cval_el0)
/* Debug registers, from their first use on; beside these vcpu_state.c names those that need more than a copy. */
#define DEBUG_SWITCHED(X) X(osdtrrx_el1) X(mdccint_el1) X(osdtrtx_el1) X(oseccr_el1)
/* clang-format on */

/* CNTV_CTL_EL0; CNTP_CTL_EL0 has the same bits. */
#define CNTV_ENABLE BIT(0)
#define CNTV_IMASK  BIT(1)

struct arch_vcpu {
	uint64_t exit_esr, exit_far; /* of the last exit */
	uint64_t sgi_self;           /* as the guest names it alone to its interrupt controller */
	/* From here on a reset makes it zero. */
	uint64_t harmless_sctlr, harmless_mdscr; /* last values that were found harmless to its qvm */
	uint64_t cntp_ctl, cntp_cval;
	uint32_t set_way[8]; /* by level: the operand that began, of the last sequence of operations by set and way */
	uint8_t set_way_level;
	bool debug_live; /* breakpoint registers are the guest's own, not trapped */

	/* EL1 state; up to date while it is not in the processor. */
#define X(a, b) uint64_t a, b;
	EL1_SWITCHED(X)
#undef X
#define X(name) uint64_t name;
	DEBUG_SWITCHED(X)
#undef X
	uint64_t mdscr_el1, dbgclaim;
	uint64_t vdisr; /* DISR_EL1 of a guest */
	uint64_t cntv_ctl;
	struct irqchip_state irqchip;
	uint64_t dbgbcr[16], dbgbvr[16], dbgwcr[16], dbgwvr[16];
	uint64_t oslock;
};

/* Of a virtual CPU: what is to be done before the guest goes on. */
struct arch_entry_work {
	/* Interrupt 27 is active in the physical redistributor of `home`, or was and has been ended. */
	bool timer_active;
	uint8_t leaked; /* enum el1_leak: EL1 registers that hold a process's value just now */
};

/* Indices of struct vcpu's timers; VCPU_REST: of maintain.c. */
enum { VCPU_VTIMER, VCPU_PTIMER, VCPU_REST, ARCH_VCPU_TIMERS };
