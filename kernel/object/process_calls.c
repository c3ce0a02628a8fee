/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procmgr's calls: define slots and what they may use, seal that, make processes of it, start them. Their memory is
 * filled in memory_calls.c, the end is in process_end.c. The kernel checks that nothing is given twice; which process
 * gets what is procmgr's plan.
 */
#include "arch.h"
#include "calls.h"
#include "irq.h"
#include "owner.h"
#include "process.h"

bool process_sealed;

/* ---- create ---- */

static void add_region(struct process *p, unsigned index, uint64_t start, uint64_t bytes, uint32_t flags)
{
	struct region *r = &p->regions[index];

	*r = (struct region){.start = start, .bytes = bytes, .flags = flags};
	if ((flags & (REGION_RAM | REGION_RO)) == REGION_RAM) {
		r->home = p->check.same ? p->check.same : r;
		p->ram_bytes += r->home == r && index != REGION_KMEM ? bytes : 0;
	}
	owner_changed();
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
	if (!params.runmask || !params.max_priority || params.max_priority > PRIO_MAX || !params.priority ||
	    params.priority > params.max_priority || (params.policy != SCHED_FIFO_ && params.policy != SCHED_RR_) ||
	    (params.partition & ~PARTITION_CRITICAL) >= PARTITION_MAX)
		return -KE_INVAL;
	error = owner_check(p, GRANT_RAM, params.kmem, params.kmem_bytes);
	if (error)
		return error;
	p->params = params;
	sched_know_mask(params.runmask);
	add_region(p, REGION_KMEM, params.kmem, params.kmem_bytes, REGION_RAM);
	p->state = PROCESS_DEFINED;
	return 0;
}

/* After Seal: a process of what was defined, with memory that is zero. Kernel memory is zeroed when it is used. */
static int64_t make_process(struct process *p)
{
	int64_t error;

	if (p->state == PROCESS_FREE)
		return -KE_SRCH;
	if (p->state != PROCESS_DEFINED)
		return -KE_BUSY;
	if (!region_scrub(p, 0, REGION_KMEM))
		return CALL_RESTART;
	kmem_init(&p->kmem, p->params.kmem, p->params.kmem_bytes);
	error = space_init(&p->space, &p->kmem, 1 + p->slot, false);
	if (!error && p->params.guest)
		error = space_init(&p->guest, &p->kmem, 1 + PROCESS_MAX + p->slot, true);
	if (error)
		return error;
	region_use_all(p, true);
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
	return process_sealed ? make_process(p) : define(t, p, ProcessCreate_params(f));
}

int64_t call_ProcessZero(struct thread *t, struct frame *f)
{
	uint64_t slot = ProcessZero_slot(f);

	(void)t;
	if (slot >= PROCESS_MAX)
		return -KE_INVAL;
	return region_scrub(&processes[masked(slot, PROCESS_MAX)], 0, REGION_KMEM) ? 0 : CALL_RESTART;
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

int64_t call_ProcessGrant(struct thread *t, struct frame *f)
{
	static const uint32_t flags[] = {
	    [GRANT_RAM] = REGION_RAM,
	    [GRANT_ROM] = REGION_RAM | REGION_RO,
	    [GRANT_DEVICE] = REGION_DEVICE,
	    [GRANT_IRQ] = REGION_IRQ,
	    [GRANT_CODE] = REGION_RAM | REGION_RO | REGION_X,
	    [GRANT_SHARED] = REGION_RAM | REGION_SHARED,
	    [GRANT_RESERVED] = REGION_RESERVED,
	};
	struct process *p = &processes[masked(ProcessGrant_slot(f), PROCESS_MAX)];
	const uint64_t kind = ProcessGrant_what(f), bytes = ProcessGrant_length(f);
	const bool irq = kind == GRANT_IRQ, edge = irq && (ProcessGrant_start(f) & IRQ_EDGE);
	const uint64_t start = ProcessGrant_start(f) - (edge ? IRQ_EDGE : 0);
	int64_t error;

	(void)t;
	if (process_sealed)
		return -KE_PERM;
	if (ProcessGrant_slot(f) >= PROCESS_MAX || p->state != PROCESS_DEFINED)
		return -KE_SRCH;
	error = owner_check(p, kind, start, bytes);
	if (error)
		return error;
	for (unsigned i = irq ? REGION_IRQS : 0; i < (irq ? REGION_COUNT : REGION_KMEM); i++) {
		if (!p->regions[i].flags) {
			add_region(p, i, start, bytes, flags[kind] | (edge ? REGION_EDGE : 0));
			return irq ? 0 : i;
		}
	}
	return -KE_AGAIN;
}

/* ---- start and signal ---- */

int64_t call_ProcessStart(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessStart_slot(f));
	int64_t tid;

	(void)t;
	if (!p || p->state != PROCESS_NEW)
		return -KE_SRCH;
	thread_make(p, ProcessStart_entry(f), ProcessStart_arg(f), ProcessStart_stack_top(f), ProcessStart_tls(f),
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
