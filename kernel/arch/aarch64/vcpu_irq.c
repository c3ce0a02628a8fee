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

bool vcpu_timer_fires(const struct vcpu *v)
{
	if (v->home)
		return (sysreg_read(cntv_ctl_el0) & 7) == CNTV_FIRING;
	return v->arch.cntv_ctl == CNTV_ENABLE && arch_clock_ticks() - v->counter_offset >= v->arch.cntv_cval_el0;
}

/*
 * The physical interrupt is active exactly while the guest's is pending or active, so that the level does not fire
 * again. Whether the processor has done that already, since it has ended a linked one, is not known.
 */
static void vtimer_link(struct vcpu *v)
{
	bool flight = (vgic_pending(&v->vgic) | v->vgic.active) & BIT(VIRQ_VTIMER);

	if (flight || v->arch_work.timer_active)
		irqchip_set_active(ARCH_IRQ_VTIMER, flight);
	v->arch_work.timer_active = flight;
}

static inline void read_images(struct vgic_cpu *g)
{
	g->lr_empty = irqchip_lr_empty() & g->lr_all;
	for_each_bit (n, g->lr_used & ~g->lr_empty)
		vgic_keep(g, (unsigned)n, irqchip_lr_read((unsigned)n));
}

void vcpu_take_images(struct vcpu *v)
{
	struct vgic_cpu *g = &v->vgic;

	read_images(g);
	for_each_bit (n, g->lr_used & ~g->lr_empty)
		irqchip_lr_write((unsigned)n, 0);
	irqchip_virtual_control(ARCH_VGIC_ON);
	v->in_hw = false;
}

void vcpu_give_images(struct vcpu *v)
{
	for_each_bit (n, v->vgic.lr_used & ~v->vgic.lr_empty)
		irqchip_lr_write((unsigned)n, v->vgic.lr[n]);
	isb();
	irqchip_virtual_control(v->vgic.control);
	v->in_hw = true;
}

/* Images back into the state. Called with the vCPU's lock, on the CPU that holds them, or if none does. */
__attribute__((noinline)) void arch_vcpu_settle(struct vcpu *v)
{
	struct vgic_cpu *g = &v->vgic;
	unsigned eoicount = 0;

	if (v->in_hw) {
		eoicount = irqchip_eoicount();
		g->running = irqchip_virtual_running();
		vcpu_take_images(v);
	}
	g->vmcr = v->home ? irqchip_vmcr() : v->arch.irqchip.vmcr;
	vgic_private_line(g, VIRQ_VTIMER, vcpu_timer_fires(v));
	vgic_fold(g, eoicount);
	if (v->home)
		vtimer_link(v);
}

void arch_vcpu_offer(struct vcpu *v)
{
	v->dirty = v->edges = false;
	vgic_fill(&v->vgic);
	vcpu_give_images(v);
}

/* A write while the images are in the processor, and none is left without one. */
static inline __attribute__((always_inline)) int change_placed(struct vcpu *v, uint64_t op, uint32_t value,
							       uint32_t mask, uint32_t *now)
{
	struct vgic_cpu *g = &v->vgic;
	uint32_t set = vgic_private_set(op, mask), changed = 0;
	int result;

	g->lr_empty = irqchip_lr_empty() & g->lr_all;
	for_each_bit (n, g->lr_used) {
		if (!(BIT(g->lr_index[n]) & set))
			continue;
		if (!(g->lr_empty & BIT(n)))
			vgic_keep(g, (unsigned)n, irqchip_lr_read((unsigned)n));
		vgic_take_out(g, (unsigned)n);
		changed |= (uint32_t)BIT(n);
	}
	result = vgic_private(g, op, value, mask, now);
	if (!vgic_put_back(g, set, &changed) || unlikely(result > 0))
		v->dirty = true;
	for_each_bit (n, changed)
		irqchip_lr_write((unsigned)n, g->lr[n]);
	isb(); /* which are empty is read again before the guest is entered, perhaps */
	return result < 0 ? result : 0;
}

int arch_vcpu_private(struct vcpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *now)
{
	struct vgic_cpu *g = &v->vgic;
	int result;

	if (unlikely(!v->in_hw || v->dirty || v->edges || g->left)) {
		arch_vcpu_settle(v);
		v->dirty = true;
		result = vgic_private(g, op, value, mask, now);
		return result < 0 ? result : 0;
	}
	/* The line is not up to date where the timer has come straight into its image. */
	if (!mask || v->arch_work.timer_active || (g->line & BIT(VIRQ_VTIMER)))
		vgic_private_line(g, VIRQ_VTIMER, vcpu_timer_fires(v));
	if (mask)
		return change_placed(v, op, value, mask, now);
	read_images(g);
	return vgic_private(g, op, value, mask, now);
}

