/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of attached interrupts, by their INTID, and the calls of processes on them. irq_handle() in call.c brings
 * those that have come.
 */
#include "irq.h"
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "process.h"
#include "vcpu.h"

#define INTIDS 1024

static struct irq *table[INTIDS]; /* from INTID_MAX on empty */

static bool granted(const struct process *p, uint64_t intid, bool *edge)
{
	for (unsigned i = REGION_IRQS; i < REGION_COUNT; i++) {
		if (intid - p->regions[i].start < p->regions[i].bytes) {
			*edge = p->regions[i].flags & REGION_EDGE;
			return true;
		}
	}
	return false;
}

struct irq *irq_at(uint64_t intid)
{
	return intid < INTID_MAX ? table[masked(intid, INTIDS)] : NULL;
}

struct irq *irq_create(struct process *p, uint64_t intid, int64_t *error)
{
	struct irq *i;
	bool edge;

	*error = -KE_PERM;
	if (!granted(p, intid, &edge) || p->guest.sealed)
		return NULL;
	*error = -KE_BUSY;
	if (table[masked(intid, INTIDS)])
		return NULL;
	i = object_create(p, OBJECT_IRQ, error);
	if (!i)
		return NULL;
	i->process = p;
	i->id = (uint32_t)*error;
	i->intid = (uint32_t)intid;
	i->edge = edge;
	pulse_init(&i->pulse, PULSE_PLAIN, 0, 0, 0);
	arch_irq_set_edge(i->intid, edge);
	__atomic_store_n(&table[intid], i, __ATOMIC_RELEASE); /* irq_fire() reads it without a lock */
	return i;
}

int64_t call_InterruptAttachEvent(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	struct irq *i;
	int64_t error;

	if (!channel_of(p, InterruptAttachEvent_chid(f)))
		return -KE_BADF;
	if (InterruptAttachEvent_priority(f) > p->params.max_priority || InterruptAttachEvent_code(f) > 127)
		return -KE_INVAL;
	i = irq_create(p, InterruptAttachEvent_intid(f), &error);
	if (!i)
		return error;
	i->chid = (uint32_t)InterruptAttachEvent_chid(f);
	pulse_init(&i->pulse, PULSE_PLAIN, (int)InterruptAttachEvent_code(f), InterruptAttachEvent_value(f),
		   InterruptAttachEvent_priority(f) ? (unsigned)InterruptAttachEvent_priority(f) : t->base_prio);
	arch_irq_enable(i->intid, t->cpu);
	return i->id;
}

/* The CPU's lock is held until it is done with the interrupt: irq_destroy() waits for that. False: it is not bound. */
static bool fire_bound(uint32_t intid)
{
	struct cpu *c = arch_this_cpu();
	struct thread *woken = NULL;
	struct irq *i;
	bool is_bound;

	lock_acquire(&c->lock);
	i = __atomic_load_n(&table[masked(intid, INTIDS)], __ATOMIC_ACQUIRE);
	is_bound = i && READ_ONCE(i->virq);
	if (is_bound)
		woken = irq_passthrough_fire(i);
	lock_release(&c->lock);
	vcpu_wake(woken);
	return is_bound;
}

static void fire_attached(uint32_t intid)
{
	struct irq *i = table[masked(intid, INTIDS)];
	struct channel *c;

	if (!i) {
		/* Nobody's: it was acknowledged just before irq_destroy() disabled it. */
		arch_irq_deactivate(intid);
		return;
	}
	i->fired = true;
	c = channel_of(i->process, i->chid);
	if (c)
		pulse_send(c, &i->pulse);
}

void irq_fire(uint32_t intid)
{
	const struct irq *i = READ_ONCE(table[masked(intid, INTIDS)]);

	/* Without a lock, it may be gone: kernel memory all the same, and what it says is only where to ask first. */
	if (i && READ_ONCE(i->virq) && fire_bound(intid))
		return;
	lock_acquire(&kernel_lock);
	fire_attached(intid);
	lock_release(&kernel_lock);
}

int64_t call_InterruptUnmask(struct thread *t, struct frame *f)
{
	struct irq *i = handle_lookup(t->process, OBJECT_IRQ, InterruptUnmask_id(f));

	if (!i || i->virq)
		return -KE_BADF; /* of one that is bound the guest decides */
	if (i->fired) {
		i->fired = false;
		arch_irq_deactivate(i->intid);
	}
	return 0;
}

int64_t call_InterruptInfo(struct thread *t, struct frame *f)
{
	const struct irq *i = irq_at(InterruptInfo_intid(f));

	(void)t;
	return i ? i->virq | (i->fired ? IRQ_FIRED : 0) : -KE_SRCH;
}

void irq_destroy(struct irq *i)
{
	struct process *p = i->process;

	arch_irq_disable(i->intid);
	arch_irq_clear(i->intid);
	pulse_cancel(&i->pulse);
	__atomic_store_n(&table[i->intid], NULL, __ATOMIC_RELEASE);
	for (unsigned n = 0; i->virq && n < board.cpu_count; n++) {
		lock_acquire(&cpus[n].lock);
		lock_release(&cpus[n].lock);
	}
	handle_destroy(p, OBJECT_IRQ, i->id, i);
}
