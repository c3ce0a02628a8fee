/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of processes: who has a region, and that it is zero when somebody gets it. */
#include "arch.h"
#include "console.h"
#include "lock.h"
#include "process.h"

#define SCRUB_STEP (16ull << 10)

bool region_is_own_ram(const struct region *r)
{
	return (r->flags & (REGION_RAM | REGION_RO)) == REGION_RAM;
}

/*
 * Zeroes until an interrupt waits, and cleans to the PoC, since a guest starts with its caches off. No process has this
 * memory, and `busy` keeps other calls off it, so the lock is released.
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
bool region_scrub_all(struct process *p, unsigned end)
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

void region_use_all(struct process *p, bool use)
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
