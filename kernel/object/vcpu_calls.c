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
#include "trap.h"
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
	p->vcpu_other_names |= v->affinity != index;
	__atomic_store_n(&p->vcpus[index], v, __ATOMIC_RELEASE);
	__atomic_store_n(&p->vcpu_mask, p->vcpu_mask | (uint32_t)BIT(index), __ATOMIC_RELEASE);
	return id;
}

void vcpu_destroy(struct vcpu *v)
{
	struct process *p = v->process;

	for (unsigned i = 0; i < ARCH_VCPU_TIMERS; i++)
		timer_end(&v->timers[i]);
	p->vcpus[v->index] = NULL;
	p->vcpu_mask &= ~(uint32_t)BIT(v->index);
	handle_destroy(p, OBJECT_VCPU, v->id, v);
}

/* The first VcpuRun of a virtual CPU. That of the VM gives the guest its time, the same on all its CPUs, and seals it.
 */
static int64_t bind_thread(struct vcpu *v, struct thread *t)
{
	struct process *p = t->process;
	int64_t error = 0;

	lock_acquire(&kernel_lock);
	if (t->late) {
		error = -KE_PERM;
	} else if (v->thread || t->vcpu) {
		error = -KE_BUSY;
	} else {
		lock_acquire(&v->lock);
		v->thread = t;
		t->vcpu = v;
		if (!p->guest.sealed)
			p->counter_offset = v->counter_offset == UINT64_MAX ? arch_clock_ticks() : v->counter_offset;
		p->guest.sealed = true;
		v->counter_offset = p->counter_offset; /* VcpuSet has this lock */
		lock_release(&v->lock);
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
		error = bind_thread(v, t);
		if (error)
			return error;
	}
	WRITE_ONCE(t->in_guest, arch_vcpu_run(arch_this_cpu(), v, f));
	return t->in_guest ? 0 : -KE_INVAL;
}

/* ---- calls that need the state ---- */

static bool in_guest(const struct vcpu *v)
{
	return v->thread && READ_ONCE(v->thread->in_guest);
}

static int64_t interrupts_apply(struct vcpu *v, struct frame *f)
{
	int64_t result;

	arch_vcpu_settle(v);
	switch (call_number(f)) {
	case CALL_VcpuWithdraw:
		result = irq_passthrough_withdraw(v, (unsigned)VcpuWithdraw_intid(f), (unsigned)VcpuWithdraw_what(f));
		break;
	case CALL_VcpuBind:
		result = irq_passthrough_change(v, VcpuBind_host(f), VcpuBind_intid(f), (unsigned)VcpuBind_priority(f),
						(unsigned)VcpuBind_flags(f));
		break;
	default: result = vgic_query(&v->vgic, (unsigned)VcpuQuery_intid(f));
	}
	if (v->home)
		arch_vcpu_offer(v); /* here: vcpu_apply() */
	else
		v->dirty = true;
	return result;
}

/* False: another CPU holds its registers. Else they stay where they are until it is done. */
static bool vcpu_apply(struct cpu *c, struct vcpu *v, struct frame *f, int64_t *result)
{
	uint64_t call = call_number(f), value = 0;
	uint32_t now = 0;
	bool core = call == CALL_VcpuGet || call == CALL_VcpuSet;

	/* The frame is in memory whenever the vCPU is not in the guest, the rest if it is not resident. */
	if (core && VcpuGet_vreg(f) > ARCH_VREG_FRAME_LAST && c->resident == v && !in_guest(v))
		arch_vcpu_evict(c);
	lock_acquire(&v->lock);
	if (v->home && v->home != c) {
		lock_release(&v->lock);
		return false;
	}
	if (call == CALL_VcpuPrivate) {
		*result = arch_vcpu_private(v, VcpuPrivate_vpriv(f), (uint32_t)VcpuPrivate_value(f),
					    (uint32_t)VcpuPrivate_mask(f), &now);
		VcpuPrivate_set_now(f, now);
	} else if (call == CALL_VcpuGet) {
		*result = arch_vcpu_get(v, VcpuGet_vreg(f), in_guest(v), &value);
		VcpuGet_set_value(f, value);
	} else if (call == CALL_VcpuSet) {
		*result = arch_vcpu_set(v, VcpuSet_vreg(f), in_guest(v), VcpuSet_value(f));
	} else {
		*result = interrupts_apply(v, f);
	}
	if (core)
		lock_release(&v->lock);
	else
		vcpu_tell(v);
	return true;
}

