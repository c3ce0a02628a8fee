/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"
#include "arch.h"
#include "cpu.h"
#include "panic.h"

struct process processes[PROCESS_MAX];
bool process_shutdown;

/* ---- memory of processes ---- */

static int64_t copy(struct process *p, void *kernel, uint64_t user, uint64_t bytes, bool in)
{
	char *at = kernel;

	while (bytes) {
		uint64_t left;
		void *mem = space_access(&p->space, user, in ? SPACE_R : SPACE_W, &left);

		if (!mem)
			return -KE_FAULT;
		if (left > bytes)
			left = bytes;
		if (in)
			memcpy(at, mem, left);
		else
			memcpy(mem, at, left);
		at += left;
		user += left;
		bytes -= left;
	}
	return 0;
}

int64_t copy_in(struct process *p, void *to, uint64_t from, uint64_t bytes)
{
	return copy(p, to, from, bytes, true);
}

int64_t copy_out(struct process *p, uint64_t to, const void *from, uint64_t bytes)
{
	return copy(p, (void *)(uintptr_t)from, to, bytes, false);
}

/* ---- the end of a process ---- */

/*
 * One thread at a time: telling all of them at once would take too long with interrupts off. The end of each tells the
 * next, process_thread_gone(); they go before all else of the process by then (thread_kill()). One that runs comes
 * first: it is on a CPU, perhaps with a priority that it has from others.
 */
static void end_next(struct process *p)
{
	uint64_t tid = handle_next(p, OBJECT_THREAD, p->end_next + 1);

	for (unsigned i = 0; i < board.cpu_count; i++) {
		struct thread *t = cpus[i].current;

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
	p->end_cause = cause;
	p->end_status = status;
	if (p->slot == 0 || (p->params.critical && cause != END_KILLED && !process_shutdown))
		critical_end(p);
}

void process_end(struct process *p, unsigned cause, uint64_t status)
{
	struct thread *current = arch_this_cpu()->current;

	set_cause(p, cause, status);
	/* The caller, or who did it, does not go on. */
	if (current && current->process == p)
		thread_kill(current);
	else
		end_next(p);
}

void process_fault(struct process *p, uint64_t esr, uint64_t address, uint64_t pc)
{
	if (p->end_cause == END_NONE) {
		p->fault_address = address;
		p->fault_pc = pc;
	}
	process_end(p, END_FAULT, esr);
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

void process_init_lists(struct process *p)
{
	list_init(&p->sync_waiters);
	pulse_init(&p->death, PULSE_PLAIN, PULSE_CODE_PROCESSDEATH, p->slot, PRIO_MAX);
	pulse_init(&p->signals, PULSE_MASK, 0, 0, PRIO_MAX);
}
