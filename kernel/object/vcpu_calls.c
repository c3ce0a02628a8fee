/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on virtual CPUs. Those that need the current state run on the CPU that holds the vCPU's registers: at once if
 * that is this CPU, else as a request that the caller waits for.
 */
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "irq.h"
#include "process.h"
#include "vcpu.h"

static struct vcpu *vcpu_of(struct process *p, uint64_t id)
{
	return handle_lookup_unlocked(p, OBJECT_VCPU, id);
}

int64_t call_VcpuCreate(struct thread *t, struct frame *f)
{
	struct process *p = t->process;
	uint64_t index = VcpuCreate_index(f);
	struct vcpu *v;
	int64_t id;

	if (!p->params.guest || p->guest.sealed)
		return -KE_PERM;
	if (index >= VCPU_MAX || (VcpuCreate_affinity(f) & ~ARCH_AFFINITY_MASK) ||
	    (VcpuCreate_flags(f) & ~(uint64_t)(VCPU_NO_WFI_EXIT | VCPU_LOCAL_MAINTENANCE)))
		return -KE_INVAL;
	if (p->vcpus[masked(index, VCPU_MAX)])
		return -KE_EXIST;
	v = object_create(p, OBJECT_VCPU, &id);
	if (!v)
		return id;
	v->process = p;
	v->id = (uint32_t)id;
	v->index = (uint32_t)index;
	v->flags = (uint32_t)VcpuCreate_flags(f);
	v->affinity = VcpuCreate_affinity(f);
	v->lock = (struct lock)LOCK_INIT(RANK_VCPU);
	v->away = true;
	for (unsigned i = 0; i < ARCH_VCPU_TIMERS; i++)
		v->timers[i].kind = (uint8_t)(TIMER_VCPU + i);
	list_init(&v->requests);
	v->counter_offset = UINT64_MAX;
	vgic_reset(&v->vgic, arch_vcpu_lr_count());
	arch_vcpu_reset(v);
	__atomic_store_n(&p->vcpus[index], v, __ATOMIC_RELEASE);
	return id;
}

void vcpu_destroy(struct vcpu *v)
{
	struct process *p = v->process;

	for (unsigned i = 0; i < ARCH_VCPU_TIMERS; i++)
		timer_disarm(&v->timers[i]);
	p->vcpus[v->index] = NULL;
	handle_destroy(p, OBJECT_VCPU, v->id, v);
}

int64_t vcpu_bind(struct vcpu *v, struct thread *t)
{
	struct process *p = t->process;
	int64_t error = 0;

	lock_acquire(&kernel_lock);
	if (t->late) {
		error = -KE_PERM;
	} else if (v->thread || t->vcpu) {
		error = -KE_BUSY;
	} else {
		v->thread = t;
		t->vcpu = v;
		if (!p->guest.sealed)
			p->counter_offset = v->counter_offset == UINT64_MAX ? arch_clock_ticks() : v->counter_offset;
		p->guest.sealed = true;
		v->counter_offset = p->counter_offset;
	}
	lock_release(&kernel_lock);
	return error;
}

int64_t call_VcpuRun(struct thread *t, struct frame *f)
{
	struct vcpu *v = vcpu_of(t->process, VcpuRun_vcpu(f));
	int64_t error;

	if (unlikely(!v))
		return -KE_BADF;
	if (unlikely(v->thread != t)) {
		error = vcpu_bind(v, t);
		if (error)
			return error;
	}
	t->in_guest = arch_vcpu_run(arch_this_cpu(), v, f);
	return t->in_guest ? 0 : -KE_INVAL;
}

/* ---- calls that need the state ---- */

static bool in_guest(const struct vcpu *v)
{
	return v->thread && v->thread->in_guest;
}

static int64_t get_register(struct cpu *c, struct vcpu *v, struct frame *f)
{
	uint64_t value;
	int64_t error = arch_vcpu_get(c, v, VcpuGet_vreg(f), in_guest(v), &value);

	if (!error)
		VcpuGet_set_value(f, value);
	return error;
}

