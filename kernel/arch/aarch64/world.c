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

void arch_thread_init(struct thread *t, uint64_t entry, uint64_t arg, uint64_t stack, uint64_t tls)
{
	t->frame.pc = entry;
	t->frame.x[0] = arg;
	t->user.sp_el0 = stack;
	t->user.tpidr_el0 = tls;
	t->user.vttbr = space_vttbr(&t->process->space);
	t->user.hcr = HCR_PROCESS;
}

void arch_user_switch(struct cpu *c, struct user_regs *to)
{
	struct user_regs *from = c->user;

	if (from == to)
		return;
	if (from)
		user_store(from);
	if (to) {
		sysreg_write(sp_el0, to->sp_el0);
		sysreg_write(tpidr_el0, to->tpidr_el0);
	}
	c->user = to;
}

void arch_space_activate(struct cpu *c, const struct space *s)
{
	sysreg_write(vttbr_el2, space_vttbr(s));
	__atomic_store_n(&c->space, s, __ATOMIC_RELEASE);
}

/* ---- EL1 registers that mean something at EL0 ---- */

/*
 * Settings of a guest that silently change what a process does: alignment checks, byte order, authentication of
 * pointers. Those that make an instruction trap are in SCTLR_ALLOWS. Bits of EL1, or of features that need a stage 1,
 * may have any value; so may the check of the stack pointer, which in a process is always aligned.
 */
#define SCTLR_A      BIT(1)
#define SCTLR_UMA    BIT(9)
#define SCTLR_ENDB   BIT(13)
#define SCTLR_DZE    BIT(14)
#define SCTLR_UCT    BIT(15)
#define SCTLR_NTWI   BIT(16)
#define SCTLR_E0E    BIT(24)
#define SCTLR_UCI    BIT(26)
#define SCTLR_ENDA   BIT(27)
#define SCTLR_ENIB   BIT(30)
#define SCTLR_ENIA   BIT(31)
#define SCTLR_SILENT (SCTLR_A | SCTLR_UMA | SCTLR_E0E | SCTLR_ENDB | SCTLR_ENDA | SCTLR_ENIB | SCTLR_ENIA)
#define SCTLR_ALLOWS (SCTLR_DZE | SCTLR_UCT | SCTLR_UCI)
/* For a process: no alignment checks, little endian, cache maintenance and DC ZVA allowed, no access to DAIF. */
#define SCTLR_PROCESS (0x30d00800ull | SCTLR_ALLOWS | SCTLR_NTWI)

#define CPACR_FPEN 0x300000ull /* FP at EL0 is trapped by CPTR_EL2 alone */
/* CNTKCTL_EL1: counters and timers of a guest are at most for its own qvm. Event stream bits are harmless. */
#define CNTKCTL_EL0 0x303ull
/* MDSCR_EL1: SS, KDE, MDE: no breakpoint, watchpoint or step of a guest in a process. */
#define MDSCR_SILENT (BIT(0) | BIT(13) | BIT(15))

/* A process's value for a register of the resident guest, which gets its own back before it goes on. */
#define LEAK(v, bit, reg, now, value)           \
	do {                                    \
		(v)->arch.reg = (now);          \
		(v)->arch_work.leaked |= (bit); \
		sysreg_write(reg, (value));     \
	} while (0)

static void leaks_take(struct vcpu *v)
{
	uint64_t sctlr = sysreg_read(sctlr_el1), mdscr = sysreg_read(mdscr_el1);

	if (sctlr & SCTLR_SILENT)
		LEAK(v, LEAK_SCTLR, sctlr_el1, sctlr, SCTLR_PROCESS);
	else
		v->arch.harmless_sctlr = sctlr;
	if (mdscr & MDSCR_SILENT)
		LEAK(v, LEAK_MDSCR, mdscr_el1, mdscr, 0);
	else
		v->arch.harmless_mdscr = mdscr;
}

bool arch_guest_settings_off(struct cpu *c)
{
	struct vcpu *v = c->resident;
	uint64_t sctlr = sysreg_read(sctlr_el1), cpacr = sysreg_read(cpacr_el1);
	bool off = false;

	if (!v)
		return false;
	if (!(v->arch_work.leaked & LEAK_SCTLR) && (sctlr & SCTLR_ALLOWS) != SCTLR_ALLOWS) {
		LEAK(v, LEAK_SCTLR, sctlr_el1, sctlr, SCTLR_PROCESS);
		off = true;
	}
	if (!(v->arch_work.leaked & LEAK_CPACR) && (cpacr & CPACR_FPEN) != CPACR_FPEN) {
		LEAK(v, LEAK_CPACR, cpacr_el1, cpacr, CPACR_FPEN);
		off = true;
	}
	return off;
}

/* A process that is not the resident guest's qvm must neither see nor touch anything of that guest. */
static void keep_from_others(struct vcpu *v)
{
	uint64_t cntkctl = sysreg_read(cntkctl_el1), tpidrro = sysreg_read(tpidrro_el0);

	if (unlikely(cntkctl & CNTKCTL_EL0))
		LEAK(v, LEAK_CNTKCTL, cntkctl_el1, cntkctl, 0);
	if (unlikely(tpidrro))
		LEAK(v, LEAK_TPIDRRO, tpidrro_el0, tpidrro, 0);
}

void arch_process_registers(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (!(sysreg_read(hcr_el2) & HCR_TGE))
		sysreg_write(hcr_el2, HCR_PROCESS);
	if (!v)
		return;
	if (unlikely(!leaks_none(v)))
		leaks_take(v);
	if (v->process != c->current->process)
		keep_from_others(v);
}

/* And the value that a process must see. */
#define LEAKS(X)                           \
	X(SCTLR, sctlr_el1, SCTLR_PROCESS) \
	X(CPACR, cpacr_el1, CPACR_FPEN) X(CNTKCTL, cntkctl_el1, 0) X(MDSCR, mdscr_el1, 0) X(TPIDRRO, tpidrro_el0, 0)

void world_clear_el1(void)
{
	sysreg_write(hcr_el2, HCR_PROCESS);
#define X(name, reg, value) sysreg_write(reg, value);
	LEAKS(X)
#undef X
}

/* Undo what was changed of the resident guest's. */
void world_restore_leaked(struct vcpu *v)
{
#define X(name, reg, value)                    \
	if (v->arch_work.leaked & LEAK_##name) \
		sysreg_write(reg, v->arch.reg);
	LEAKS(X)
#undef X
	v->arch_work.leaked = 0;
}

/* ---- FP and SIMD ---- */

void arch_fpu_save(struct cpu *c, const struct fpu *only)
{
	if (!c->fp_owner || (only && c->fp_owner != only))
		return;
	fp_open(c, true);
	isb();
	fpu_store(c->fp_owner);
	c->fp_thread = NULL;
	__atomic_store_n(&c->fp_owner, NULL, __ATOMIC_RELEASE);
	fp_open(c, false);
}

void arch_fpu_trap(struct cpu *c, struct fpu *want)
{
	if (c->fp_owner != want)
		arch_fpu_save(c, NULL);
	fp_open(c, true);
	isb();
	if (c->fp_owner != want)
		fpu_load(want);
	c->fp_thread = c->current;
	c->fp_unused = 0;
	__atomic_store_n(&c->fp_owner, want, __ATOMIC_RELEASE);
}

void arch_fpu_prepare(struct cpu *c, const struct fpu *of)
{
	fp_open(c, c->fp_owner == of);
}
