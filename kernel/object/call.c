/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's door: what an exception from a process or a guest leads to, and the way back out. */
#include "arch.h"
#include "calls.h"
#include "calls/dispatch.h"
#include "cpu.h"
#include "irq.h"
#include "lock.h"
#include "message.h"
#include "panic.h"
#include "process.h"
#include "trap.h"
#include "vcpu.h"

/* Back to the process, in this thread. */
static inline struct frame *go_on(struct cpu *c, struct thread *t)
{
	arch_user_switch(c, &t->user);
	if (unlikely(c->resident))
		arch_process_registers(c); /* its guest's are kept from other processes */
	arch_space_activate(c, &t->process->space);
	if (unlikely(!fp_right(c, &t->fpu)))
		arch_fpu_prepare(c, &t->fpu);
	return &t->frame;
}

/* Any call but those that are passed on directly. */
struct frame *call_general(struct thread *t, struct cpu *c)
{
	struct frame *f = &t->frame;
	int64_t result;

	if (unlikely(t->kill))
		return kernel_leave(c); /* it must not block: nobody would look at it again */
	result = dispatch(t, f);
	call_finish(c, t, result);
	if (result == CALL_BLOCKED || cpu_attention(c))
		return kernel_leave(c);
	lock_release(&kernel_lock);
	return f;
}

struct frame *trap_call(struct frame *f, struct cpu *c)
{
	lock_acquire(&kernel_lock);
	return call_general(container_of(f, struct thread, frame), c);
}

void trap_vcpu_run(struct frame *f, struct cpu *c)
{
	struct thread *t = c->current;

	call_set_result(f, able(t->process, ABLE_VCPU) ? call_VcpuRun(t, f) : -KE_PERM);
	if (likely(t->in_guest))
		f = arch_vcpu_enter(c, t->vcpu);
	else
		arch_process_registers(c);
	arch_resume(f);
}

/* A stage-2 fault of a process: between a break and its make (space.c) it only has to try again. */
static bool only_late(struct process *p, const struct trap *trap)
{
	unsigned need = trap->fetch ? SPACE_X : trap->write ? SPACE_W : SPACE_R;

	return space_get_attr(&p->space, trap->address & ((1ull << 48) - 1)) & need;
}

static struct frame *process_trap(struct cpu *c, struct thread *t, struct frame *f, const struct trap *trap)
{
	switch (trap->kind) {
	case TRAP_FPU: arch_fpu_trap(c, &t->fpu); return f;
	case TRAP_SETTING:
		if (arch_guest_settings_off(c))
			return f; /* once more: it was a guest's setting that forbade the instruction */
		break;
	case TRAP_WAIT:
		arch_frame_skip(f);
		sched_yield(t);
		return cpu_leave(c);
	default: break;
	}
	lock_acquire(&kernel_lock);
	if (trap->kind != TRAP_ABORT || !only_late(t->process, trap))
		process_fault(t->process, trap->syndrome, trap->address, f->pc);
	return kernel_leave(c);
}

void trap_sync(struct frame *f, struct cpu *c, uint64_t syndrome)
{
	struct trap trap;

	arch_trap_decode(syndrome, &trap);
	arch_resume(process_trap(c, c->current, f, &trap));
}

void trap_irq(struct frame *f, struct cpu *c)
{
	(void)f;
	irq_take(c);
	arch_resume(cpu_leave(c));
}

/* Whose context this CPU has run last. */
static struct process *ran_last(const struct cpu *c)
{
	return c->space ? container_of(c->space->kmem, struct process, kmem) : NULL;
}

/* Nobody has run yet: it is firmware's. */
void cpu_blame_async_error(struct cpu *c)
{
	struct process *p = ran_last(c);
	uint64_t syndrome = arch_async_error_take();

	lock_acquire(&kernel_lock);
	if (syndrome && p && p->state == PROCESS_RUNNING)
		process_fault(p, syndrome, 0, 0);
	lock_release(&kernel_lock);
}

/* An asynchronous error while a process or a guest ran is put down to it. */
void trap_async_error(struct frame *f, struct cpu *c)
{
	lock_acquire(&kernel_lock);
	process_fault(c->current->process, arch_trap_syndrome(), 0, f->pc);
	arch_resume(kernel_leave(c));
}

/* Not part of irq_handle(), which without it needs no frame. What is left in the end is armed, and comes at once. */
static __attribute__((noinline)) void timers_expire(struct cpu *c)
{
	uint64_t now = arch_clock_now(), slice, first;

	while (READ_ONCE(c->guest_timers.first) <= now) {
		timer_expire_guest(c, now);
		if (arch_irq_pending())
			break;
	}
	if (likely(READ_ONCE(c->timers.first) <= now)) {
		lock_acquire(&kernel_lock);
		while (c->timers.first <= now) { /* another CPU may have disarmed it */
			timer_expire_one(c);
			if (others_wait())
				break;
		}
		lock_release(&kernel_lock);
	}
	slice = sched_slice_deadline(c);
	if (slice <= now) {
		c->own |= ATTENTION_LOOK; /* it is over */
		slice = UINT64_MAX;
	}
	first = READ_ONCE(c->timers.first) < slice ? READ_ONCE(c->timers.first) : slice;
	c->armed = READ_ONCE(c->guest_timers.first) < first ? READ_ONCE(c->guest_timers.first) : first;
	arch_clock_arm(c->armed);
	arch_irq_deactivate(ARCH_IRQ_TIMER);
}

