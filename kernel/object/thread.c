/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a thread comes to be, is killed and goes, and the timeout of what it waits for. Called by the calls on threads,
 * the first process's start, the ends of processes, and kernel_leave().
 */
#include "thread.h"
#include "arch.h"
#include "cpu.h"
#include "irq.h"
#include "process.h"
#include "vcpu.h"

#define COPY_PATIENCE_NS 100000u
#define END_AT_ONCE      8 /* threads of a process that end before all else */

bool thread_runmask_ok(const struct process *p, uint64_t mask)
{
	return mask && !(mask & ~(uint64_t)p->params.runmask);
}

static void init(struct thread *t, struct process *p)
{
	t->process = p;
	t->late = p->guest.sealed;
	queue_init(&t->run);
	list_init(&t->wait_link);
	list_init(&t->sending.link);
	list_init(&t->sending.level);
	list_init(&t->server_link);
	t->timeout.kind = TIMER_TIMEOUT;
	pulse_init(&t->unblock, PULSE_PLAIN, PULSE_CODE_UNBLOCK, 0, 0);
	/* A CPU that it may use: where it starts is chosen when it gets ready. */
	t->cpu = (uint8_t)__builtin_ctz(p->params.runmask);
}

struct thread *thread_make(struct process *p, uint64_t entry, uint64_t arg, uint64_t stack, uint64_t tls, unsigned prio,
			   unsigned policy, uint32_t runmask, int64_t *error)
{
	struct thread *t;
	int64_t tid;

	t = object_create(p, OBJECT_THREAD, &tid);
	*error = tid;
	if (!t)
		return NULL;
	init(t, p);
	t->tid = (uint32_t)tid;
	t->ident = p->slot << 9 | t->tid;
	t->info = p->slot | (uint64_t)t->tid << 8 | (uint64_t)p->slot << 36;
	arch_thread_init(t, entry, arg, stack, tls);
	t->standing = t->own = (uint16_t)(account_of(p->params.partition) << 8 | prio);
	t->policy = (uint8_t)policy;
	t->runmask = runmask;
	t->kind = (uint8_t)sched_kind_of(runmask);
	memcpy(t->name, p->params.name, NAME_MAX_);
	p->threads_alive++;
	*error = tid;
	sched_ready(t);
	return t;
}

void thread_destroy(struct thread *t)
{
	struct process *p = t->process;
	struct cpu *c = &cpus[t->cpu];

	timer_disarm(&t->timeout);
	ipc_thread_gone(t);
	/* Only the CPU that it ran on last can still hold its registers, and that CPU is this one or has let it go. */
	p->cpu_ticks += t->cpu_ticks;
	if (t->vcpu) {
		t->vcpu->exits += t->in_guest; /* it leaves the guest now */
		arch_vcpu_drop(c, t->vcpu);
	}
	fp_forget(c, &t->fpu);
	if (c->user == &t->user)
		c->user = NULL;
	t->state = STATE_DEAD;
	handle_destroy(p, OBJECT_THREAD, t->tid, t);
	process_thread_gone(p);
}

void thread_timeout_arm(struct thread *t)
{
	/* The timer goes on from SEND to REPLY, if it counts for both. */
	if (!(t->timeout_flags & BIT(t->state)))
		timer_disarm(&t->timeout);
	else if (!t->timeout.index)
		timer_arm(&t->timeout, t->timeout_ns);
}

void thread_timeout_end(struct thread *t)
{
	timer_disarm(&t->timeout);
	t->timeout_flags = 0;
}

void thread_timeout(struct thread *t)
{
	if (t->copier) {
		/* Not in the middle of a copy, which may be the end of its waiting anyway. */
		timer_arm(&t->timeout, arch_clock_now() + COPY_PATIENCE_NS);
		return;
	}
	if (t->state == STATE_SYNC) {
		list_del(&t->wait_link);
		thread_wake(t, -KE_TIMEDOUT);
	} else if (thread_is_blocked(t)) {
		ipc_unblock(t, -KE_TIMEDOUT);
	}
}

void thread_kill(struct thread *t)
{
	unsigned prio;

	if (t->kill)
		return;
	WRITE_ONCE(t->kill, true);
	/*
	 * It goes on the CPU that holds its registers, in System's critical time, of which there is always some. No
	 * other thread may keep it from that; but once many have gone,
	 * who is more important than anything of the process does not wait for the rest.
	 */
	prio = t->process->ended < END_AT_ONCE ? 255 : t->process->params.max_priority + 1u;
	if (t->vcpu) {
		lock_acquire(&t->vcpu->lock);
		vcpu_tell(t->vcpu);
	}
	if (prio < t->prio)
		prio = t->prio;
	switch (sched_set(t, ACCOUNT_CRITICAL << 8 | prio, t->policy, t->runmask)) {
	case STATE_RUNNING:
	case STATE_READY:
	case STATE_MOVING:
	case STATE_HALT: break; /* of the last, somebody is waking it */
	default:
		/* Blocked: take it out of what it waits for, then let it run into its end. */
		ipc_thread_gone(t);
		timer_disarm(&t->timeout);
		sched_ready(t);
	}
}