_Static_assert(IN_VcpuGet_vreg == IN_VcpuSet_vreg, "vcpu_apply()");

/* One at a time: all that a process could have would keep interrupts off for too long. */
static int64_t request(struct vcpu *v, struct thread *t)
{
	struct cpu *home;

	lock_acquire(&v->lock);
	home = v->home;
	if (!home || home == arch_this_cpu() || v->requested) {
		lock_release(&v->lock);
		arch_cpu_relax();
		return CALL_RESTART;
	}
	thread_block(t, STATE_VCPU);
	list_insert_before(&v->requests, &t->wait_link);
	WRITE_ONCE(v->requested, true);
	lock_release(&v->lock);
	sched_kick(home, ATTENTION_LOOK);
	return CALL_BLOCKED;
}

static int64_t vcpu_call_at_home(struct thread *t, struct frame *f, uint64_t vcpu)
{
	struct vcpu *v = vcpu_of(t->process, vcpu);
	struct cpu *c = arch_this_cpu();
	int64_t result;

	if (!v)
		return -KE_BADF;
	if (!vcpu_apply(c, v, f, &result))
		return request(v, t);
	if (unlikely(v->requested))
		vcpu_serve(c, v); /* it may have been evicted for this call: nobody else hears of the others */
	return result;
}

/* The caller pays for it. */
void vcpu_serve(struct cpu *c, struct vcpu *v)
{
	while (!list_empty(&v->requests)) {
		struct thread *t = list_entry(v->requests.next, struct thread, wait_link);
		uint64_t start = arch_clock_ticks(), used;
		int64_t result;

		if (!vcpu_apply(c, v, &t->frame, &result)) {
			struct cpu *home = __atomic_load_n(&v->home, __ATOMIC_ACQUIRE);

			if (!home)
				continue;
			sched_kick(home, ATTENTION_LOOK);
			return;
		}
		list_del(&t->wait_link);
		used = arch_clock_ticks() - start;
		t->cpu_ticks += used;
		c->run_start += used;
		partition_charge(&c->share, used, t->account);
		thread_wake(t, result);
	}
	WRITE_ONCE(v->requested, false);
}

/* The state of one that does not run here goes to memory: more requests need no interrupt of this CPU. */
void vcpu_requests(struct cpu *c)
{
	struct vcpu *v = c->resident;

	lock_acquire(&kernel_lock);
	if (v->thread != c->current)
		arch_vcpu_evict(c);
	vcpu_serve(c, v);
	lock_release(&kernel_lock);
}

void vcpu_put_away(struct cpu *c)
{
	struct vcpu *v = c->resident;
	const struct process *p = v ? v->process : NULL;
	unsigned index = v ? v->index : 0;

	if (likely(!arch_vcpu_evict(c)) || !p)
		return;
	lock_acquire(&kernel_lock);
	if (p->vcpus[index] == v) /* else it has been destroyed since */
		vcpu_serve(c, v);
	lock_release(&kernel_lock);
}

int64_t call_VcpuGet(struct thread *t, struct frame *f)
{
	return vcpu_call_at_home(t, f, VcpuGet_vcpu(f));
}

int64_t call_VcpuSet(struct thread *t, struct frame *f)
{
	return vcpu_call_at_home(t, f, VcpuSet_vcpu(f));
}

