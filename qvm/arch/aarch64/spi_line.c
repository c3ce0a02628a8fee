/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices do to shared interrupts.
 *
 * Lines change without the lock (guest_line_change()), so that one of a disabled interrupt takes none. A device changes
 * `line` and then looks at `watched`; who enables, which makes it watched, changes that and then looks at `line`
 * (heed_lines(), owed_spis()). All of these are sequentially consistent, so one of the two sees what the other has
 * done: the device takes the lock and does what is due by then, or the line is found as it is. Who disables looks at no
 * line: what the kernel has is taken back with the lock held, and `raised` with it. Two threads that change one line
 * end in the level it has: the later one with the lock goes by the line, not by what it has done. A rise is an edge if
 * the SPI is one when its device has the lock. If it is not watched it is a level, disabled; one that becomes an edge
 * then has risen before.
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
static inline void follow_level(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid), vcpu = g->place[intid];
	uint32_t b = bit_of(intid);

	if (!(__atomic_load_n(&g->input[w].line, __ATOMIC_SEQ_CST) & b))
		spi_lower(g, intid);
	else if (unlikely(!(g->direct[w] & b)))
		spi_offer(g, intid);
	else if (note_taken(g, g->ops->vcpu_line(g->ctx, vcpu, intid, 1, rank_of(g, intid))))
		g->raised[w] |= b;
}

void guest_gic_line_rose(struct guest_gic *g, unsigned intid)
{
	mutex_lock(g->config.lock);
	if (unlikely(g->edge[word_of(intid)] & bit_of(intid)))
		latch_spi(g, intid);
	else
		follow_level(g, intid);
	mutex_unlock(g->config.lock);
}

void guest_gic_line_fell(struct guest_gic *g, unsigned intid)
{
	mutex_lock(g->config.lock);
	if (likely(!(g->edge[word_of(intid)] & bit_of(intid))))
		follow_level(g, intid);
	mutex_unlock(g->config.lock);
}

/* A pulse latches even if the guest has configured the SPI as level-sensitive: better one too many than one lost. */
void guest_gic_pulse(struct guest_gic *g, unsigned intid)
{
	if (!is_spi(g, intid) || (g->bound[word_of(intid)] & bit_of(intid)))
		return;
	mutex_lock(g->config.lock);
	latch_spi(g, intid);
	mutex_unlock(g->config.lock);
}
