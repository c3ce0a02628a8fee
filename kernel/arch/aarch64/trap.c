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
	if (unlikely(arch_async_error_pending() || (preempts && !(sched_is_pinned(t) && sched_put_next(c, t))))) {
		look_around(c, preempts ? t : NULL);
		return;
	}
	user_swap(&t->user, &to->user);
	c->user = &to->user;
	c->space = &to->process->space;
	lock_release(l);
	if (unlikely(c->fp_thread == t || c->fp_thread == to)) /* open: they are those of `t` */
		fp_open(c, c->fp_owner == &to->fpu);
	if (unlikely(c->resident))
		beside_a_guest(c, to);
	else
		arch_resume(&to->frame);
}

/* A message that is not all in registers, to `to`, or, if that is NULL, any call. The order is that of registers. */
static __attribute__((noipa, flatten)) void call_long(struct thread *to, uint64_t x1, struct thread *t, struct cpu *c)
{
	(void)x1;
	if (to)
		to = message_copy_over(c, t, to);
	if (to)
		pass(c, &kernel_lock, t, to, false);
	else
		arch_resume(call_general(t, c));
}

/* The kernel lock, its address in one register all the way. */
static inline struct lock *lock_kernel(void)
{
	struct lock *l = &kernel_lock;

	__asm__("" : "+r"(l));
	lock_acquire(l);
	return l;
}

static inline __attribute__((always_inline)) void send_or_answer(bool send, VECTOR_ARGUMENTS)
{
	struct thread *t = container_of(f, struct thread, frame), *to;
	struct lock *l = lock_kernel();

	/* First of all, under the lock: as long as the compiler sees what is stored, it need not load it. */
	f->x[0] = x0;
	f->x[1] = x1;
	f->x[4] = x4;
	f->x[5] = x5;
	to = send ? message_receiver(c, t) : message_client(c, t);
	if (likely(to &&
		   (send ? MsgSend_send_bytes(f) : reply_bytes(to, MsgReplyReceive_reply_bytes(f))) <= MSG_INLINE))
		pass(c, l, t, send ? message_send_over(c, t, to) : message_answer_over(c, t, to), false);
	else
		call_long(to, x1, t, c);
}

/* Scheduled by the compiler, they need more registers than there are. */
#define VECTOR __attribute__((flatten, optimize("no-schedule-insns"))) void

VECTOR vector_send(VECTOR_ARGUMENTS)
{
	send_or_answer(true, x0, x1, f, c, x4, x5);
}

VECTOR vector_reply_receive(VECTOR_ARGUMENTS)
{
	send_or_answer(false, x0, x1, f, c, x4, x5);
}

VECTOR vector_send_pulse(struct frame *f, struct cpu *c)
{
	struct thread *t = container_of(f, struct thread, frame);
	struct lock *l = lock_kernel();
	struct thread *to = pulse_send_direct(c, t);

	if (likely(to))
		pass(c, l, t, to, true);
	else
		call_long(NULL, 0, t, c);
}
