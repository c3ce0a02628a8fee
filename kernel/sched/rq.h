/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of a CPU, whose lock is held. */
#pragma once

#include "sched.h"

/*
 * The most important one of these kinds, by what accounts are worth on another CPU, perhaps; among equals one of the
 * account after the one that was chosen last. NULL: there is none. *rank: its rank, else 0.
 */
NAMED struct thread *rq_first(const struct run_queue *rq, const struct cpu *by, uint32_t kinds, unsigned *rank);
/* Of `from`, for another CPU. Of run masks without a kind of their own only a few threads are examined. */
struct thread *rq_first_for(const struct cpu *c, const struct cpu *from, unsigned *rank);
void rq_insert(struct cpu *c, struct thread *t, bool first);
void rq_remove(struct cpu *c, struct thread *t);
NAMED void rq_set_top(struct cpu *c); /* ranks have changed */