static int64_t vcpu_apply(struct cpu *c, struct vcpu *v, struct frame *f)
{
	uint64_t call = call_number(f);
	uint32_t out = 0;
	int64_t result;

	if (call == CALL_VcpuGet)
		return get_register(c, v, f);
	if (call == CALL_VcpuSet)
		return arch_vcpu_set(c, v, VcpuSet_vreg(f), in_guest(v), VcpuSet_value(f));
	lock_acquire(&v->lock);
	arch_vcpu_settle(v);
	if (call == CALL_VcpuPrivate) {
		result = vgic_private(&v->vgic, (unsigned)VcpuPrivate_vpriv(f), (uint32_t)VcpuPrivate_value(f),
				      (uint32_t)VcpuPrivate_mask(f), &out);
		VcpuPrivate_set_now(f, out);
	} else if (call == CALL_VcpuWithdraw) {
		result = irq_passthrough_withdraw(v, (unsigned)VcpuWithdraw_intid(f), (unsigned)VcpuWithdraw_what(f));
	} else if (call == CALL_VcpuBind) {
		result = irq_passthrough_change(v, VcpuBind_host(f), VcpuBind_intid(f), (unsigned)VcpuBind_priority(f),
						(unsigned)VcpuBind_flags(f));
	} else {
		result = vgic_query(&v->vgic, (unsigned)VcpuQuery_intid(f));
	}
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
	return result;
}

static int64_t vcpu_call_at_home(struct thread *t, struct frame *f, uint64_t vcpu)
{
	struct vcpu *v = vcpu_of(t->process, vcpu);
	struct cpu *c = arch_this_cpu();

	if (!v)
		return -KE_BADF;
	if (!v->home || v->home == c)
		return vcpu_apply(c, v, f);
	if (!list_empty(&v->requests)) {
		arch_cpu_relax(); /* one at a time: all that a process could have would keep interrupts off for too long
				   */
		return CALL_RESTART;
	}
	thread_block(t, STATE_VCPU);
	list_add_tail(&v->requests, &t->wait_link);
	sched_kick(v->home->id);
	return CALL_BLOCKED;
}

/* On the CPU that holds the vCPU's registers, or has just put them into memory. The caller pays for it. */
void vcpu_serve(struct cpu *c, struct vcpu *v)
{
	while (!list_empty(&v->requests)) {
		struct thread *t = list_entry(v->requests.next, struct thread, wait_link);
		uint64_t start = arch_clock_ticks(), used;

		list_del(&t->wait_link);
		thread_wake(t, vcpu_apply(c, v, &t->frame));
		used = arch_clock_ticks() - start;
		t->cpu_ticks += used;
		c->run_start += used;
	}
}

/* The state of one that does not run here goes to memory: more requests need no interrupt of this CPU. */
void vcpu_requests(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (likely(!v || list_empty(&v->requests)))
		return;
	if (v->thread && v->thread == c->current)
		vcpu_serve(c, v);
	else
		arch_vcpu_evict(c);
}

int64_t call_VcpuGet(struct thread *t, struct frame *f)
{
	return vcpu_call_at_home(t, f, VcpuGet_vcpu(f));
}

int64_t call_VcpuSet(struct thread *t, struct frame *f)
{
	return vcpu_call_at_home(t, f, VcpuSet_vcpu(f));
}

/* It only becomes more: the CPU that holds the images need not be asked. */
static int64_t set_pending(struct thread *t, struct frame *f)
{
	struct vcpu *v = vcpu_of(t->process, VcpuPrivate_vcpu(f));
	uint32_t bits = (uint32_t)VcpuPrivate_mask(f);

	if (!v)
		return -KE_BADF;
	lock_acquire(&v->lock);
	v->vgic.repend |= bits;
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
	VcpuPrivate_set_now(f, bits);
	return 0;
}

int64_t call_VcpuPrivate(struct thread *t, struct frame *f)
{
	if (VcpuPrivate_vpriv(f) > VPRIV_PRIO0 + 7 ||
	    (VcpuPrivate_vpriv(f) > VPRIV_CTLR && VcpuPrivate_vpriv(f) < VPRIV_PRIO0))
		return -KE_INVAL;
	if (VcpuPrivate_vpriv(f) == VPRIV_PENDING && (uint32_t)VcpuPrivate_mask(f) &&
	    !(VcpuPrivate_mask(f) & ~VcpuPrivate_value(f)))
		return set_pending(t, f);
	return vcpu_call_at_home(t, f, VcpuPrivate_vcpu(f));
}

