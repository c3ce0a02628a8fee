/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that only tell: of processes and of threads. */
#include "arch.h"
#include "calls.h"
#include "cpu.h"
#include "process.h"
#include "vcpu.h"

/* Entries = exits, plus one while the guest is running. */
static uint64_t vcpu_entries(const struct vcpu *v)
{
	return v ? READ_ONCE(v->exits) + (v->thread && READ_ONCE(v->thread->in_guest)) : 0;
}

/* What the thread that a CPU runs has used since it was last counted. */
static uint64_t ticks_since(const struct cpu *c)
{
	const uint64_t now = arch_clock_ticks();

	const uint64_t since = READ_ONCE(c->run_start);

	return now > since ? now - since : 0;
}

static uint64_t ticks_of(const struct thread *t)
{
	const struct cpu *c = &cpus[READ_ONCE(t->cpu)];

	return thread_ticks(t) + (READ_ONCE(c->current) == t ? ticks_since(c) : 0);
}

/* Of all its threads, of which there may be many. */
static uint64_t ticks_of_process(const struct process *p)
{
	struct thread **threads = (struct thread **)p->handles[OBJECT_THREAD];
	uint64_t ticks = p->cpu_ticks;

	for (unsigned tid = threads ? 1 : THREAD_MAX + 1; tid <= THREAD_MAX; tid++)
		if (threads[tid])
			ticks += READ_ONCE(threads[tid]->cpu_ticks);
	for (unsigned i = 0; i < VCPU_MAX; i++)
		if (p->vcpus[i])
			ticks += READ_ONCE(p->vcpus[i]->flush_ticks);
	for (unsigned i = 0; i < board.cpu_count; i++) {
		const struct thread *t = READ_ONCE(cpus[i].current);

		if (t && t->process == p)
			ticks += ticks_since(&cpus[i]);
	}
	return ticks;
}

int64_t call_ProcessInfo(struct thread *t, struct frame *f)
{
	struct process *p = &processes[masked(ProcessInfo_slot(f), PROCESS_MAX)];
	struct process_info i = {0};

	if (ProcessInfo_slot(f) >= PROCESS_MAX)
		return -KE_INVAL;
	if (p->state == PROCESS_FREE)
		return -KE_SRCH;
	memcpy(i.name, p->params.name, NAME_MAX_);
	i.state = p->state;
	i.end_cause = p->end_cause;
	i.end_status = p->end_status;
	i.fault_address = p->fault_address;
	i.fault_pc = p->fault_pc;
	i.kmem_bytes = p->kmem.bytes;
	i.kmem_free = kmem_pages_left(&p->kmem) * PAGE_SIZE;
	i.ram_bytes = p->ram_bytes;
	for (unsigned r = 0; r < REGION_KMEM; r++)
		i.ram_zeroed += p->regions[r].home == &p->regions[r] ? region_zeroed(&p->regions[r]) : 0;
	i.threads = p->kmem.count[OBJECT_THREAD];
	i.channels = p->kmem.count[OBJECT_CHANNEL];
	i.connections = p->kmem.count[OBJECT_CONNECTION];
	i.timers = p->kmem.count[OBJECT_TIMER];
	i.interrupts = p->kmem.count[OBJECT_IRQ];
	i.vcpus = p->kmem.count[OBJECT_VCPU];
	i.tables = p->space.tables + p->guest.tables;
	i.abilities = p->params.abilities;
	i.cpu_ns = arch_clock_ns(ticks_of_process(p));
	for (unsigned v = 0; v < VCPU_MAX; v++)
		i.entries += vcpu_entries(p->vcpus[v]);
	return copy_out(t->process, ProcessInfo_info(f), &i, sizeof(i));
}

static uint32_t blocked_on(const struct thread *t)
{
	if ((READ_ONCE(t->state) == STATE_SEND || READ_ONCE(t->state) == STATE_REPLY) && t->channel)
		return t->channel->process->slot;
	return ~0u;
}

int64_t call_ThreadInfo(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ThreadInfo_slot(f));
	struct thread_info i = {0};
	uint64_t tid = p ? handle_next(p, OBJECT_THREAD, ThreadInfo_tid(f)) : 0;
	const struct thread *o = tid ? thread_of(p, tid) : NULL;

	if (!o)
		return -KE_SRCH;
	memcpy(i.name, o->name, NAME_MAX_);
	i.tid = o->tid;
	i.state = READ_ONCE(o->state);
	i.priority = o->prio;
	i.base_priority = o->base_prio;
	i.policy = o->policy;
	i.partition = partition_of(o->account);
	i.base_partition = partition_of(o->base_account);
	i.runmask = o->runmask;
	i.cpu = READ_ONCE(o->cpu);
	i.blocked_slot = blocked_on(o);
	i.cpu_ns = arch_clock_ns(ticks_of(o));
	i.entries = vcpu_entries(o->vcpu);
	return copy_out(t->process, ThreadInfo_info(f), &i, sizeof(i)) ? -KE_FAULT : (int64_t)tid;
}
