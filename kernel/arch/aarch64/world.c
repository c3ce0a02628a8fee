/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU's registers hold: whose EL0 registers, whose space, whose FP registers, and whether EL1 registers that
 * mean something at EL0 have the values that a process must see (architecture.md, "The life of an exit").
 */
#include "world.h"

#include "arch.h"
#include "control.h"
#include "cpu.h"
#include "process.h"
#include "sysreg.h"
#include "trap.h"
#include "vcpu.h"

void fpu_store(struct fpu *f);
void fpu_load(const struct fpu *f);

void user_switch(struct cpu *c, struct user_regs *to)
{
	struct user_regs *from = c->user;

	if (from == to)
		return;
	if (from) {
		from->sp_el0 = sysreg_read(sp_el0);
		from->tpidr_el0 = sysreg_read(tpidr_el0);
		from->tpidrro_el0 = sysreg_read(tpidrro_el0);
	}
	if (to) {
		sysreg_write(sp_el0, to->sp_el0);
		sysreg_write(tpidr_el0, to->tpidr_el0);
		sysreg_write(tpidrro_el0, to->tpidrro_el0);
	}
	c->user = to;
}

void space_activate(struct cpu *c, const struct space *s)
{
	if (c->space == s)
		return;
	sysreg_write(vttbr_el2, (uint64_t)s->vmid << 48 | s->root_pa);
	__atomic_store_n(&c->space, s, __ATOMIC_RELEASE);
}

/* ---- FP and SIMD ---- */

static void fp_open(struct cpu *c, bool open)
{
	if (c->fp_open == open)
		return;
	c->fp_open = open;
	sysreg_write(cptr_el2, open ? CPTR_BASE : CPTR_BASE | CPTR_TFP);
}

void fpu_save(struct cpu *c, const struct fpu *only)
{
	if (!c->fp_owner || (only && c->fp_owner != only))
		return;
	fp_open(c, true);
	isb();
	fpu_store(c->fp_owner);
	__atomic_store_n(&c->fp_owner, NULL, __ATOMIC_RELEASE);
	fp_open(c, false);
}

void fpu_trap(struct cpu *c, struct fpu *want)
{
	if (c->fp_owner != want)
		fpu_save(c, NULL);
	fp_open(c, true);
	isb();
	if (c->fp_owner != want)
		fpu_load(want);
	__atomic_store_n(&c->fp_owner, want, __ATOMIC_RELEASE);
}

void fpu_prepare(struct cpu *c, const struct fpu *of)
{
	fp_open(c, c->fp_owner == of);
}

/* ---- EL1 registers that mean something at EL0 ---- */

/*
 * For a process: no alignment checks, little endian, cache maintenance and DC ZVA allowed, WFI and WFE trapped or not
 * is the same, no access to DAIF. Bits of EL1 or of features that need a stage 1 may have any value.
 */
#define SCTLR_A    BIT(1)
#define SCTLR_SA0  BIT(4)
#define SCTLR_ITD  BIT(7)
#define SCTLR_UMA  BIT(9)
#define SCTLR_ENDB BIT(13)
#define SCTLR_DZE  BIT(14)
#define SCTLR_UCT  BIT(15)
#define SCTLR_NTWI BIT(16)
#define SCTLR_E0E  BIT(24)
#define SCTLR_UCI  BIT(26)
#define SCTLR_ENDA BIT(27)
#define SCTLR_ENIB BIT(30)
#define SCTLR_ENIA BIT(31)
#define SCTLR_MASK                                                                                                    \
	(SCTLR_A | SCTLR_UMA | SCTLR_DZE | SCTLR_UCT | SCTLR_E0E | SCTLR_UCI | SCTLR_ENDB | SCTLR_ENDA | SCTLR_ENIB | \
	 SCTLR_ENIA)
#define SCTLR_WANT    (SCTLR_DZE | SCTLR_UCT | SCTLR_UCI)
#define SCTLR_PROCESS (0x30d00800ull | SCTLR_WANT | SCTLR_NTWI)

#define CPACR_MASK 0x300000ull /* FPEN: FP at EL0 is trapped by CPTR_EL2 alone */
/* CNTKCTL_EL1: counters and timers are not for processes, whose time is ClockTime(). Event stream bits are harmless. */
#define CNTKCTL_MASK 0x303ull
/* MDSCR_EL1: SS, KDE, MDE: no breakpoint, watchpoint or step of a guest in a process. */
#define MDSCR_MASK (BIT(0) | BIT(13) | BIT(15) | BIT(12))

#define LEAK(bit, reg, mask, want, value)                  \
	do {                                               \
		uint64_t now_ = sysreg_read(reg);          \
		if (unlikely((now_ & (mask)) != (want))) { \
			if (v) {                           \
				v->el1.reg = now_;         \
				v->leaked |= (bit);        \
			}                                  \
			sysreg_write(reg, value);          \
		}                                          \
	} while (0)

void process_registers(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (c->hcr_guest) {
		sysreg_write(hcr_el2, HCR_PROCESS);
		c->hcr_guest = false;
	}
	if (c->el1_clean)
		return;
	c->el1_clean = true;
	LEAK(LEAK_SCTLR, sctlr_el1, SCTLR_MASK, SCTLR_WANT, SCTLR_PROCESS);
	LEAK(LEAK_CPACR, cpacr_el1, CPACR_MASK, CPACR_MASK, CPACR_MASK);
	LEAK(LEAK_CNTKCTL, cntkctl_el1, CNTKCTL_MASK, 0, 0);
	LEAK(LEAK_MDSCR, mdscr_el1, MDSCR_MASK, 0, 0);
}

/* Undo what process_registers() changed of the resident guest's. */
void leaked_restore(struct vcpu *v)
{
	if (v->leaked & LEAK_SCTLR)
		sysreg_write(sctlr_el1, v->el1.sctlr_el1);
	if (v->leaked & LEAK_CPACR)
		sysreg_write(cpacr_el1, v->el1.cpacr_el1);
	if (v->leaked & LEAK_CNTKCTL)
		sysreg_write(cntkctl_el1, v->el1.cntkctl_el1);
	if (v->leaked & LEAK_MDSCR)
		sysreg_write(mdscr_el1, v->el1.mdscr_el1);
	v->leaked = 0;
}

void guest_registers(struct cpu *c, struct vcpu *v)
{
	if (unlikely(v->leaked))
		leaked_restore(v);
	c->el1_clean = false;
	if (!c->hcr_guest) {
		sysreg_write(hcr_el2, v->flags & VCPU_NO_WFI_EXIT ? HCR_GUEST & ~HCR_TWI : HCR_GUEST);
		c->hcr_guest = true;
	}
}
