/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procmgr's calls: define slots and what they may use, seal that, make processes of it, start them, take everything
 * back. Their memory is filled in memory_calls.c. The kernel checks that nothing is given twice; which process gets
 * what is procmgr's plan.
 */
#include "arch.h"
#include "calls.h"
#include "console.h"
#include "cpu.h"
#include "irq.h"
#include "lock.h"
#include "owner.h"
#include "process.h"
#include "timer_object.h"
#include "vcpu.h"

#define SCRUB_STEP (16ull << 10)

bool process_sealed;

/* ---- zeroing ---- */

static bool own_ram(const struct region *r)
{
	return (r->flags & (REGION_RAM | REGION_RO)) == REGION_RAM;
}

/*
 * Zeroes until an interrupt waits. Cleaned to the PoC: a guest starts with its caches off. The memory is in nobody's
 * hands, and `busy` keeps other calls away from it. So the lock is left.
 */
static void scrub_step(struct region *r)
{
	r->busy = true;
	lock_release(&kernel_lock);
	do {
		uint64_t n = r->bytes - r->zeroed < SCRUB_STEP ? r->bytes - r->zeroed : SCRUB_STEP;

		arch_memory_scrub(arch_pa_to_va(r->start + r->zeroed), n);
		r->zeroed += n;
	} while (r->zeroed < r->bytes && !arch_irq_pending());
	lock_acquire(&kernel_lock);
	r->busy = false;
}

/* Regions below `end` that no process has, one after the other. False: one step was done; there may be more. */
static bool scrub_regions(struct process *p, unsigned end)
{
	for (unsigned i = 0; i < end; i++) {
		struct region *r = p->regions[i].home;

		if (!r || r->users || r->zeroed == r->bytes)
			continue;
		if (r->busy)
			arch_cpu_relax(); /* another call is at it */
		else
			scrub_step(r);
		return false;
	}
	return true;
}

/* ---- create ---- */

static int64_t add_region(struct process *p, unsigned index, uint64_t start, uint64_t bytes, uint32_t flags)
{
	struct region *r = &p->regions[index];

	*r = (struct region){.start = start, .bytes = bytes, .flags = flags};
	if (own_ram(r)) {
		r->home = p->check.same ? p->check.same : r;
		p->ram_bytes += r->home == r && index != REGION_KMEM ? bytes : 0;
	}
	owner_changed();
	return index;
}

/* Before Seal: who may use the slot, and how. */
static int64_t define(struct thread *t, struct process *p, uint64_t address)
{
	struct process_params params;
	int64_t error;

	if (p->state != PROCESS_FREE)
		return -KE_BUSY;
	if (copy_in(t->process, &params, address, sizeof(params)))
		return -KE_FAULT;
	params.name[NAME_MAX_ - 1] = 0;
	params.runmask &= (1u << board.cpu_count) - 1;
	if (!is_aligned(params.kmem | params.kmem_bytes, PAGE_SIZE) || !range_ok(params.kmem, params.kmem_bytes) ||
	    !params.runmask || !params.max_priority || params.max_priority > PRIO_MAX || !params.priority ||
	    params.priority > params.max_priority || (params.policy != SCHED_FIFO_ && params.policy != SCHED_RR_))
		return -KE_INVAL;
	if (!process_ram_free(params.kmem, params.kmem_bytes))
		return -KE_PERM;
	error = owner_check(p, GRANT_RAM, params.kmem, params.kmem_bytes);
	if (error)
		return error;
	p->params = params;
	add_region(p, REGION_KMEM, params.kmem, params.kmem_bytes, REGION_RAM);
	p->state = PROCESS_DEFINED;
	return 0;
}

/* Its memory has it from now on, or has it no more. */
static void use_regions(struct process *p, bool use)
{
	for (unsigned i = 0; i <= REGION_KMEM; i++) {
		struct region *r = p->regions[i].home;

		if (use && (p->regions[i].flags & REGION_DEVICE))
			console_given(p->regions[i].start, p->regions[i].bytes);
		if (!r)
			continue;
		r->users += use ? 1 : -1u;
		r->zeroed = 0;
	}
}

/* After Seal: a process of what was defined, with memory that is zero. Kernel memory is zeroed when it is used. */
static int64_t make(struct process *p)
{
	int64_t error;

	if (p->state == PROCESS_FREE)
		return -KE_SRCH;
	if (p->state != PROCESS_DEFINED)
		return -KE_BUSY;
	if (!scrub_regions(p, REGION_KMEM))
		return CALL_RESTART;
	kmem_init(&p->kmem, p->params.kmem, p->params.kmem_bytes);
	error = space_init(&p->space, &p->kmem, 1 + p->slot, false);
	if (!error && p->params.guest)
		error = space_init(&p->guest, &p->kmem, 1 + PROCESS_MAX + p->slot, true);
	if (error)
		return error;
	use_regions(p, true);
	process_init_lists(p);
	p->state = PROCESS_NEW;
	return 0;
}

int64_t call_ProcessCreate(struct thread *t, struct frame *f)
{
	struct process *p = &processes[masked(ProcessCreate_slot(f), PROCESS_MAX)];

	if (ProcessCreate_slot(f) == 0 || ProcessCreate_slot(f) >= PROCESS_MAX)
		return -KE_INVAL;
	if (process_sealed != !ProcessCreate_params(f))
		return -KE_PERM;
	return process_sealed ? make(p) : define(t, p, ProcessCreate_params(f));
}

