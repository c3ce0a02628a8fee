/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a process: its threads end one after the other, then procmgr takes everything back, in steps
 * (docs/architecture.md, "The life of an end").
 */
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "irq.h"
#include "panic.h"
#include "process.h"
#include "timer_object.h"
#include "vcpu.h"

bool process_shutdown;

/* ---- the end of its threads ---- */

/*
 * One thread at a time: telling all of them at once would take too long with interrupts off. The end of each tells the
 * next, process_thread_gone(); they go before all else of the process by then (thread_kill()). One that runs comes
 * first: it is on a CPU, perhaps with a priority that it has from others.
 */
static void end_next(struct process *p)
{
	uint64_t tid = handle_next(p, OBJECT_THREAD, p->end_next + 1);

	for (unsigned i = 0; i < board.cpu_count; i++) {
		struct thread *t = READ_ONCE(cpus[i].current);

		if (t && t->process == p && !t->kill) {
			thread_kill(t);
			return;
		}
	}
	while (tid && thread_of(p, tid)->kill)
		tid = handle_next(p, OBJECT_THREAD, tid + 1);
	if (!tid)
		return;
	p->end_next = (uint32_t)tid;
	thread_kill(thread_of(p, tid));
}

static _Noreturn void critical_end(const struct process *p)
{
	if (p->end_cause == END_FAULT)
		safe_state("%s: fault, syndrome %lx, address %lx, pc %lx\ncritical process %s ended", p->params.name,
			   p->end_status, p->fault_address, p->fault_pc, p->params.name);
	safe_state("%s: exit code %lu\ncritical process %s ended", p->params.name, p->end_status & 0xff,
		   p->params.name);
}

/* At once, whatever its threads wait for. */
static void set_cause(struct process *p, unsigned cause, uint64_t status)
{
	if (p->end_cause != END_NONE)
		return;
	WRITE_ONCE(p->end_cause, cause);
	p->end_status = status;
	if (p->slot == 0 || (p->params.critical && cause != END_KILLED && !process_shutdown))
		critical_end(p);
}

void process_end(struct process *p, unsigned cause, uint64_t status)
{
	struct thread *current = arch_this_cpu()->current;

	set_cause(p, cause, status);
	/* The thread that asks for it, or did it, does not go on. */
	if (current && current->process == p)
		thread_kill(current);
	else
		end_next(p);
}

void process_fault(struct process *p, uint64_t syndrome, uint64_t address, uint64_t pc)
{
	if (p->end_cause == END_NONE) {
		p->fault_address = address;
		p->fault_pc = pc;
	}
	process_end(p, END_FAULT, syndrome);
}

void process_thread_gone(struct process *p)
{
	struct process *procmgr = &processes[0];
	struct channel *c;

	if (--p->threads_alive) {
		if (p->end_cause != END_NONE) {
			p->ended++;
			end_next(p);
		}
		return;
	}
	set_cause(p, END_EXIT, 0);
	if (p->state == PROCESS_RUNNING)
		p->state = PROCESS_DEAD;
	c = channel_of(procmgr, p->params.death_chid);
	if (c)
		pulse_send(c, &p->death);
}

/* ---- stop and destroy: calls of procmgr ---- */

static void destroy_object(struct process *p, unsigned type, void *object)
{
	switch (type) {
	case OBJECT_CHANNEL:
		channel_close(object);
		p->closing = object;
		break;
	case OBJECT_CONNECTION: connection_destroy(object); break;
	case OBJECT_TIMER: timer_object_destroy(object); break;
	case OBJECT_IRQ: irq_destroy(object); break;
	case OBJECT_VCPU: vcpu_destroy(object); break;
	default: break;
	}
}

/* One, or a part of one, then more until somebody waits; true when none is left. */
static bool destroy_objects(struct process *p)
{
	for (unsigned type = OBJECT_CHANNEL; type < OBJECT_TYPES; type++) {
		for (uint64_t id = 0; p->closing || (id = handle_next(p, type, 1)) != 0;) {
			if (!p->closing)
				destroy_object(p, type, handle_lookup_unlocked(p, type, id));
			else if (channel_end(p->closing))
				p->closing = NULL;
			else
				return false;
			if (must_give_way())
				return false;
		}
	}
	return true;
}

static bool spaces_left(struct process *p, struct cpu *self)
{
	bool all = true;

	for (unsigned i = 0; i < board.cpu_count; i++) {
		const struct space *s = __atomic_load_n(&cpus[i].space, __ATOMIC_ACQUIRE);

		if (s != &p->space && s != &p->guest)
			continue;
		if (&cpus[i] == self) {
			arch_space_activate(self, &processes[0].space);
		} else {
			sched_kick(&cpus[i], ATTENTION_LOOK);
			all = false;
		}
	}
	return all;
}

/* At once: it does not wait for those threads, nor for the zeroing. */
int64_t call_ProcessStop(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessStop_slot(f));
	uint64_t id;

	(void)t;
	if (!p || p->slot == 0)
		return -KE_SRCH;
	process_end(p, END_KILLED, 0);
	if (p->threads_alive)
		return -KE_AGAIN;
	while ((id = handle_next(p, OBJECT_IRQ, 1)) != 0) {
		irq_destroy(handle_lookup_unlocked(p, OBJECT_IRQ, id));
		if (must_give_way())
			return CALL_RESTART;
	}
	return 0;
}

int64_t call_ProcessDestroy(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessDestroy_slot(f));

	(void)t;
	if (!p || p->slot == 0)
		return -KE_SRCH;
	if (p->state != PROCESS_ENDING) {
		p->state = PROCESS_ENDING;
		process_end(p, END_KILLED, 0);
	}
	if (!p->is_empty) {
		if (p->threads_alive || !destroy_objects(p) || !spaces_left(p, arch_this_cpu())) {
			arch_cpu_relax();
			return CALL_RESTART;
		}
		arch_tlb_flush_space(&p->space);
		if (p->params.guest)
			arch_tlb_flush_space(&p->guest);
		region_use_all(p, false);
		p->is_empty = true;
	}
	if (!region_scrub(p, REGION_KMEM, REGION_KMEM + 1))
		return CALL_RESTART;
	pulse_cancel(&p->death);
	pulse_cancel(&p->signals);
	/* Its definition stays. */
	memset(&p->state, 0, sizeof(*p) - offsetof(struct process, state));
	p->state = PROCESS_DEFINED;
	return 0;
}
