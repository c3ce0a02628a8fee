/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices do to shared interrupts.
 *
 * Lines change without the lock, so that what the guest has disabled, or the end of an edge, takes none. A device
 * changes `line` and then looks at `edge` and `enable`; who enables, or makes it a level, changes that and then looks
 * at `line` (owed_spis()). All of these are sequentially consistent, so one of the two sees what the other has done:
 * the device takes the lock and tells the kernel what the line is by then, or the line is found as it is. Who disables
 * looks at no line: what the kernel has is taken back with the lock held, and `raised` with it. Two threads that change
 * one line end in the level it has: the later one with the lock goes by the line, not by what it has done. Whether a
 * rise is an edge is decided by what `edge` says right after it: a change at that moment is before or after the rise,
 * and one that takes a level's place while its device waits for the lock finds no level any more (owed_spis() again).
 */
#include "qvm/arch/aarch64/spi.h"

/* An edge. */
static void latch_spi(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid), vcpu = g->place[intid];
	uint32_t b = bit_of(intid);

	if (likely(g->direct[w] & b) && note_taken(g, g->ops->vcpu_inject(g->ctx, vcpu, intid, rank_of(g, intid))))
		return;
	set_bits(&g->held[w].latch, b);
	spi_offer(g, intid);
}

/* The line may be another one by now, and whoever changed it comes here, too. */
static void follow_line(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid), vcpu = g->place[intid];
	uint32_t b = bit_of(intid);

	if (!(lines_of(g, w) & b))
		spi_lower(g, intid);
	else if (unlikely(!(g->direct[w] & b)))
		spi_offer(g, intid);
	else if (note_taken(g, g->ops->vcpu_line(g->ctx, vcpu, intid, 1, rank_of(g, intid))))
		g->raised[w] |= b;
}

static bool change_line(struct guest_gic *g, unsigned word, uint32_t bit, bool level)
{
	uint32_t *line = &g->line[word];
	uint32_t old =
	    level ? __atomic_fetch_or(line, bit, __ATOMIC_SEQ_CST) : __atomic_fetch_and(line, ~bit, __ATOMIC_SEQ_CST);

	return level != ((old & bit) != 0);
}

void guest_gic_set_line(struct guest_gic *g, unsigned intid, bool level)
{
	unsigned w = word_of(intid);
	uint32_t b = bit_of(intid), edge;

	if (intid >= GUEST_GIC_INTIDS || !(g->driven[w] & b) || !change_line(g, w, b, level))
		return;
	edge = __atomic_load_n(&g->edge[w], __ATOMIC_SEQ_CST) & b;
	if (edge ? !level : !(__atomic_load_n(&g->enable[w], __ATOMIC_SEQ_CST) & b))
		return;
	mutex_lock(g->config.lock);
	if (unlikely(edge))
		latch_spi(g, intid);
	else
		follow_line(g, intid);
	mutex_unlock(g->config.lock);
}

/* A pulse latches even if the guest has configured the SPI as level-sensitive: better one too many than one lost. */
void guest_gic_pulse(struct guest_gic *g, unsigned intid)
{
	if (intid >= GUEST_GIC_INTIDS || !(g->driven[word_of(intid)] & bit_of(intid)))
		return;
	mutex_lock(g->config.lock);
	latch_spi(g, intid);
	mutex_unlock(g->config.lock);
}
