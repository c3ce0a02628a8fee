/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on between the vectors, virtual CPUs and the registers of the world that is in the processor. */
#pragma once

#include "control.h"
#include "cpu.h"
#include "guest.h"
#include "sysreg.h"

/* Which EL1 registers of a resident guest hold a process's value just now. */
enum el1_leak { LEAK_SCTLR = 1, LEAK_CPACR = 2, LEAK_CNTKCTL = 4, LEAK_MDSCR = 8, LEAK_TPIDRRO = 16 };

void world_restore_leaked(struct vcpu *v); /* what was changed of the resident guest's */
void world_clear_el1(void);                /* nobody is resident any more: HCR_EL2 and EL1 as processes need them */

static inline void user_store(struct user_regs *from)
{
	uint64_t sp = sysreg_read(sp_el0), tpidr = sysreg_read(tpidr_el0);

	from->sp_el0 = sp;
	from->tpidr_el0 = tpidr;
}

/* From one thread to another. ERET synchronises. */
static inline void user_swap(struct user_regs *from, const struct user_regs *to)
{
	uint64_t sp, tpidr;

	user_store(from);
	__asm__("ldp %0, %1, [%2]" : "=&r"(sp), "=&r"(tpidr) : "r"(to), "m"(*to));
	sysreg_write(sp_el0, sp);
	sysreg_write(tpidr_el0, tpidr);
	sysreg_write(vttbr_el2, to->vttbr);
}

/* A qvm's, or a guest's. */
static inline void world_load(const struct user_regs *to)
{
	uint64_t sp, tpidr, vttbr, hcr;

	_Static_assert(offsetof(struct user_regs, vttbr) == 16, "two pairs");
	__asm__("ldp %0, %1, [%4]\n\tldp %2, %3, [%4, #16]"
		: "=&r"(sp), "=&r"(tpidr), "=&r"(vttbr), "=&r"(hcr)
		: "r"(to), "m"(*to));
	sysreg_write(sp_el0, sp);
	sysreg_write(tpidr_el0, tpidr);
	sysreg_write(vttbr_el2, vttbr);
	sysreg_write(hcr_el2, hcr);
}

static inline void world_swap(struct user_regs *from, const struct user_regs *to)
{
	user_store(from);
	world_load(to);
}

/*
 * The guest's EL1 registers stay. Those of its settings that would silently change what EL0 does must be harmless: they
 * are checked when they have changed since the last time.
 */
static inline bool leaks_none(const struct vcpu *v)
{
	uint64_t sctlr = sysreg_read(sctlr_el1), mdscr = sysreg_read(mdscr_el1);

	return (sctlr == v->arch.harmless_sctlr) & (mdscr == v->arch.harmless_mdscr);
}

static inline void fp_open(struct cpu *c, bool open)
{
	if (c->fp_open == open)
		return;
	c->fp_open = open;
	sysreg_write(cptr_el2, open ? CPTR_BASE : CPTR_BASE | CPTR_TFP);
}

/* Between qvm and its guest: if the registers are one's of them, what was right for the other one is now wrong. */
static inline void fp_between(struct cpu *c, const struct thread *t)
{
	if (likely(c->fp_thread != t))
		return;
	c->fp_open = !c->fp_open;
	sysreg_write(cptr_el2, sysreg_read(cptr_el2) ^ CPTR_TFP);
}

/* entry.S: does not return, as arch_resume(). They are called last, so that a branch is enough. */
void vcpu_return(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, struct thread *t);

/* From the vectors. */
/* An exception from EL2 itself, on the emergency stack. `kind` is the offset in the vector table: 0x200 and so on. */
_Noreturn void panic_exception(uint64_t kind);
/* Registers of a call that are not in its frame yet, between them the frame and this CPU. */
#define VECTOR_ARGUMENTS uint64_t x0, uint64_t x1, struct frame *f, struct cpu *c, uint64_t x4, uint64_t x5
void vector_send(VECTOR_ARGUMENTS);
void vector_reply_receive(VECTOR_ARGUMENTS);
void vector_send_pulse(struct frame *f, struct cpu *c);
void guest_sync(struct vcpu *v, struct cpu *c, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t ec,
		uint64_t esr);
uint32_t guest_irq(struct vcpu *v, struct cpu *c);
void guest_irq_long(struct cpu *c, uint32_t intid);
void vcpu_run(uint64_t id, uint64_t action, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, struct thread *t,
	      struct cpu *c);