void irq_handle(struct cpu *c, uint32_t intid)
{
	if (unlikely(intid >= INTID_MAX)) {
		/* LPIs and extended ranges are nobody's: at most once, since one that is not an LPI stays active. */
		if (intid > ARCH_IRQ_NONE)
			arch_irq_drop(intid);
		async_error_look(c); /* perhaps it was one that has ended an idle CPU's wait */
		return;
	}
	arch_irq_drop(intid);
	switch (intid) {
	case IPI_KICK: arch_irq_deactivate(intid); break;
	case IPI_STOP: panic_stop();
	case ARCH_IRQ_TIMER: timers_expire(c); break;
	case ARCH_IRQ_VTIMER: arch_vcpu_irq_timer(c); break;
	case ARCH_IRQ_MAINTENANCE: arch_vcpu_irq_maintenance(c); break;
	default: irq_fire(intid); break;
	}
}

void irq_take(struct cpu *c)
{
	irq_handle(c, arch_irq_ack());
}

/*
 * For the time slice: other timers have armed the hardware themselves. A later one waits for the interrupt of what is
 * armed: setting the timer costs more than one that finds nothing.
 */
static inline void arm_slice(struct cpu *c)
{
	uint64_t deadline = sched_slice_deadline(c);

	if (likely(deadline == UINT64_MAX) || deadline >= c->armed)
		return;
	c->armed = deadline;
	arch_clock_arm(deadline);
}

/* Who runs here now, if it is that simple, or NULL. */
static __attribute__((noinline)) struct thread *idle(struct cpu *c)
{
	const struct process *p = ran_last(c);
	struct thread *t;
	uint64_t now;

	if (p && p->state == PROCESS_ENDING) /* its space must leave every CPU */
		arch_space_activate(c, &processes[0].space);
	c->guest = NULL;
	WRITE_ONCE(c->idle, c->idle - (int64_t)arch_clock_ticks());
	arch_cpu_idle();
	now = arch_clock_ticks();
	WRITE_ONCE(c->idle, c->idle + (int64_t)now);
	WRITE_ONCE(c->run_start, now);
	irq_take(c);
	t = c->current;
	if (!t || unlikely(arch_async_error_pending()))
		return NULL;
	/* Who changes these from now on sees that it runs: sched_set(). It has come here without the lock. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(c->rank, sched_rank(c, t));
	if (unlikely(!(READ_ONCE(t->runmask) & BIT(c->id))))
		c->own |= ATTENTION_LOOK;
	return t;
}

/* User registers are in memory before another CPU can take the thread that they belong to. */
static inline void user_to(struct cpu *c, struct thread *t)
{
	arch_user_switch(c, vcpu_user_of(t));
}

static inline bool is_unfinished(const struct thread *t)
{
	return READ_ONCE(t->unfinished) || READ_ONCE(t->process->end_cause);
}

/* What a chosen thread that is unfinished has to do in the kernel; then a thread is chosen anew. */
static __attribute__((noinline)) struct thread *finish_business(struct cpu *c, struct thread *t)
{
	if (arch_irq_pending()) {
		irq_take(c);
		return NULL;
	}
	lock_acquire(&kernel_lock);
	/* It was not told yet, and who is to be told before it may get no time. */
	if (t->process->end_cause)
		thread_kill(t);
	if (t->kill && (!t->closing || channel_end(t->closing))) {
		sched_block(t);
		arch_user_switch(c, NULL);
		thread_destroy(t);
	} else if (!t->kill && t->resume_copy) {
		ipc_copy_continue(t);
	}
	if (c->current) /* it may serve a client now, or be another one */
		sched_standing_changed(c->current);
	user_to(c, c->current);
	lock_release(&kernel_lock);
	return NULL;
}

/*
 * Who goes on, now that somebody was asked for or the CPU is free. What is asked for from now on is seen later: by its
 * flag, or because this CPU shows that nobody runs here.
 */
static __attribute__((noinline)) struct thread *choose_thread(struct cpu *c)
{
	struct thread *t;
	bool look;

	do {
		look = cpu_must_look(c);
		c->own = 0;
		WRITE_ONCE(c->called, 0);
		if (look)
			WRITE_ONCE(c->asked, 0);
		if (!c->current)
			WRITE_ONCE(c->rank, 0);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (look && c->resident && READ_ONCE(c->resident->requested))
			vcpu_requests(c);
		t = sched_pick(c, look);
		if (!t && !cpu_attention(c))
			t = idle(c);
		else
			async_error_look(c);
		if (t && unlikely(is_unfinished(t)))
			t = finish_business(c, t);
	} while (!t || cpu_attention(c));
	arm_slice(c);
	return t;
}

struct frame *cpu_leave(struct cpu *c)
{
	struct thread *t = c->current;

	if (unlikely(!t || cpu_attention(c) || arch_async_error_pending() || is_unfinished(t)))
		t = choose_thread(c);
	if (unlikely(t->in_guest))
		return arch_vcpu_enter(c, t->vcpu);
	c->guest = NULL;
	return go_on(c, t);
}

struct frame *kernel_leave(struct cpu *c)
{
	struct thread *t = c->current;

	user_to(c, t);
	if (t && unlikely(sched_rank(c, t) != READ_ONCE(c->rank)))
		sched_show_rank(c, sched_rank(c, t));
	lock_release(&kernel_lock);
	return cpu_leave(c);
}
