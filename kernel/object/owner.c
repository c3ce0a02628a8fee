/* SPDX-License-Identifier: Apache-2.0 */
#include "owner.h"

#include "arch.h"
#include "board.h"
#include "irq.h"
#include "thread.h"

static uint64_t generation = 1; /* counts what has got an owner */

void owner_changed(void)
{
	generation++;
}

/* ---- what may have an owner ---- */

static bool overlaps_board(paddr_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < board.ram_count; i++)
		if (ranges_overlap(start, bytes, board.ram[i].start, board.ram[i].bytes))
			return true;
	for (unsigned i = 0; i < board.gicr_count; i++)
		if (ranges_overlap(start, bytes, board.gicr[i].start, board.gicr[i].bytes))
			return true;
	return ranges_overlap(start, bytes, board.gicd.start, board.gicd.bytes) ||
	       (board.smmu.bytes && ranges_overlap(start, bytes, board.smmu.start, board.smmu.bytes));
}

static bool in_archive(paddr_t start, uint64_t bytes)
{
	paddr_t from = align_down(board.initrd.start, PAGE_SIZE);
	paddr_t to = align_up(board.initrd.start + board.initrd.bytes, PAGE_SIZE);

	return board.initrd.bytes && start >= from && bytes <= to - from && start - from <= to - from - bytes;
}

int64_t owner_grantable(uint64_t kind, uint64_t start, uint64_t bytes)
{
	if (kind == GRANT_IRQ)
		return start < 32 || bytes == 0 || bytes > INTID_MAX || start + bytes > gic_intid_limit() ? -KE_INVAL
													  : 0;
	if (!range_ok(start, bytes) || !is_aligned(start | bytes, PAGE_SIZE))
		return -KE_INVAL;
	switch (kind) {
	case GRANT_RAM: return process_ram_free(start, bytes) ? 0 : -KE_PERM;
	case GRANT_ROM: return in_archive(start, bytes) ? 0 : -KE_PERM;
	case GRANT_DEVICE: return overlaps_board(start, bytes) ? -KE_PERM : 0;
	default: return -KE_INVAL;
	}
}

/* ---- who has it ---- */

static bool owns_irq(const struct process *q, uint64_t first, uint64_t count)
{
	for (unsigned i = 0; i < IRQ_GRANT_MAX; i++)
		if (q->irqs[i].count && ranges_overlap(first, count, q->irqs[i].first, q->irqs[i].count))
			return true;
	return false;
}

static bool owns(const struct process *q, unsigned kind, uint64_t start, uint64_t bytes)
{
	uint32_t shared = kind == GRANT_ROM ? REGION_RO : 0; /* several may read it */

	if (q->state == PROCESS_FREE)
		return false;
	if (kind == GRANT_IRQ)
		return owns_irq(q, start, bytes);
	if (ranges_overlap(start, bytes, q->params.kmem, q->params.kmem_bytes))
		return true;
	for (unsigned i = 0; i < REGION_MAX; i++) {
		const struct region *r = &q->regions[i];

		if (r->flags && !(r->flags & shared) && ranges_overlap(start, bytes, r->start, r->bytes))
			return true;
	}
	/* What is being zeroed for it, without the lock, is as good as its own. */
	return q->state == PROCESS_NEW && q->busy && ranges_overlap(start, bytes, q->check.start, q->check.bytes);
}

/*
 * Process by process, until an interrupt waits. Where it stopped is kept with what it was about: if anything has got an
 * owner since, or it is about something else, it begins anew.
 */
int64_t owner_check(struct process *p, unsigned kind, uint64_t start, uint64_t bytes)
{
	struct owner_check *c = &p->check;

	if (c->generation != generation || c->kind != kind || c->start != start || c->bytes != bytes)
		*c = (struct owner_check){.start = start, .bytes = bytes, .generation = generation, .kind = kind};
	while (c->slot < PROCESS_MAX) {
		struct process *q = &processes[c->slot];

		if (owns(q, kind, start, bytes)) {
			c->generation = 0;
			return -KE_PERM;
		}
		if (q != p && kind == GRANT_RAM)
			owner_forget_clean(q, start, bytes);
		c->slot++;
		if (irq_pending())
			return CALL_RESTART;
	}
	return 0;
}

/* ---- what is zero ---- */

bool owner_is_clean(const struct process *p, paddr_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < REGION_MAX; i++)
		if (p->clean[i].start == start && p->clean[i].bytes == bytes)
			return true;
	return false;
}

void owner_clean(struct process *p, unsigned index, paddr_t start, uint64_t bytes)
{
	p->clean[index].start = start;
	p->clean[index].bytes = bytes;
}

void owner_forget_clean(struct process *p, paddr_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < REGION_MAX; i++)
		if (p->clean[i].bytes && ranges_overlap(start, bytes, p->clean[i].start, p->clean[i].bytes))
			p->clean[i].bytes = 0;
}