bool vcpu_private_straight(struct vcpu *v, uint64_t op, uint32_t value, uint32_t mask)
{
	uint32_t now;

	if (op > VPRIV_ACTIVE || !mask || v->vgic.left || (v->vgic.line & BIT(VIRQ_VTIMER)))
		return false;
	(void)change_placed(v, op, value, mask, &now);
	return true;
}

void vcpu_offer(struct vcpu *v)
{
	lock_acquire(&v->lock);
	arch_vcpu_settle(v);
	arch_vcpu_offer(v);
	lock_release(&v->lock);
}

/* Into another list register than its last one, if one is empty. */
static __attribute__((noinline)) bool insert_anew(struct vcpu *v, unsigned index)
{
	uint32_t empty = irqchip_lr_empty() & v->vgic.lr_all;
	unsigned n;

	if (!vgic_place(&v->vgic, index, empty, &n))
		return false;
	if (n < VGIC_LR_MAX)
		irqchip_lr_write(n, v->vgic.lr[n]);
	return true;
}

bool vcpu_insert(struct vcpu *v, unsigned index)
{
	return vcpu_insert_again(v, index) || insert_anew(v, index);
}

/* The first of these, whose lines, edges and priorities may change; or all of them are for the next fold. */
static __attribute__((noinline)) bool insert_locked(struct vcpu *v, uint64_t edges)
{
	bool inserted;

	lock_acquire(&v->lock);
	inserted = insert_anew(v, (unsigned)__builtin_ctzll(edges));
	lock_release(&v->lock);
	if (inserted)
		return true;
	__atomic_fetch_or(&v->vgic.arrived, edges, __ATOMIC_RELAXED);
	v->dirty = true;
	return false;
}

static uint64_t take_edges(struct vcpu *v)
{
	v->edges = false;
	return __atomic_exchange_n(&v->vgic.arrived, 0, __ATOMIC_ACQ_REL);
}

static inline __attribute__((always_inline)) bool insert_edges(struct vcpu *v, uint64_t edges)
{
	for (; edges; edges &= edges - 1)
		if (unlikely(!vcpu_insert_again(v, (unsigned)__builtin_ctzll(edges))) && !insert_locked(v, edges))
			return false;
	return true;
}

bool vcpu_edges(struct vcpu *v)
{
	return insert_edges(v, take_edges(v));
}

static bool lower_line(struct vgic_cpu *g, unsigned index)
{
	unsigned n = g->lr_of[index];
	uint64_t lr;

	if (n == VGIC_LR_MAX)
		return !(g->left & BIT(index));
	lr = irqchip_lr_read(n);
	if (!vgic_lower(g, index, &lr))
		return false;
	irqchip_lr_write(n, lr);
	g->lr[n] = lr;
	return true;
}

bool arch_vcpu_show(struct vcpu *v, unsigned index)
{
	if (!v->in_hw)
		return false;
	return (v->vgic.line | v->vgic.repend) & BIT(index) ? vcpu_insert(v, index) : lower_line(&v->vgic, index);
}

/* What is bound to a virtual CPU changes only at its home, here, so this needs no lock of the kernel's. */
bool vcpu_passed(struct vcpu *v, uint32_t intid)
{
	bool bound;

	lock_acquire(&v->lock);
	bound = vgic_fire(&v->vgic, intid);
	lock_release(&v->lock);
	if (bound && (v->dirty || !vcpu_edges(v)))
		vcpu_offer(v);
	return bound;
}

/* It may wait: nothing comes through, by the list registers as they are. */
static bool is_quiet(const struct vcpu *v)
{
	if (v->entry_work & ~ENTRY_WORK_TIMER)
		return false;
	for_each_bit (n, v->vgic.lr_used & ~irqchip_lr_empty())
		if (vgic_delivers(&v->vgic, irqchip_lr_read((unsigned)n), irqchip_vmcr()))
			return false;
	return true;
}

/*
 * WFI: blocks unless something is pending, or may be, since not all is in the list registers: then it is after the next
 * entry. The lock: nobody makes something pending in between.
 */
