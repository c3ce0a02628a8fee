/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what: the check that nothing is given twice. It looks at all processes, a few at a time. */
#include "owner.h"
#include "arch.h"
#include "board.h"
#include "cpu.h"
#include "irq.h"
#include "thread.h"

struct boot_info boot_info __attribute__((aligned(4096)));

static uint64_t generation = 1; /* counts what has got an owner */

void owner_changed(void)
{
	generation++;
}

/* ---- what may have an owner ---- */

static bool overlaps(const struct range *r, unsigned count, paddr_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < count; i++)
		if (ranges_overlap(start, bytes, r[i].start, r[i].bytes))
			return true;
	return false;
}

/*
 * The kernel maps it, since a process may name it in a call; it gives it to nobody by itself. Firmware may have
 * reserved what it loaded, too: the Image, the device tree, and the archive, out of which code is mapped, are written
 * by nobody.
 */
static bool is_reserved(paddr_t start, uint64_t bytes)
{
	const struct range loaded[] = {board.image, board.dtb, board.initrd};

	return !overlaps(loaded, ARRAY_COUNT(loaded), start, bytes) &&
	       ranges_hold(board.reserved, board.reserved_count, start, bytes) &&
	       ranges_hold(board.ram, board.ram_count, start, bytes);
}

static bool in_archive(paddr_t start, uint64_t bytes)
{
	paddr_t from = align_down(board.initrd.start, PAGE_SIZE);
	paddr_t to = align_up(board.initrd.start + board.initrd.bytes, PAGE_SIZE);

	return board.initrd.bytes && range_holds(from, to - from, start, bytes);
}

/* Could it be granted at all, GRANT_*? 0, -KE_INVAL, -KE_PERM. */
static int64_t check_grantable(uint64_t kind, uint64_t start, uint64_t bytes)
{
	if (kind == GRANT_IRQ)
		return start >= 32 && bytes && bytes <= INTID_MAX && start + bytes <= arch_irq_limit() ? 0 : -KE_INVAL;
	if (!range_ok(start, bytes) || !is_aligned(start | bytes, PAGE_SIZE))
		return -KE_INVAL;
	switch (kind) {
	case GRANT_RAM:
	case GRANT_SHARED: return ranges_hold(boot_info.ram, boot_info.ram_count, start, bytes) ? 0 : -KE_PERM;
	case GRANT_ROM:
	case GRANT_CODE: return in_archive(start, bytes) ? 0 : -KE_PERM;
	case GRANT_RESERVED: return is_reserved(start, bytes) ? 0 : -KE_PERM;
	case GRANT_DEVICE:
		return overlaps(board.ram, board.ram_count, start, bytes) ||
			       overlaps(board.devices, ARCH_BOARD_DEVICES, start, bytes)
			   ? -KE_PERM
			   : 0;
	default: return -KE_INVAL;
	}
}

/* ---- who has it ---- */

/* Is a region in the way of what is to be granted? Shared memory of exactly that range is not, and is remembered. */
static bool in_the_way(struct owner_check *c, const struct region *r)
{
	if (!r->flags || !ranges_overlap(c->start, c->bytes, r->start, r->bytes))
		return false;
	if (c->kind == GRANT_SHARED && (r->flags & REGION_SHARED) && r->start == c->start && r->bytes == c->bytes) {
		c->same = r->home;
		return false;
	}
	/* Several may read it. */
	return (c->kind != GRANT_ROM && c->kind != GRANT_CODE) || !(r->flags & REGION_RO);
}

static bool owns(const struct process *q, struct owner_check *c)
{
	const bool irq = c->kind == GRANT_IRQ;

	for (unsigned i = irq ? REGION_IRQS : 0; i < (irq ? REGION_COUNT : REGION_IRQS); i++)
		if (in_the_way(c, &q->regions[i]))
			return true;
	return false;
}

/*
 * Process by process, until somebody waits. Where it stopped is kept with what it was about: if anything has got an
 * owner since, or it is about something else, it begins anew.
 */
int64_t owner_check(struct process *p, uint64_t kind, uint64_t start, uint64_t bytes)
{
	struct owner_check *c = &p->check;
	int64_t error = check_grantable(kind, start, bytes);

	if (error)
		return error;
	if (c->generation != generation || c->kind != kind || c->start != start || c->bytes != bytes)
		*c = (struct owner_check){
		    .start = start, .bytes = bytes, .generation = generation, .kind = (uint32_t)kind};
	while (c->slot < PROCESS_MAX) {
		if (owns(&processes[c->slot], c)) {
			c->generation = 0;
			return -KE_PERM;
		}
		c->slot++;
		if (must_give_way())
			return CALL_RESTART;
	}
	return 0;
}
