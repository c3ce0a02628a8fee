/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that wait for a CPU, by kinds of run masks and by accounts. */
#include "rq.h"
#include "cpu.h"
#include "thread.h"

#define OTHERS_MAX 16

/* ---- kinds of run masks ---- */

/* Those of processes, after those for one CPU; 0: free yet. Under the kernel lock, and never changed once set. */
static uint32_t masks[KIND_OTHERS - CPU_MAX];

unsigned sched_kind_of(uint32_t mask)
{
	if (!(mask & (mask - 1)))
		return (unsigned)__builtin_ctz(mask);
	for (unsigned i = 0; i < ARRAY_COUNT(masks); i++)
		if (READ_ONCE(masks[i]) == mask)
			return CPU_MAX + i;
	return KIND_OTHERS;
}

void sched_know_mask(uint32_t mask)
{
	for (unsigned i = 0; i < ARRAY_COUNT(masks) && sched_kind_of(mask) == KIND_OTHERS; i++)
		if (!masks[i])
			WRITE_ONCE(masks[i], mask);
}

/* Those that may run on a CPU, and perhaps others. */
static uint32_t kinds_for(unsigned cpu)
{
	uint32_t kinds = (uint32_t)BIT(cpu) | (uint32_t)BIT(KIND_OTHERS);

	for (unsigned i = 0; i < ARRAY_COUNT(masks); i++)
		if (READ_ONCE(masks[i]) & BIT(cpu))
			kinds |= (uint32_t)BIT(CPU_MAX + i);
	return kinds;
}

/* ---- the queue of a CPU, whose lock is held ---- */

struct thread *rq_first(const struct run_queue *rq, const struct cpu *by, uint32_t kinds, unsigned *rank)
{
	const struct waiting *found = NULL;
	unsigned best = 0;

	for_each_bit (k, rq->kinds & kinds) {
		for_each_bit (a, rq->lane[k].used) {
			const struct waiting *first = queue_first(&rq->lane[k].of[a]);
			unsigned rank_of = by->share.rank[a] | first->prio;
			unsigned key = rank_of << 6 | (~((unsigned)a - rq->last - 1) & 63);

			if (key > best) {
				best = key;
				found = first;
			}
		}
	}
	*rank = best >> 6;
	return found ? container_of(found, struct thread, run) : NULL;
}

void rq_set_top(struct cpu *c)
{
	unsigned top;

	rq_first(&c->rq, c, ~0u, &top);
	WRITE_ONCE(c->rq.top, top);
}

void rq_insert(struct cpu *c, struct thread *t, bool first)
{
	struct run_queue *rq = &c->rq;
	struct lane *lane = &rq->lane[t->kind];
	uint8_t *runmasks = &sched_runmasks.of[c->id];
	unsigned rank = sched_rank(c, t);

	WRITE_ONCE(t->state, STATE_READY);
	t->run.prio = t->prio;
	queue_insert(&lane->of[t->account], &t->run, first);
	lane->used |= BIT(t->account);
	rq->kinds |= (uint32_t)BIT(t->kind);
	WRITE_ONCE(*runmasks, *runmasks | (uint8_t)t->runmask);
	WRITE_ONCE(rq->count, rq->count + 1);
	if (rank > rq->top)
		WRITE_ONCE(rq->top, rank);
}

void rq_remove(struct cpu *c, struct thread *t)
{
	struct run_queue *rq = &c->rq;
	struct lane *lane = &rq->lane[t->kind];
	struct waiting *of = &lane->of[t->account];

	queue_remove(&t->run);
	WRITE_ONCE(t->state, STATE_MOVING);
	WRITE_ONCE(rq->count, rq->count - 1);
	if (!rq->count)
		WRITE_ONCE(sched_runmasks.of[c->id], 0);
	if (queue_empty(of)) {
		lane->used &= ~BIT(t->account);
		if (!lane->used)
			rq->kinds &= ~(uint32_t)BIT(t->kind);
	} else if (queue_first(of)->prio == t->run.prio) {
		return;
	}
	rq_set_top(c);
}

struct thread *rq_first_for(const struct cpu *c, const struct cpu *from, unsigned *rank)
{
	const struct lane *others = &from->rq.lane[KIND_OTHERS];
	struct thread *found = rq_first(&from->rq, c, kinds_for(c->id) & ~(uint32_t)BIT(KIND_OTHERS), rank);
	unsigned examined = 0;

	for_each_bit (a, others->used) {
		list_for_each (it, &others->of[a].link) {
			struct thread *t = list_entry(it, struct thread, run.link);

			if (++examined > OTHERS_MAX)
				return found;
			if (!(t->runmask & BIT(c->id)))
				continue;
			if (sched_rank(c, t) > *rank) {
				*rank = sched_rank(c, t);
				found = t;
			}
			break;
		}
	}
	return found;
}
