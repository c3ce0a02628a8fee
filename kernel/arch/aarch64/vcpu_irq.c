/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of a virtual CPU in the processor: its list registers, and the virtual timer, whose physical interrupt is
 * linked to the virtual one.
 */
#include "arch.h"
#include "cpu.h"
#include "gic/irqchip.h"
#include "guest.h"
#include "sysreg.h"
#include "world.h"

#define CNTV_FIRING 5 /* ENABLE and ISTATUS, not IMASK */

/* The line of the virtual timer. */
static bool vtimer_fires(const struct vcpu *v)
{
	if (v->home)
		return (sysreg_read(cntv_ctl_el0) & 7) == CNTV_FIRING;
	return v->arch.cntv_ctl == CNTV_ENABLE && arch_clock_ticks() - v->counter_offset >= v->arch.cntv_cval;
}

/*
 * The physical interrupt is active exactly while the guest's is pending or active, so that the level does not fire
 * again. The processor has done that itself where it has ended a linked one.
 */
static void vtimer_link(struct vcpu *v)
{
	bool flight = (vgic_pending(&v->vgic) | v->vgic.active) & BIT(VIRQ_VTIMER);

	if (flight != (v->arch_work.timer_active && !v->vgic.ended))
		irqchip_set_active(ARCH_IRQ_VTIMER, flight);
	v->arch_work.timer_active = flight;
}

/* Images back into the state. Called with the vCPU's lock, on the CPU that holds them. */
void arch_vcpu_settle(struct vcpu *v)
{
	struct vgic_cpu *g = &v->vgic;
	unsigned eoicount = 0;

	if (v->in_hw) {
		for (uint32_t used = g->lr_used; used; used &= used - 1) {
			unsigned n = (unsigned)__builtin_ctz(used);

			g->lr[n] = irqchip_lr_read(n);
			irqchip_lr_write(n, 0);
		}
		eoicount = irqchip_eoicount();
		g->running = irqchip_virtual_running();
		irqchip_virtual_control(ARCH_VGIC_ON);
		v->in_hw = false;
	}
	g->vmcr = v->home ? irqchip_vmcr() : v->arch.irqchip.vmcr;
	vgic_private_line(g, VIRQ_VTIMER, vtimer_fires(v));
	vgic_fold(g, eoicount);
	if (v->home)
		vtimer_link(v);
}

/* The vCPU's lock is held. */
static void offer_images(struct vcpu *v)
{
	v->dirty = v->edges = false;
	arch_vcpu_settle(v);
	vgic_fill(&v->vgic);
	for_each_bit (n, v->vgic.lr_used)
		irqchip_lr_write((unsigned)n, v->vgic.lr[n]);
	irqchip_virtual_control(v->vgic.control);
	v->in_hw = true;
}

void vcpu_offer(struct vcpu *v)
{
	lock_acquire(&v->lock);
	offer_images(v);
	lock_release(&v->lock);
}

/* What is bound to a virtual CPU changes only at its home, here, so this needs no lock of the kernel's. */
bool vcpu_passed(struct vcpu *v, uint32_t intid)
{
	bool bound;

	lock_acquire(&v->lock);
	bound = vgic_fire(&v->vgic, intid);
	if (bound)
		offer_images(v);
	lock_release(&v->lock);
	return bound;
}

/* Into another list register than its last one: an empty one, or that of somebody less important. */
static __attribute__((noinline)) bool insert_anew(struct vcpu *v, unsigned intid, uint32_t empty)
{
	struct vgic_cpu *g = &v->vgic;
	uint64_t control = g->control;
	unsigned n;

	empty &= (uint32_t)BIT(g->lr_count) - 1;
	if (!empty) {
		if (irqchip_eoicount())
			return false;
		g->vmcr = irqchip_vmcr();
		for (n = 0; n < g->lr_count; n++)
			g->lr[n] = irqchip_lr_read(n);
	}
	if (!vgic_place(g, intid, empty, &n))
		return false;
	irqchip_lr_write(n, g->lr[n]);
	if (g->control != control)
		irqchip_virtual_control(g->control);
	return true;
}

/*
 * A private interrupt, pending by an edge or linked to a physical one, straight into a list register while the images
 * are in the processor. False: the state must be folded and filled anew (vcpu_offer). It runs on the vCPU's home: no
 * other CPU changes what it touches.
 */
bool vcpu_insert(struct vcpu *v, unsigned intid)
{
	struct vgic_cpu *g = &v->vgic;
	uint32_t empty = irqchip_lr_empty();
	unsigned n;

	if (unlikely(!vgic_place_again(g, intid, empty, &n)))
		return insert_anew(v, intid, empty);
	irqchip_lr_write(n, (g->lr[n] & ~ARCH_LR_ACTIVE) | ARCH_LR_PENDING);
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

	return !(v->entry_work & ~ENTRY_WORK_TIMER) && (irqchip_lr_empty() & all) == all;
}

bool vcpu_timer_direct(struct vcpu *v)
{
	if ((sysreg_read(cntv_ctl_el0) & 7) != CNTV_FIRING || !vcpu_insert(v, VIRQ_VTIMER))
		return false;
	v->arch_work.timer_active = true;
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

	if (n < VGIC_LR_MAX) {
		if (irqchip_lr_read(n) & ARCH_LR_ACTIVE)
			return;
		if (irqchip_lr_empty() & BIT(n)) {
			v->arch_work.timer_active = false;
			return;
		}
	}
	if (!vtimer_fires(v))
		v->dirty = true;
}

struct thread *arch_vcpu_timer_expired(struct timer *t)
{
	struct vcpu *v = container_of(t - (t->kind - TIMER_VCPU), struct vcpu, timers);
	struct thread *woken = NULL;

	lock_acquire(&v->lock);
	if (t == &v->timers[VCPU_PTIMER])
		vcpu_ptimer_look(v);
	if (t == &v->timers[VCPU_PTIMER] || !v->home) { /* whoever settles looks at the virtual one himself */
		v->dirty = true;
		woken = vcpu_signal(v);
	} else if (v->home == arch_this_cpu()) {
		vcpu_timer_ahead(v);
	}
	lock_release(&v->lock);
	return woken;
}

/* The physical interrupt stays active until the guest has completed the virtual one that is linked to it. */
void arch_vcpu_irq_timer(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (likely(v) && !(v->entry_work & ~ENTRY_WORK_TIMER) && vcpu_timer_direct(v)) {
		lock_acquire(&v->lock);
		vcpu_tell(v);
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
	v->arch_work.timer_active = true;
	v->dirty = true;
	vcpu_tell(v);
}

void arch_vcpu_irq_maintenance(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (v) {
		lock_acquire(&v->lock);
		arch_vcpu_settle(v); /* which also takes the condition away */
		v->dirty = true;
		vcpu_tell(v); /* the timer's line may have risen: its own interrupt does not come any more */
	}
	arch_irq_deactivate(ARCH_IRQ_MAINTENANCE);
}
