/* SPDX-License-Identifier: Apache-2.0 */
/* Places what a system description needs into the board's free RAM: items with an address first. */
#include <range.h>
#include <stddef.h>
#include <string.h>
#include <sysplan.h>

bool plan_add(struct plan *plan, uint32_t slot, enum plan_use use, uint64_t bytes, uint64_t start)
{
	struct plan_item *item;

	if (plan->count == PLAN_ITEM_MAX || bytes == 0 || bytes > PLAN_BYTES_MAX)
		return false;
	item = &plan->item[plan->count++];
	item->slot = slot;
	item->use = use;
	item->bytes = (bytes + PLAN_PAGE - 1) & ~(PLAN_PAGE - 1);
	item->align = use == PLAN_GUEST_RAM || use == PLAN_POOL ? PLAN_BLOCK : PLAN_PAGE;
	item->start = start;
	return true;
}

static bool add_owner(struct plan *plan, const struct sys_owner *own, unsigned owner)
{
	return plan_add(plan, owner + 1, PLAN_KERNEL_MEMORY, own->kernel_memory, SYS_ANYWHERE) &&
	       plan_add(plan, owner + 1, PLAN_RAM, own->memory, SYS_ANYWHERE);
}

/* A guest all of whose RAM is passed to it gets a page that it never sees, since qvm's regions have fixed numbers. */
static uint64_t guest_bytes(const struct sys_vm_needs *needs)
{
	return needs->guest_bytes ? needs->guest_bytes : PLAN_PAGE;
}

const char *plan_system(struct plan *plan, const struct sys_config *config, const struct sys_vm_needs *needs)
{
	for (unsigned i = 0; i < sys_owner_count(config); i++) {
		const struct sys_owner *own = sys_owner_at(config, i);
		bool good = add_owner(plan, own, i);

		if (i >= config->process_count)
			good = good && plan_add(plan, i + 1, PLAN_GUEST_RAM,
						guest_bytes(&needs[i - config->process_count]), SYS_ANYWHERE);
		if (!good)
			return own->name;
	}
	for (unsigned i = 0; i < config->region_count; i++) {
		if (!plan_add(plan, i, PLAN_REGION, config->regions[i].bytes, config->regions[i].start))
			return config->regions[i].name;
	}
	for (unsigned i = 0; i < config->pool_count; i++) {
		if (!plan_add(plan, i, PLAN_POOL, config->pools[i].bytes, SYS_ANYWHERE))
			return config->pools[i].name;
	}
	return NULL;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* The item placed at or after `from` that begins first, among those that begin before `end`. */
static const struct plan_item *next_placed(const struct plan *plan, const bool *placed, uint64_t from, uint64_t end)
{
	const struct plan_item *next = NULL;

	for (unsigned i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->item[i];

		if (placed[i] && item->start + item->bytes > from && item->start < end &&
		    (!next || item->start < next->start))
			next = item;
	}
	return next;
}

/* First fit in one free range. *largest grows to the longest aligned gap that was too short. */
static bool place_in(struct plan *plan, bool *placed, unsigned index, const struct range *range, uint64_t *largest)
{
	struct plan_item *item = &plan->item[index];
	uint64_t end = range->start + range->bytes, at = align_up(range->start, item->align);

	while (at < end) {
		const struct plan_item *next = next_placed(plan, placed, at, end);
		uint64_t gap_end = next ? next->start : end;
		uint64_t gap = gap_end > at ? gap_end - at : 0;

		if (gap >= item->bytes) {
			item->start = at;
			placed[index] = true;
			return true;
		}
		if (gap > *largest)
			*largest = gap;
		if (!next)
			break;
		at = align_up(next->start + next->bytes, item->align);
	}
	return false;
}

/* Items with the strictest alignment go first, among them the longest: that leaves the fewest unusable gaps, and the
 * result depends only on the items and their order. */
static unsigned choose_item(const struct plan *plan, const bool *placed)
{
	unsigned best = plan->count;

	for (unsigned i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->item[i], *rival = &plan->item[best < plan->count ? best : i];

		if (!placed[i] && (best == plan->count || item->align > rival->align ||
				   (item->align == rival->align && item->bytes > rival->bytes)))
			best = i;
	}
	return best;
}

static void count_bytes(const struct plan *plan, const struct range *free, unsigned count,
			struct plan_shortage *shortage)
{
	memset(shortage, 0, sizeof(*shortage));
	for (unsigned i = 0; i < plan->count; i++)
		shortage->needed += plan->item[i].bytes;
	for (unsigned i = 0; i < count; i++)
		shortage->available += free[i].bytes;
}

/* An item with an address gets that address or none, before all others. */
static bool place_fixed(const struct plan_item *item, const struct range *free, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (range_holds(free[i].start, free[i].bytes, item->start, item->bytes))
			return true;
	}
	return false;
}

bool plan_place(struct plan *plan, const struct range *free, unsigned count, struct plan_shortage *shortage)
{
	bool placed[PLAN_ITEM_MAX] = {false};
	unsigned fixed = 0;

	count_bytes(plan, free, count, shortage);
	for (unsigned i = 0; i < plan->count; i++) {
		placed[i] = plan->item[i].start != SYS_ANYWHERE;
		shortage->item = &plan->item[i];
		if (placed[i] && !place_fixed(&plan->item[i], free, count))
			return false;
		fixed += placed[i];
	}
	shortage->item = NULL;
	for (unsigned done = fixed; done < plan->count; done++) {
		unsigned index = choose_item(plan, placed);

		shortage->largest = 0;
		for (unsigned i = 0; i < count && !placed[index]; i++)
			place_in(plan, placed, index, &free[i], &shortage->largest);
		if (!placed[index]) {
			shortage->item = &plan->item[index];
			return false;
		}
	}
	return true;
}

const struct plan_item *plan_find(const struct plan *plan, uint32_t slot, enum plan_use use)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (plan->item[i].slot == slot && plan->item[i].use == use)
			return &plan->item[i];
	return NULL;
}
