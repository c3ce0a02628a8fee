/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of devices that were passed to a guest: the host's interrupt is linked to the guest's
 * (ARCH_LR_LINKED), so that it stays active, hence cannot fire again, until the guest completes its own. What the
 * guest has not enabled stays pending at the interrupt controller. A guest that never completes one waits for itself.
 */
#include "arch.h"
#include "cpu.h"
#include "irq.h"
#include "process.h"
#include "vcpu.h"

/* Back to the interrupt controller. It looks at a level again by itself; it has forgotten an edge. */
static void give_back(const struct irq *i)
{
	if (i->edge)
		arch_irq_set_pending(i->intid, true);
	arch_irq_deactivate(i->intid);
}

/* The CPU that has the vCPU's registers, or had them last. */
static unsigned cpu_of(const struct vcpu *v)
{
	if (v->home)
		return v->home->id;
	return v->thread ? v->thread->cpu : arch_this_cpu()->id;
}

struct thread *irq_passthrough_fire(struct irq *i)
{
	struct vcpu *v = __atomic_load_n(&i->vcpu, __ATOMIC_ACQUIRE);
	struct thread *woken = NULL;
	bool on = v != NULL;

	if (v) {
		lock_acquire(&v->lock);
		on = i->vcpu == v;
		if (on) {
			vgic_fire(&v->vgic, i->intid);
			v->dirty = true;
			/* The vCPU has moved since: the next one goes there at once. */
			if (cpu_of(v) != arch_this_cpu()->id)
				arch_irq_route(i->intid, cpu_of(v));
			woken = vcpu_signal(v);
		}
		lock_release(&v->lock);
	}
	if (!on)
		give_back(i); /* it came before it was switched off */
	return woken;
}

int64_t irq_passthrough_withdraw(struct vcpu *v, unsigned intid, unsigned what)
{
	const struct irq *i = irq_at(vgic_host(&v->vgic, intid));
	int state = vgic_query(&v->vgic, intid);

	if (!i)
		return vgic_withdraw(&v->vgic, intid, what);
	if ((state & VIRQ_PENDING) && i->edge)
		arch_irq_set_pending(i->intid, true);
	vgic_withdraw(&v->vgic, intid, what);
	return state & VIRQ_ACTIVE; /* what was pending is so at the interrupt controller */
}

static void switch_off(struct irq *i)
{
	struct vcpu *v = i->vcpu;

	arch_irq_disable(i->intid);
	WRITE_ONCE(i->vcpu, NULL);
	vgic_unbind(&v->vgic, i->virq);
	if (vgic_query(&v->vgic, i->virq) == VIRQ_PENDING)
		irq_passthrough_withdraw(v, i->virq, VIRQ_PENDING);
}

static int64_t switch_on(struct irq *i, struct vcpu *v, unsigned prio)
{
	int64_t error = vgic_bind(&v->vgic, i->virq, i->intid, prio);

	if (error || i->vcpu)
		return error;
	__atomic_store_n(&i->vcpu, v, __ATOMIC_RELEASE);
	arch_irq_enable(i->intid, cpu_of(v));
	return 0;
}

/* It is pending in the guest, or waits at the interrupt controller; or it is active, perhaps at the vCPU before. */
static int64_t state_of(const struct irq *i, const struct vcpu *v)
{
	int state = vgic_query(&v->vgic, i->virq);

	if (!state && arch_irq_is_active(i->intid))
		state = VIRQ_ACTIVE;
	return state | (arch_irq_is_pending(i->intid) ? VIRQ_PENDING : 0);
}

int64_t irq_passthrough_change(struct vcpu *v, uint64_t host, uint64_t intid, unsigned prio, unsigned flags)
{
	struct irq *i = irq_at(host);
	int64_t error;

	if (!i || i->process != v->process) {
		i = irq_create(v->process, host, &error); /* not once the VM is sealed */
		if (!i)
			return error;
		WRITE_ONCE(i->virq, (uint16_t)intid);
	}
	if (i->virq != intid)
		return i->virq ? -KE_INVAL : -KE_BUSY;
	if (i->vcpu && i->vcpu != v)
		return -KE_BUSY;
	if (flags & BIND_CLEAR) {
		if (vgic_query(&v->vgic, i->virq) == VIRQ_PENDING)
			vgic_withdraw(&v->vgic, i->virq, VIRQ_PENDING);
		arch_irq_set_pending(i->intid, false);
	}
	if (flags & BIND_ON) {
		error = switch_on(i, v, prio);
		if (error)
			return error;
	} else if (i->vcpu) {
		switch_off(i);
	}
	return state_of(i, v);
}
