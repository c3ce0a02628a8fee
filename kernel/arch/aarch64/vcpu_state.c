/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a virtual CPU that stays in the processor until another one comes: into memory, and back. */
#include "arch.h"
#include "control.h"
#include "cpu.h"
#include "gic/irqchip.h"
#include "gic/sgi.h"
#include "guest.h"
#include "process.h"
#include "sysreg.h"
#include "world.h"

#define SCTLR_EL1_RESET 0x30c50838ull /* as QEMU's and Arm's cores come up: RES1 bits, MMU and caches off */

/* ---- debug registers, switched from their first use on ---- */

#define MDSCR_MDE BIT(15)
#define DBGWCR_E  BIT(0)

#define DBG_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define DBG_COUNT(low) (sysreg_field(id_aa64dfr0_el1, low) + 1)

/* clang-format off */
#define DBG_SAVE(n, k, count)                                                                               \
	if ((n) < (count)) {                                                                                \
		v->arch.dbg##k##cr[n] = sysreg_read(dbg##k##cr##n##_el1);                                   \
		v->arch.dbg##k##vr[n] = sysreg_read(dbg##k##vr##n##_el1);                                   \
		sysreg_write(dbg##k##cr##n##_el1, 0);                                                       \
	}
#define DBG_LOAD(n, k, count)                                                                               \
	if ((n) < (count)) {                                                                                \
		sysreg_write(dbg##k##vr##n##_el1, v->arch.dbg##k##vr[n]);                                   \
		sysreg_write(dbg##k##cr##n##_el1, v->arch.dbg##k##cr[n]);                                   \
	}
/* clang-format on */

static void debug_save(struct vcpu *v)
{
	unsigned b = DBG_COUNT(12), w = DBG_COUNT(20);

	/* Saved, then off: they would compare in other worlds too. */
#define X(n) DBG_SAVE(n, b, b) DBG_SAVE(n, w, w)
	DBG_EACH(X)
#undef X
	isb(); /* only under the OS lock can the communication channel be read without being used (Arm ARM H6.3) */
#define X(name)                           \
	v->arch.name = sysreg_read(name); \
	sysreg_write(name, 0);
	DEBUG_SWITCHED(X)
#undef X
	v->arch.dbgclaim = sysreg_read(dbgclaimclr_el1);
	sysreg_write(dbgclaimclr_el1, 0xff);
	sysreg_write(mdscr_el1, 0);
	sysreg_write(mdcr_el2, control_mdcr());
}

static void debug_load(const struct vcpu *v)
{
	unsigned b = DBG_COUNT(12), w = DBG_COUNT(20);

#define X(n) DBG_LOAD(n, b, b) DBG_LOAD(n, w, w)
	DBG_EACH(X)
#undef X
#define X(name) sysreg_write(name, v->arch.name);
	DEBUG_SWITCHED(X)
#undef X
	sysreg_write(dbgclaimset_el1, v->arch.dbgclaim);
	sysreg_write(mdcr_el2, control_mdcr() & ~MDCR_TDA);
}

void vcpu_debug_open(struct vcpu *v)
{
	v->arch.debug_live = true;
	debug_load(v);
}

bool vcpu_watches(const struct vcpu *v)
{
	const unsigned w = DBG_COUNT(20);
	uint64_t enabled = 0;

	if (!v->arch.debug_live || !(sysreg_read(mdscr_el1) & MDSCR_MDE))
		return false;
#define X(n)         \
	if ((n) < w) \
		enabled |= sysreg_read(dbgwcr##n##_el1);
	DBG_EACH(X)
#undef X
	return enabled & DBGWCR_E;
}

/* ---- evict and load ---- */

/* clang-format off */
/* A pair is one access to memory, near its base. */
#define EL1_SAVE(a, b) { uint64_t a = sysreg_read(a), b = sysreg_read(b); el1->a = a; el1->b = b; }
#define EL1_LOAD(a, b) { uint64_t a = el1->a, b = el1->b; sysreg_write(a, a); sysreg_write(b, b); }
/* clang-format on */

/* The guest's counter is the host's minus an offset, modulo 2^64: it may be ahead, and wrap. */
uint64_t guest_deadline(const struct vcpu *v, uint64_t cval)
{
	uint64_t now = arch_clock_ticks(), count = now - v->counter_offset;

	if (count >= cval)
		return 0;
	return clock_deadline(cval - count > UINT64_MAX - now ? UINT64_MAX : now + (cval - count));
}

/*
 * QEMU's model of the timer adds offset and compare value without the wrap, so that the interrupt never comes in a
 * guest whose counter is ahead of the host's. Whatever is written to the register is compared anew.
 */
#define AHEAD_NS 1000000

void vcpu_timer_ahead(struct vcpu *v)
{
	uint64_t now = arch_clock_ticks();

	if (v->counter_offset <= now)
		return;
	sysreg_write(cntv_cval_el0, sysreg_read(cntv_cval_el0));
	timer_set(&v->timers[VCPU_VTIMER], arch_clock_ns(now) + AHEAD_NS);
}

/*
 * The guest's timer goes on as a timer of the kernel's, unless it is up and that has been seen. It has, unless the vCPU
 * waits in WFI and its interrupt was just about to come. Then, and where ends are to be put down to interrupts without
 * an image, the images are folded.
 */
static void timer_to_soft(struct cpu *c, struct vcpu *v)
{
	struct timer *t = &v->timers[VCPU_VTIMER];
	bool seen = vcpu_timer_fires(v);

	if (unlikely(irqchip_eoicount() || (seen && READ_ONCE(v->waiting)))) {
		lock_acquire(&v->lock);
		arch_vcpu_settle(v);
		v->dirty = true;
		seen = seen && !(v->waiting && vgic_deliverable(&v->vgic, v->vgic.vmcr));
		lock_release(&v->lock);
	}
	v->arch.cntv_ctl = sysreg_read(cntv_ctl_el0) & (CNTV_ENABLE | CNTV_IMASK);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	if (v->arch_work.timer_active)
		irqchip_set_active(ARCH_IRQ_VTIMER, false);
	if (unlikely(READ_ONCE(t->index)))
		timer_disarm(t);
	if (v->arch.cntv_ctl != CNTV_ENABLE || seen)
		return;
	lock_acquire(&c->lock);
	timer_set(t, guest_deadline(v, v->arch.cntv_cval_el0));
	lock_release(&c->lock);
}

bool arch_vcpu_evict(struct cpu *c)
{
	struct vcpu *v = c->resident;
	struct arch_vcpu *el1;
	bool requested;

	if (!v)
		return false;
	el1 = &v->arch;
	if (unlikely(v->arch_work.leaked))
		world_restore_leaked(v);
	__asm__("" : "+r"(el1));
	EL1_SWITCHED(EL1_SAVE)
	v->arch.mdscr_el1 = sysreg_read(mdscr_el1);
	if (HAS_RAS)
		v->arch.vdisr = sysreg_read(VDISR_EL2);
	sysreg_write(oslar_el1, 1);
	if (v->arch.debug_live)
		debug_save(v);
	irqchip_virtual_save(&v->arch.irqchip);
	timer_to_soft(c, v);
	if (c->fp_owner == &v->fpu)
		arch_fpu_save(c, &v->fpu); /* no register of it stays on a CPU that is not its home */
	world_clear_el1();
	c->resident = NULL;
	lock_acquire(&v->lock);
	if (v->in_hw)
		vcpu_take_images(v);
	if (v->arch_work.timer_active) /* vcpu_load() makes the physical one so */
		v->arch_work.timer_active = vgic_in_flight(&v->vgic, VIRQ_VTIMER);
	v->away = true;
	__atomic_store_n(&v->home, NULL, __ATOMIC_RELEASE);
	requested = READ_ONCE(v->requested); /* this CPU was asked, and will not hear of it again */
	lock_release(&v->lock);
	return requested;
}

static void load_registers(struct vcpu *v)
{
	const struct arch_vcpu *el1 = &v->arch;

	v->arch_work.leaked = 0;
	__asm__("" : "+r"(el1));
	EL1_SWITCHED(EL1_LOAD)
	sysreg_write(mdscr_el1, v->arch.mdscr_el1);
	if (HAS_RAS)
		sysreg_write(VDISR_EL2, v->arch.vdisr);
	if (unlikely(v->arch.debug_live))
		debug_load(v);
	sysreg_write(oslar_el1, v->arch.oslock);
	sysreg_write(vmpidr_el2, v->affinity | BIT(31));
	irqchip_virtual_load(&v->arch.irqchip);
	sysreg_write(cntvoff_el2, v->counter_offset);
	sysreg_write(cntv_ctl_el0, v->arch.cntv_ctl);
}

void vcpu_load(struct cpu *c, struct vcpu *v)
{
	bool folded;

	vcpu_put_away(c);
	if (READ_ONCE(v->timers[VCPU_VTIMER].index))
		timer_disarm(&v->timers[VCPU_VTIMER]);
	c->resident = v;
	lock_acquire(&v->lock);
	__atomic_store_n(&v->home, c, __ATOMIC_RELEASE);
	folded = v->dirty; /* or will be */
	v->away = false;
	if (unlikely(v->requested)) /* who asked may have called the CPU that had them before */
		c->own |= ATTENTION_LOOK;
	lock_release(&v->lock);
	if (unlikely(v->counter_offset > arch_clock_ticks())) {
		lock_acquire(&c->lock);
		vcpu_timer_ahead(v);
		lock_release(&c->lock);
	}
	if (cpu_attention(c))
		arch_ipi_send(c->id, IPI_KICK); /* somebody was woken, and this CPU has already chosen */
	load_registers(v);
	if (!folded)
		vcpu_give_images(v);
	isb();
	/* As its virtual one, which it is linked to; the timer may have fired since. */
	if (v->arch_work.timer_active || (!folded && vcpu_timer_direct(v)))
		irqchip_set_active(ARCH_IRQ_VTIMER, true);
	vcpu_came(c, v);
}

void arch_vcpu_drop(struct cpu *c, struct vcpu *v)
{
	fp_forget(c, &v->fpu);
	if (c->user == &v->user)
		c->user = NULL;
	if (c->resident == v && arch_vcpu_evict(c))
		vcpu_serve(c, v);
	timer_disarm(&v->timers[VCPU_VTIMER]);
	lock_acquire(&v->lock);
	v->thread = NULL;
	lock_release(&v->lock);
}

/* ---- reset and registers ---- */

void arch_vcpu_reset(struct vcpu *v)
{
	memset(&v->frame, 0, sizeof(v->frame));
	v->user = (struct user_regs){
	    .vttbr = space_vttbr(&v->process->guest),
	    .hcr = hcr_guest(v->flags, sysreg_field(ID_AA64MMFR2_EL1, 56)),
	};
	memset(&v->arch.harmless_sctlr, 0, sizeof(v->arch) - offsetof(struct arch_vcpu, harmless_sctlr));
	memset(&v->fpu, 0, sizeof(v->fpu));
	v->frame.pstate = PSTATE_EL1H_MASKED;
	v->arch.sctlr_el1 = SCTLR_EL1_RESET;
	v->arch.oslock = 1;
	v->arch.set_way_level = ARRAY_COUNT(v->arch.set_way) - 1; /* nothing is covered */
	v->arch.sgi_self = sgi_target(v->affinity);
	vgic_private_line(&v->vgic, VIRQ_PTIMER, false); /* a core's reset is not its redistributor's */
	v->dirty = true;
	v->arch_work.leaked = 0;
	v->exit = EXIT_KICK; /* nothing to finish */
}

/* NULL: no such. */
static uint64_t *register_of(struct vcpu *v, uint64_t reg)
{
	if (reg <= VREG_X0 + 30)
		return &v->frame.x[masked(reg, 32)];
	if (reg >= VREG_V0 && reg < VREG_V0 + 64)
		return (uint64_t *)v->fpu.v + masked(reg - VREG_V0, 64);
	if (reg >= VREG_DBGWCR0 && reg < VREG_DBGWCR0 + 16)
		return &v->arch.dbgwcr[masked(reg - VREG_DBGWCR0, 16)];
	if (reg >= VREG_DBGWVR0 && reg < VREG_COUNT)
		return &v->arch.dbgwvr[masked(reg - VREG_DBGWVR0, 16)];
	switch (reg) {
	case VREG_PC: return &v->frame.pc;
	case VREG_PSTATE: return &v->frame.pstate;
	case VREG_SP_EL0: return &v->user.sp_el0;
	case VREG_SP_EL1: return &v->arch.sp_el1;
	case VREG_SCTLR_EL1: return &v->arch.sctlr_el1;
	case VREG_TCR_EL1: return &v->arch.tcr_el1;
	case VREG_TTBR0_EL1: return &v->arch.ttbr0_el1;
	case VREG_TTBR1_EL1: return &v->arch.ttbr1_el1;
	case VREG_VBAR_EL1: return &v->arch.vbar_el1;
	case VREG_ELR_EL1: return &v->arch.elr_el1;
	case VREG_SPSR_EL1: return &v->arch.spsr_el1;
	case VREG_ESR_EL1: return &v->arch.esr_el1;
	case VREG_FAR_EL1: return &v->arch.far_el1;
	case VREG_MAIR_EL1: return &v->arch.mair_el1;
	case VREG_CNTVOFF: return &v->counter_offset;
	case VREG_EXITS: return &v->exits;
	case VREG_EXIT_ESR: return &v->arch.exit_esr;
	case VREG_EXIT_FAR: return &v->arch.exit_far;
	case VREG_MDSCR_EL1: return &v->arch.mdscr_el1;
	case VREG_OSLOCK: return &v->arch.oslock;
	default: return NULL;
	}
}

int64_t arch_vcpu_get(struct vcpu *v, uint64_t reg, bool running, uint64_t *value)
{
	const uint64_t *at = register_of(v, reg);

	if (running && reg != VREG_PC && reg != VREG_PSTATE && reg != VREG_EXITS)
		return -KE_BUSY;
	if (!at)
		return -KE_INVAL;
	*value = *at;
	return 0;
}

int64_t arch_vcpu_set(struct vcpu *v, uint64_t reg, bool running, uint64_t value)
{
	uint64_t *at = register_of(v, reg);

	if (running)
		return -KE_BUSY;
	if (reg == VREG_RESET) {
		arch_vcpu_reset(v);
		return 0;
	}
	if (!at || reg == VREG_EXITS)
		return -KE_INVAL;
	if (reg == VREG_CNTVOFF && v->process->guest.sealed)
		return -KE_PERM;
	/* A guest runs at EL1 or EL0, in AArch64: anything else would be an illegal return. */
	if (reg == VREG_PSTATE && (value & 0x1f) != 0 && (value & 0x1f) != 4 && (value & 0x1f) != 5)
		return -KE_INVAL;
	*at = value;
	return 0;
}
