/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that map memory: procmgr's into processes that do not run yet, and each process's into its own space and its
 * guest's. A process gets only what it was granted, and never more rights than that has.
 */
#include "arch.h"
#include "calls.h"
#include "process.h"

#define COPY_STEP (4ull << 10)
#define CODE_STEP (8ull << 10)

/* ---- of a process that does not run yet ---- */

static struct region *region_of(struct process *p, uint64_t index, uint64_t offset, uint64_t bytes)
{
	struct region *r = &p->regions[masked(index, REGION_MAX)];

	if (index >= REGION_MAX || !r->flags || bytes == 0 || !range_holds(0, r->bytes, offset, bytes))
		return NULL;
	return r;
}

_Static_assert(IN_MemMap_address == IN_ProcessMap_address && IN_MemMap_region == IN_ProcessMap_region &&
		   IN_MemMap_offset == IN_ProcessMap_offset && IN_MemMap_bytes == IN_ProcessMap_bytes &&
		   IN_MemMap_prot == IN_ProcessMap_prot,
	       "map_pages() is for both");

/* Goes on with what is left: the registers say how far it came. */
static int64_t map_step(struct space *s, struct frame *f, paddr_t pa, unsigned attr)
{
	uint64_t bytes = ProcessMap_bytes(f);
	bool code = (attr & SPACE_X) && !s->guest;
	int64_t done = space_map(s, ProcessMap_address(f), pa, code && bytes > CODE_STEP ? CODE_STEP : bytes, attr);

	if (done < 0)
		return done;
	if (code)
		arch_cache_sync_code(arch_pa_to_va(pa), (uint64_t)done);
	if ((uint64_t)done == bytes)
		return 0;
	ProcessMap_add_address(f, (uint64_t)done);
	ProcessMap_add_offset(f, (uint64_t)done);
	ProcessMap_add_bytes(f, -(uint64_t)done);
	return CALL_RESTART;
}

/* What a process executes is never writable under any address, since its region is not. */
static bool prot_allowed(const struct region *r, uint64_t prot, bool guest, bool creator)
{
	if ((prot & PROT_W) && (r->flags & REGION_RO))
		return false;
	if (!(prot & PROT_X))
		return true;
	return guest ? !(r->flags & (REGION_DEVICE | REGION_SHARED))
		     : creator && (r->flags & REGION_X) && prot == (PROT_R | PROT_X);
}

static int64_t map_pages(struct process *p, struct space *s, struct frame *f, bool creator)
{
	uint64_t va = ProcessMap_address(f), offset = ProcessMap_offset(f), bytes = ProcessMap_bytes(f);
	uint64_t prot = ProcessMap_prot(f);
	struct region *r = region_of(p, ProcessMap_region(f), offset, bytes);

	if (!r || !is_aligned(va | offset | bytes, PAGE_SIZE) || !range_holds(0, SPACE_LIMIT, va, bytes) ||
	    (prot & ~7ull) || !prot)
		return -KE_INVAL;
	if (!prot_allowed(r, prot, s->guest, creator) || (s->sealed && !(r->flags & REGION_SHARED)))
		return -KE_PERM;
	return map_step(s, f, r->start + offset,
			(unsigned)prot | (r->flags & REGION_DEVICE ? SPACE_DEVICE : 0) |
			    (r->flags & REGION_SHARED ? SPACE_SHARED : 0));
}

int64_t call_ProcessMap(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessMap_slot(f));

	(void)t;
	if (!p || p->state != PROCESS_NEW)
		return -KE_SRCH;
	return map_pages(p, &p->space, f, true);
}

int64_t call_ProcessCopy(struct thread *t, struct frame *f)
{
	struct process *p = process_of(ProcessCopy_slot(f));
	struct region *r = p ? region_of(p, ProcessCopy_region(f), ProcessCopy_offset(f), ProcessCopy_bytes(f)) : NULL;
	uint64_t n;

	if (!p || p->state != PROCESS_NEW)
		return -KE_SRCH;
	if (!r || r->flags != REGION_RAM)
		return -KE_INVAL;
	n = ProcessCopy_bytes(f) < COPY_STEP ? ProcessCopy_bytes(f) : COPY_STEP;
	if (copy_in(t->process, arch_pa_to_va(r->start + ProcessCopy_offset(f)), ProcessCopy_from(f), n))
		return -KE_FAULT;
	ProcessCopy_add_offset(f, n);
	ProcessCopy_add_from(f, n);
	ProcessCopy_add_bytes(f, -n);
	return ProcessCopy_bytes(f) ? CALL_RESTART : 0;
}

/* ---- memory of the caller itself ---- */

static struct space *own_space(struct process *p, uint64_t which)
{
	if (which == SPACE_SELF)
		return &p->space;
	return which == SPACE_GUEST && p->params.guest ? &p->guest : NULL;
}

int64_t call_MemMap(struct thread *t, struct frame *f)
{
	struct space *s = own_space(t->process, MemMap_space(f));

	return s ? map_pages(t->process, s, f, false) : -KE_INVAL;
}

/* Only less than it is: what was mapped for reading only, or not executable, stays so. */
int64_t call_MemProtect(struct thread *t, struct frame *f)
{
	struct space *s = own_space(t->process, MemProtect_space(f));
	uint64_t va = MemProtect_address(f), bytes = MemProtect_bytes(f), prot = MemProtect_prot(f);
	int64_t done;

	/* A guest would see the moment between break and make. */
	if (!s || (prot && s->guest) || (prot & ~7ull) || !bytes || !is_aligned(va | bytes, PAGE_SIZE) ||
	    !range_holds(0, SPACE_LIMIT, va, bytes))
		return -KE_INVAL;
	if (prot && prot != PROT_R)
		return -KE_PERM;
	done = space_change(s, va, bytes, prot ? SPACE_R : 0);
	if (done < 0)
		return done;
	MemProtect_add_address(f, (uint64_t)done);
	MemProtect_add_bytes(f, -(uint64_t)done);
	return MemProtect_bytes(f) ? CALL_RESTART : 0;
}

int64_t call_MemInfo(struct thread *t, struct frame *f)
{
	struct region *r = &t->process->regions[masked(MemInfo_region(f), REGION_MAX)];

	if (MemInfo_region(f) >= REGION_MAX || !r->flags)
		return -KE_INVAL;
	MemInfo_set_flags(f, r->flags);
	MemInfo_set_address(f, r->start);
	return (int64_t)r->bytes;
}
