/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of processes: who has a region, and that it is zero when somebody gets it. */
#include "arch.h"
#include "console.h"
#include "lock.h"
#include "process.h"

#define SCRUB_PAGES 4 /* zeroed between two looks for an interrupt */

uint64_t region_zeroed(const struct region *r)
{
	return r->taken < r->bytes / PAGE_SIZE ? r->taken * PAGE_SIZE : r->bytes;
}

/*
 * Zeroes until an interrupt waits, and cleans to the PoC, since a guest starts with its caches off. No process has this
 * memory, and none gets it while `busy`, so the lock is released. Other CPUs may be at the same region: each takes the
 * next pages that nobody has taken yet.
 */
static void scrub_some(struct region *r)
{
	const uint64_t pages = r->bytes / PAGE_SIZE;
	char *va = arch_pa_to_va(r->start);

	r->busy++;
	lock_release(&kernel_lock);
	do {
		uint64_t at = __atomic_fetch_add(&r->taken, SCRUB_PAGES, __ATOMIC_RELAXED);
		uint64_t count = pages - at < SCRUB_PAGES ? pages - at : SCRUB_PAGES;

		if (at >= pages)
			break;
		arch_memory_scrub(va + at * PAGE_SIZE, count * PAGE_SIZE);
	} while (!arch_irq_pending());
	lock_acquire(&kernel_lock);
	r->busy--;
}

/* Those that no process has, one after the other. False: one step was done; there may be more. */
bool region_scrub(struct process *p, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		struct region *r = p->regions[i].home;

		if (!r || r->users || (region_zeroed(r) == r->bytes && !r->busy))
			continue;
		if (region_zeroed(r) == r->bytes)
			arch_cpu_relax(); /* other CPUs are at the rest */
		else
			scrub_some(r);
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
		r->users = (uint16_t)(r->users + (use ? 1 : -1));
		r->taken = 0;
	}
}
