/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of a virtual CPU in the processor: its list registers, and the virtual timer, whose physical interrupt is
 * linked to the virtual one.
 */
#include "guest.h"

#include "arch.h"
#include "cpu.h"
#include "gic/irqchip.h"
#include "sysreg.h"
#include "world.h"

#define CNTV_FIRING   5 /* ENABLE and ISTATUS, not IMASK */
#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP1R0_EL2 S3_4_C12_C9_0

unsigned arch_vcpu_lr_count(void)
{
	return (sysreg_read(ICH_VTR_EL2) & 0x1f) + 1;
}

/* clang-format off */
#define LR_EACH(X) \
	X(0, c12, 0) X(1, c12, 1) X(2, c12, 2) X(3, c12, 3) X(4, c12, 4) X(5, c12, 5) X(6, c12, 6) X(7, c12, 7) \
	X(8, c13, 0) X(9, c13, 1) X(10, c13, 2) X(11, c13, 3) X(12, c13, 4) X(13, c13, 5) X(14, c13, 6) X(15, c13, 7)
/* clang-format on */

/* ICH_LR<n>_EL2 is S3_4_C12_C12_<n>, then S3_4_C12_C13_<n - 8>. */
static uint64_t lr_read(unsigned n)
{
	switch (n) {
#define X(i, crm, op2) \
	case i: return sysreg_read(s3_4_c12_##crm##_##op2);
		LR_EACH(X)
#undef X
	default: return 0;
	}
}

static void lr_write(unsigned n, uint64_t value)
{
	switch (n) {
#define X(i, crm, op2) \
	case i: sysreg_write(s3_4_c12_##crm##_##op2, value); break;
		LR_EACH(X)
#undef X
	default: break;
	}
}

/* The line of the virtual timer. */
static bool vtimer_fires(const struct vcpu *v)
{
	if (v->home >= 0)
		return (sysreg_read(cntv_ctl_el0) & 7) == CNTV_FIRING;
	return v->el1.cntv_ctl == CNTV_ENABLE && arch_clock_ticks() - v->cntvoff >= v->el1.cntv_cval;
}

/*
 * The physical interrupt is active exactly while the guest's is pending or active, so that the level does not fire
 * again. The processor has done that itself where it has ended a linked one.
 */
static void vtimer_link(struct vcpu *v)
{
	bool flight = (vgic_pending(&v->vgic) | v->vgic.active) & BIT(VIRQ_VTIMER);

	if (flight != (v->timer_active && !v->vgic.ended))
		irqchip_set_active(ARCH_IRQ_VTIMER, flight);
	v->timer_active = flight;
}

/* Images back into the state. Called with the vCPU's lock, on the CPU that holds them. */
void arch_vcpu_settle(struct vcpu *v)
{
	struct vgic_cpu *g = &v->vgic;
	unsigned eoicount = 0;

	if (v->in_hw) {
		for (uint32_t used = g->lr_used; used; used &= used - 1) {
			unsigned n = (unsigned)__builtin_ctz(used);

			g->lr[n] = lr_read(n);
			lr_write(n, 0);
		}
		eoicount = (unsigned)(sysreg_read(ICH_HCR_EL2) >> ICH_HCR_EOICOUNT_SHIFT) & 31;
		g->running = (uint32_t)(sysreg_read(ICH_AP0R0_EL2) | sysreg_read(ICH_AP1R0_EL2));
		sysreg_write(ICH_HCR_EL2, ICH_HCR_EN);
		v->in_hw = false;
	}
	g->vmcr = v->home >= 0 ? sysreg_read(ICH_VMCR_EL2) : v->el1.ich_vmcr;
	vgic_private_line(g, VIRQ_VTIMER, vtimer_fires(v));
	vgic_fold(g, eoicount);
	if (v->home >= 0)
		vtimer_link(v);
}

void vcpu_offer(struct vcpu *v)
{
	lock_acquire(&v->lock);
	v->dirty = v->edges = false;
	arch_vcpu_settle(v);
	vgic_fill(&v->vgic);
	for (uint32_t used = v->vgic.lr_used; used; used &= used - 1) {
		unsigned n = (unsigned)__builtin_ctz(used);

		lr_write(n, v->vgic.lr[n]);
	}
	sysreg_write(ICH_HCR_EL2, v->vgic.hcr);
	v->in_hw = true;
	lock_release(&v->lock);
}

/*
 * A private interrupt, pending by an edge or linked to a physical one, straight into a list register while the images
 * are in the processor. False: the state must be folded and filled anew (vcpu_offer). On the vCPU's home, so that of
 * what it touches nobody else changes anything.
 */
bool vcpu_insert(struct vcpu *v, unsigned intid)
{
	struct vgic_cpu *g = &v->vgic;
	uint32_t empty = (uint32_t)sysreg_read(ICH_ELRSR_EL2);
	unsigned n = g->lr_of[intid];

	/* Where it was the last time, its image is still right: whoever changes priority or group folds. */
	if (likely((g->lr_used & empty & BIT(n)) && (uint32_t)g->lr[n] == intid)) {
		lr_write(n, (g->lr[n] & ~LR_STATE_ACTIVE) | LR_STATE_PENDING);
		return true;
	}
	if (!vgic_place(g, intid, empty, &n))
		return false;
	lr_write(n, g->lr[n]);
	return true;
}

bool vcpu_edges(struct vcpu *v)
{
	uint32_t edges;

	lock_acquire(&v->lock);
	edges = v->vgic.sgis;
	v->vgic.sgis = 0;
	v->edges = false;
	lock_release(&v->lock);
	for (; edges; edges &= edges - 1) {
		if (vcpu_insert(v, (unsigned)__builtin_ctz(edges)))
			continue;
		lock_acquire(&v->lock);
		v->vgic.sgis |= edges;
		v->dirty = true;
		lock_release(&v->lock);
		return false;
	}
	return true;
}

bool vcpu_quiet(const struct vcpu *v)
{
	uint32_t all = (uint32_t)BIT(v->vgic.lr_count) - 1;

	return !(v->work & ~WORK_TIMER) && (sysreg_read(ICH_ELRSR_EL2) & all) == all;
}

bool vcpu_timer_direct(struct vcpu *v)
{
	if ((sysreg_read(cntv_ctl_el0) & 7) != CNTV_FIRING || !vcpu_insert(v, VIRQ_VTIMER))
		return false;
	v->timer_active = true;
	return true;
}

/*
 * At an exit: the guest may have moved its timer's deadline, so that a pending image must go, or ended the interrupt.
 * On the vCPU's home.
 */
void vcpu_timer_look(struct vcpu *v)
{
	const struct vgic_cpu *g = &v->vgic;
	unsigned n = g->lr_of[VIRQ_VTIMER];

	if ((g->lr_used & BIT(n)) && (uint32_t)g->lr[n] == VIRQ_VTIMER) {
		if (lr_read(n) & LR_STATE_ACTIVE)
			return;
		if (sysreg_read(ICH_ELRSR_EL2) & BIT(n)) {
			v->timer_active = false;
			return;
		}
	}
	if (!vtimer_fires(v))
		v->dirty = true;
}

void arch_vcpu_timer_expired(struct timer *t)
{
	bool virtual = t->kind == TIMER_VCPU_V;
	struct vcpu *v = virtual ? container_of(t, struct vcpu, vtimer) : container_of(t, struct vcpu, ptimer);

	if (virtual && v->home >= 0) {
		vcpu_timer_ahead(v);
		return;
	}
	lock_acquire(&v->lock);
	if (!virtual) /* whoever settles looks at the virtual one himself */
		vgic_private_line(&v->vgic, VIRQ_PTIMER, true);
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
}

/* The physical interrupt stays active until the guest has completed the virtual one that is linked to it. */
void arch_vcpu_irq_timer(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (likely(v) && !(v->work & ~WORK_TIMER) && vcpu_timer_direct(v)) {
		vcpu_wake(v);
		return;
	}
	/* Late: the guest, or an eviction, took the condition away meanwhile. A level that nobody owns must not stay.
	 */
	if (!v || (sysreg_read(cntv_ctl_el0) & 7) != CNTV_FIRING) {
		if (!v)
			sysreg_write(cntv_ctl_el0, 0);
		arch_irq_deactivate(ARCH_IRQ_VTIMER);
		return;
	}
	lock_acquire(&v->lock);
	v->timer_active = true;
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
}

void arch_vcpu_irq_maintenance(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (v) {
		lock_acquire(&v->lock);
		arch_vcpu_settle(v); /* which also takes the condition away */
		v->dirty = true;
		lock_release(&v->lock);
		vcpu_wake(v); /* the timer's line may have risen: its own interrupt does not come any more */
	}
	arch_irq_deactivate(ARCH_IRQ_MAINTENANCE);
}