int64_t call_Seal(struct thread *t, struct frame *f)
{
	(void)t, (void)f;
	if (process_sealed)
		return -KE_PERM;
	process_sealed = true;
	return 0;
}

/* ---- grant ---- */

static int64_t grant_irq(struct process *p, uint64_t first, uint64_t count, bool edge)
{
	for (unsigned i = 0; i < IRQ_GRANT_MAX; i++) {
		if (!p->irqs[i].count) {
			p->irqs[i].first = (uint32_t)first;
			p->irqs[i].count = (uint32_t)count;
			p->irqs[i].edge = edge;
			owner_changed();
			return 0;
		}
	}
	return -KE_AGAIN;
}

static int64_t grant_region(struct process *p, uint64_t kind, uint64_t start, uint64_t bytes)
{
	static const uint32_t flags[] = {
	    [GRANT_RAM] = REGION_RAM,
	    [GRANT_ROM] = REGION_RAM | REGION_RO,
	    [GRANT_DEVICE] = REGION_DEVICE,
	    [GRANT_CODE] = REGION_RAM | REGION_RO | REGION_X,
	    [GRANT_SHARED] = REGION_RAM | REGION_SHARED,
	    [GRANT_RESERVED] = REGION_RESERVED,
	};

	for (unsigned i = 0; i < REGION_MAX; i++)
		if (!p->regions[i].flags)
			return add_region(p, i, start, bytes, flags[kind]);
	return -KE_AGAIN;
}

int64_t call_ProcessGrant(struct thread *t, struct frame *f)
{
	struct process *p = &processes[masked(ProcessGrant_slot(f), PROCESS_MAX)];
	uint64_t kind = ProcessGrant_what(f), edge = kind == GRANT_IRQ ? ProcessGrant_start(f) & IRQ_EDGE : 0,
		 start = ProcessGrant_start(f) - edge;
	uint64_t bytes = ProcessGrant_length(f);
	int64_t error;

	(void)t;
	if (process_sealed)
		return -KE_PERM;
	if (ProcessGrant_slot(f) >= PROCESS_MAX || p->state != PROCESS_DEFINED)
		return -KE_SRCH;
	error = owner_grantable(kind, start, bytes);
	if (!error)
		error = owner_check(p, (unsigned)kind, start, bytes);
	if (error)
		return error;
	return kind == GRANT_IRQ ? grant_irq(p, start, bytes, edge != 0) : grant_region(p, kind, start, bytes);
}

/* ---- start and signal ---- */

int64_t call_ProcessStart(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessStart_slot(f));
	int64_t tid;

	(void)t;
	if (!p || p->state != PROCESS_NEW)
		return -KE_SRCH;
	thread_create(p, ProcessStart_entry(f), ProcessStart_arg(f), ProcessStart_stack_top(f), ProcessStart_tls(f),
		      p->params.priority, p->params.policy, p->params.runmask, &tid);
	if (tid > 0)
		p->state = PROCESS_RUNNING;
	return tid;
}

int64_t call_ProcessSignal(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessSignal_slot(f));

	(void)t;
	if (!p || p->state != PROCESS_RUNNING)
		return -KE_SRCH;
	if (ProcessSignal_code(f) > 127 || ProcessSignal_value(f) > 31)
		return -KE_INVAL;
	if (!p->control)
		return -KE_BADF;
	p->signals.code = (int8_t)ProcessSignal_code(f);
	p->signals.mask |= (uint32_t)BIT(ProcessSignal_value(f));
	pulse_send(p->control, &p->signals);
	return 0;
}

/* ---- destroy ---- */

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
			sched_kick(i);
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

enum destroy_step { STEP_THREADS, STEP_OBJECTS, STEP_SPACES, STEP_SCRUB, STEP_SLOT };

/* Its definition stays. */
static void free_slot(struct process *p)
{
	pulse_cancel(&p->death);
	pulse_cancel(&p->signals);
	memset(&p->state, 0, sizeof(*p) - offsetof(struct process, state));
	p->state = PROCESS_DEFINED;
}

int64_t call_ProcessDestroy(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessDestroy_slot(f));

	(void)t;
	if (!p || p->slot == 0)
		return -KE_SRCH;
	if (p->state != PROCESS_ENDING) {
		p->state = PROCESS_ENDING;
		p->step = STEP_THREADS;
		process_end(p, END_KILLED, 0);
	}
	switch (p->step) {
	case STEP_THREADS:
		if (p->threads_alive) {
			arch_cpu_relax();
			return CALL_RESTART;
		}
		p->step++;
		return CALL_RESTART;
	case STEP_OBJECTS:
		if (destroy_objects(p))
			p->step++;
		return CALL_RESTART;
	case STEP_SPACES:
		if (!spaces_left(p, arch_this_cpu())) {
			arch_cpu_relax();
			return CALL_RESTART;
		}
		arch_tlb_flush_space(p->space.vmid, p->space.root_pa);
		if (p->params.guest)
			arch_tlb_flush_space(p->guest.vmid, p->guest.root_pa);
		use_regions(p, false);
		p->step++;
		return CALL_RESTART;
	case STEP_SCRUB:
		if (scrub_regions(p, REGION_KMEM + 1))
			p->step++;
		return CALL_RESTART;
	default: free_slot(p); return 0;
	}
}
