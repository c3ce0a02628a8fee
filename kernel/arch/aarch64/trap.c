/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions from processes: what they say, and the way from the vectors to the core and back. */
#include "trap.h"
#include "calls.h"
#include "esr.h"
#include "message.h"
#include "process.h"
#include "sysreg.h"
#include "world.h"

uint64_t arch_trap_syndrome(void)
{
	return sysreg_read(esr_el2);
}

bool arch_trap_is_call(uint64_t syndrome)
{
	return ESR_EC(syndrome) == EC_SVC64;
}

void arch_trap_decode(uint64_t syndrome, struct trap *t)
{
	unsigned dfsc = DFSC(syndrome);

	*t = (struct trap){.kind = TRAP_FAULT, .syndrome = syndrome, .address = sysreg_read(far_el2)};
	switch (ESR_EC(syndrome)) {
	case EC_FP: t->kind = TRAP_FPU; break;
	case EC_WFX: t->kind = TRAP_WAIT; break;
	case EC_UNKNOWN: /* also a use of FP registers that CPACR_EL1 forbids, under TGE (Arm ARM, ESR_EL2.EC 0x07) */
	case EC_SYSREG: t->kind = TRAP_SETTING; break;
	case EC_FETCH:
	case EC_DATA:
		t->fetch = ESR_EC(syndrome) == EC_FETCH;
		t->write = !t->fetch && (syndrome & ABORT_WNR);
		/* Translation and permission faults of levels 1 to 3; the rest cannot be late. */
		if (dfsc > DFSC_TRANSLATION && dfsc <= DFSC_LAST_FAULT)
			t->kind = TRAP_ABORT;
		break;
	default: break;
	}
}

/* ---- messages and pulses that are passed on at once (object/message.c, pulse.c) ---- */

static __attribute__((noinline)) void beside_a_guest(struct cpu *c, struct thread *to)
{
	arch_process_registers(c); /* what is the resident guest's is kept from other processes */
	arch_resume(&to->frame);
}

/* `preempted` may run elsewhere: its registers are in memory first. */
static __attribute__((noinline)) void look_around(struct cpu *c, struct thread *preempted)
{
	arch_user_switch(c, &c->current->user);
	if (preempted)
		sched_preempted(c, preempted);
	arch_resume(kernel_leave(c));
}

/*
 * `to` takes the CPU over from `t`, which is blocked, or else preempted. Its registers are in memory before another CPU
 * can take it.
 */
static inline void pass(struct cpu *c, struct lock *l, struct thread *t, struct thread *to, bool preempts)
{
	if (unlikely(arch_async_error_pending())) {
		look_around(c, preempts ? t : NULL);
		return;
	}
	user_swap(&t->user, &to->user);
	c->user = &to->user;
	c->space = &to->process->space;
	if (preempts) {
		sched_preempted(c, t);
		if (unlikely(cpu_attention(c))) {
			look_around(c, NULL); /* it goes to another CPU */
			return;
		}
	}
	lock_release(l);
	if (unlikely(c->fp_open) || unlikely(c->fp_thread == to))
		fp_open(c, c->fp_owner == &to->fpu);
	if (unlikely(c->resident))
		beside_a_guest(c, to);
	else
		arch_resume(&to->frame);
}

static __attribute__((noinline)) void call_long(struct cpu *c, struct thread *t)
{
	struct thread *to = message_copy_direct(c, t);

	if (to)
		pass(c, &kernel_lock, t, to, false);
	else
		arch_resume(call_general(c, t, &t->frame));
}

static inline void pass_or_call(struct cpu *c, struct lock *l, struct thread *t, struct thread *to, bool preempts)
{
	if (likely(to))
		pass(c, l, t, to, preempts);
	else
		call_long(c, t);
}

/* The kernel lock, its address in one register all the way. */
static inline struct lock *lock_kernel(void)
{
	struct lock *l = &kernel_lock;

	__asm__("" : "+r"(l));
	lock_acquire(l);
	return l;
}

__attribute__((flatten)) void vector_send(struct frame *f, struct cpu *c)
{
	struct thread *t = container_of(f, struct thread, frame);
	struct lock *l = lock_kernel();

	pass_or_call(c, l, t, message_send_direct(c, t), false);
}

__attribute__((flatten)) void vector_reply_receive(struct frame *f, struct cpu *c)
{
	struct thread *t = container_of(f, struct thread, frame);
	struct lock *l = lock_kernel();

	pass_or_call(c, l, t, message_reply_direct(c, t), false);
}

__attribute__((flatten)) void vector_send_pulse(struct frame *f, struct cpu *c)
{
	struct thread *t = container_of(f, struct thread, frame);
	struct lock *l = lock_kernel();

	pass_or_call(c, l, t, pulse_send_direct(c, t), true);
}