struct frame *vcpu_trap_wait(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	vcpu_advance(v, esr);
	if (esr & 3) { /* WFE, WFET: not trapped, but harmless */
		sched_yield(v->thread);
		return cpu_leave(c);
	}
	lock_acquire(&v->lock);
	if (is_quiet(v))
		vcpu_wait(c, v);
	else
		v->dirty = true;
	lock_release(&v->lock);
	return cpu_leave(c);
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

	if (vcpu_timer_fires(v)) {
		/* If it was ended it comes again; not if the end was written, before its line rose: VcpuPrivate */
		if (unlikely(n == VGIC_LR_MAX && (g->open & ~g->left & BIT(VIRQ_VTIMER))))
			v->dirty = true;
		return;
	}
	if (n < VGIC_LR_MAX) {
		if (irqchip_lr_empty() & BIT(n)) {
			v->arch_work.timer_active = false;
			return;
		}
		if (irqchip_lr_read(n) & ARCH_LR_ACTIVE)
			return;
	}
	v->dirty = true;
}

struct thread *arch_vcpu_timer_expired(struct timer *t)
{
	struct vcpu *v = container_of(t - (t->kind - TIMER_VCPU), struct vcpu, timers);
	struct thread *woken = NULL;

	lock_acquire(&v->lock);
	if (t == &v->timers[VCPU_PTIMER])
		vcpu_ptimer_look(v);
	if (t != &v->timers[VCPU_VTIMER] || !v->home) /* the virtual one fires when it is loaded */
		woken = vcpu_signal(v);
	else if (v->home == arch_this_cpu())
		vcpu_timer_ahead(v);
	lock_release(&v->lock);
	return woken;
}

/* The physical interrupt stays active until the guest has completed the virtual one that is linked to it. */
void arch_vcpu_irq_timer(struct cpu *c)
{
	struct vcpu *v = c->resident;

	/* Late: the guest, or an eviction, took the condition away meanwhile. A level that nobody owns must not stay.
	 */
	if (unlikely(!v || !vcpu_timer_fires(v))) {
		arch_irq_deactivate(ARCH_IRQ_VTIMER);
		return;
	}
	if ((v->entry_work & ~ENTRY_WORK_TIMER) || !vcpu_insert(v, VIRQ_VTIMER))
		v->dirty = true;
	v->arch_work.timer_active = true;
	lock_acquire(&v->lock);
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

/* ---- while its guest runs ---- */

#define IRQ_DONE 0x80000000u /* entry.S */

static inline uint32_t end_kick(void)
{
	arch_irq_drop(IPI_KICK);
	arch_irq_deactivate(IPI_KICK);
	return IRQ_DONE;
}

static __attribute__((noinline)) uint32_t kick_anew(struct vcpu *v, uint64_t edges)
{
	return insert_edges(v, edges) ? end_kick() : IPI_KICK;
}

/* Edges are all that the virtual CPU is called for, mostly. */
static inline uint32_t guest_kick(struct vcpu *v, const struct cpu *c)
{
	uint64_t edges;

	if (c->attention || (v->entry_work & ~(ENTRY_WORK_TIMER | ENTRY_WORK_EDGES)))
		return IPI_KICK;
	for (edges = take_edges(v); edges; edges &= edges - 1)
		if (unlikely(edges >> 16) || !vcpu_insert_again(v, (unsigned)__builtin_ctzll(edges) & 15))
			return kick_anew(v, edges);
	return end_kick();
}

static __attribute__((noinline)) uint32_t guest_other_irq(struct vcpu *v, const struct cpu *c, uint32_t intid)
{
	if (intid == ARCH_IRQ_VTIMER) {
		if ((v->entry_work & ~(ENTRY_WORK_TIMER | ENTRY_WORK_EDGES)) || !vcpu_timer_direct(v))
			return intid;
	} else if (intid < SPI_FIRST || !v->vgic.bound || cpu_attention(c) || v->kick || !vcpu_passed(v, intid)) {
		return intid;
	}
	arch_irq_drop(intid);
	return IRQ_DONE;
}

/*
 * From the vector: an interrupt while a guest ran, whose frame is not complete. IRQ_DONE: the guest goes on at once;
 * else what is acknowledged, for guest_irq_long().
 */
uint32_t guest_irq(struct vcpu *v, struct cpu *c)
{
	uint32_t intid = arch_irq_ack();

	if (intid == IPI_KICK)
		return guest_kick(v, c);
	if (intid == ARCH_IRQ_VTIMER && !(v->entry_work & ~(ENTRY_WORK_TIMER | ENTRY_WORK_EDGES)) &&
	    (sysreg_read(cntv_ctl_el0) & 7) == CNTV_FIRING && vcpu_insert_again(v, VIRQ_VTIMER)) {
		v->arch_work.timer_active = true;
		arch_irq_drop(ARCH_IRQ_VTIMER);
		return IRQ_DONE;
	}
	return guest_other_irq(v, c, intid);
}

void guest_irq_long(struct cpu *c, uint32_t intid)
{
	irq_handle(c, intid);
	arch_resume(cpu_leave(c));
}