static bool spi_ok(uint64_t intid)
{
	return intid >= 32 && intid < VIRQ_SPI_MAX;
}

int64_t call_VcpuWithdraw(struct thread *t, struct frame *f)
{
	return spi_ok(VcpuWithdraw_intid(f)) && VcpuWithdraw_what(f) <= (VIRQ_PENDING | VIRQ_ACTIVE)
		   ? vcpu_call_at_home(t, f, VcpuWithdraw_vcpu(f))
		   : -KE_INVAL;
}

int64_t call_VcpuQuery(struct thread *t, struct frame *f)
{
	return spi_ok(VcpuQuery_intid(f)) ? vcpu_call_at_home(t, f, VcpuQuery_vcpu(f)) : -KE_INVAL;
}

int64_t call_VcpuBind(struct thread *t, struct frame *f)
{
	return spi_ok(VcpuBind_host(f)) && spi_ok(VcpuBind_intid(f)) && VcpuBind_flags(f) <= (BIND_ON | BIND_CLEAR)
		   ? vcpu_call_at_home(t, f, VcpuBind_vcpu(f))
		   : -KE_INVAL;
}

/* ---- calls that only add to what is pending ---- */

static int64_t offer_spi(struct thread *t, uint64_t vcpu, uint64_t intid, uint64_t level, uint64_t prio, bool line)
{
	struct vcpu *v = vcpu_of(t->process, vcpu);
	int64_t result;

	if (!v)
		return -KE_BADF;
	if (!spi_ok(intid) || level > 1 || prio > 255)
		return -KE_INVAL;
	lock_acquire(&v->lock);
	if (line)
		result = vgic_line(&v->vgic, (unsigned)intid, level, (unsigned)prio);
	else
		result = vgic_inject(&v->vgic, (unsigned)intid, (unsigned)prio);
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
	return result;
}

int64_t call_VcpuLine(struct thread *t, struct frame *f)
{
	return offer_spi(t, VcpuLine_vcpu(f), VcpuLine_intid(f), VcpuLine_level(f), VcpuLine_priority(f), true);
}

int64_t call_VcpuInject(struct thread *t, struct frame *f)
{
	return offer_spi(t, VcpuInject_vcpu(f), VcpuInject_intid(f), 1, VcpuInject_priority(f), false);
}

int64_t call_VcpuKick(struct thread *t, struct frame *f)
{
	struct vcpu *v = vcpu_of(t->process, VcpuKick_vcpu(f));

	if (!v)
		return -KE_BADF;
	__atomic_fetch_or(&v->kick, KICK_EXIT, __ATOMIC_RELAXED);
	vcpu_wake(v);
	return 0;
}

void vcpu_wake(struct vcpu *v)
{
	struct thread *t = v->thread;

	if (!t)
		return;
	if (t->state == STATE_HALT) {
		v->waiting = false;
		sched_ready(t);
	} else if (t->state == STATE_RUNNING && (t->in_guest || t->cpu != arch_this_cpu()->id)) {
		sched_kick(t->cpu);
	}
}

/* ---- SGIs of a guest ---- */

static void make_pending(struct vcpu *v, unsigned intid, unsigned group)
{
	lock_acquire(&v->lock);
	vgic_sgi(&v->vgic, intid, group);
	v->dirty = true;
	lock_release(&v->lock);
}

/* Wakes the vCPUs in `targets`, a mask of indices, or has their CPUs look; all under one hold of the kernel lock. */
static void wake_all(struct process *p, uint32_t targets)
{
	if (!targets)
		return;
	lock_acquire(&kernel_lock);
	for (; targets; targets &= targets - 1)
		vcpu_wake(p->vcpus[__builtin_ctz(targets)]);
	lock_release(&kernel_lock);
}

void vcpu_send_sgi(struct vcpu *from, uint32_t targets, unsigned intid, unsigned group)
{
	for (uint32_t left = targets; left; left &= left - 1)
		make_pending(from->process->vcpus[__builtin_ctz(left)], intid, group);
	wake_all(from->process, targets & ~(uint32_t)BIT(from->index));
}