int64_t call_VcpuPrivate(struct thread *t, struct frame *f)
{
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

/* A candidate of its vgic has changed; the lock is held, and released. What is less to wait for wakes nobody. */
static void spi_changed(struct vcpu *v, unsigned index, bool level)
{
	const bool crowded = v->vgic.spi_used == UINT32_MAX; /* what has ended keeps its slot until the next fold */
	bool here = !v->waiting && v->home == arch_this_cpu();
	bool shown = here && !v->dirty && !crowded && arch_vcpu_show(v, index);

	if (level && !here && !crowded) {
		vgic_arrived(&v->vgic, index);
		v->edges = true;
	} else if (!shown) {
		v->dirty = true;
	}
	if (shown || (!level && v->waiting))
		lock_release(&v->lock);
	else
		vcpu_tell(v);
}

static int64_t offer_spi(struct thread *t, uint64_t vcpu, uint64_t intid, uint64_t level, uint64_t prio, bool line)
{
	struct vcpu *v = vcpu_of(t->process, vcpu);
	int index;

	if (!v)
		return -KE_BADF;
	if (!spi_ok(intid) || level > 1 || prio > 255)
		return -KE_INVAL;
	lock_acquire(&v->lock);
	index = vgic_change_spi(&v->vgic, (unsigned)intid, (unsigned)prio, line, level);
	if (likely(index > 0)) {
		spi_changed(v, (unsigned)index, level);
		return 0;
	}
	if (index == -KE_AGAIN) {
		v->dirty = true; /* there is room after the next fold, if any has ended */
		vcpu_tell(v);
	} else {
		lock_release(&v->lock);
	}
	return index;
}

int64_t call_VcpuLine(struct thread *t, struct frame *f)
{
	return offer_spi(t, VcpuLine_vcpu(f), VcpuLine_intid(f), VcpuLine_level(f), VcpuLine_priority(f), true);
}

int64_t call_VcpuInject(struct thread *t, struct frame *f)
{
	return offer_spi(t, VcpuInject_vcpu(f), VcpuInject_intid(f), 1, VcpuInject_priority(f), false);
}

/* VcpuGet, VcpuSet and VcpuPrivate where the state is here or in memory. False: the kernel lock is needed. */
static bool call_here(struct thread *t, struct frame *f, struct cpu *c, int64_t *result)
{
	struct vcpu *v = vcpu_of(t->process, VcpuGet_vcpu(f));
	bool done = v && vcpu_apply(c, v, f, result);

	if (done && unlikely(READ_ONCE(v->requested))) {
		lock_acquire(&kernel_lock);
		vcpu_serve(c, v); /* as in vcpu_call_at_home() */
		lock_release(&kernel_lock);
	}
	return done;
}

/* VcpuGet to VcpuInject, which take no lock of the kernel's unless they wake somebody or ask another CPU. */
void trap_vcpu(struct frame *f, struct cpu *c)
{
	struct thread *t = container_of(f, struct thread, frame);
	uint64_t call = call_number(f);
	int64_t result = -KE_PERM;

	if (likely(!t->kill && able(t->process, ABLE_VCPU))) {
		if (call >= CALL_VcpuLine) {
			result = call == CALL_VcpuLine ? call_VcpuLine(t, f) : call_VcpuInject(t, f);
		} else if (!call_here(t, f, c, &result)) {
			arch_resume(trap_call(f, c));
			return;
		}
	}
	call_set_result(f, result);
	t->timeout_flags = 0;
	arch_resume(unlikely(t->kill || cpu_attention(c)) ? cpu_leave(c) : f);
}

int64_t call_VcpuKick(struct thread *t, struct frame *f)
{
	struct vcpu *v = vcpu_of(t->process, VcpuKick_vcpu(f));

	if (!v)
		return -KE_BADF;
	lock_acquire(&v->lock);
	__atomic_fetch_or(&v->kick, KICK_EXIT, __ATOMIC_RELAXED);
	vcpu_tell(v);
	return 0;
}

void vcpu_wait(struct cpu *c, struct vcpu *v)
{
	struct thread *t = v->thread;

	if (t->kill)
		return;
	arch_user_switch(c, NULL); /* who wakes it may send it elsewhere */
	sched_block(t);
	WRITE_ONCE(t->state, STATE_HALT);
	v->waiting = true;
}

/* ---- SGIs of a guest ---- */

void vcpu_send_sgi(struct vcpu *from, uint32_t targets, unsigned intid, unsigned group)
{
	for_each_bit (i, targets) {
		struct vcpu *to = from->process->vcpus[i];

		lock_acquire(&to->lock);
		vgic_sgi(&to->vgic, intid, group);
		to->dirty = true;
		vcpu_tell(to);
	}
}
