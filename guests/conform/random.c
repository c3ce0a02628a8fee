/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences, beside the model after each step. Only what the architecture defines: interrupts are completed in
 * the order in which they were taken, and EOImode changes only while none is.
 */
#include "model.h"

#define RUNS    12
#define STEPS   120
#define NESTED  16
#define NOTHING 0 /* no difference was found */

struct run {
	uint64_t random;
	struct model model;
	uint32_t taken[NESTED]; /* acknowledged and not completed, the last one at the end */
	unsigned int depth;
};

static uint32_t next(struct run *r, uint32_t below)
{
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return (uint32_t)(r->random * 0x2545f4914f6cdd1dull >> 32) % below;
}

/* SGIs, a PPI without a device, both timers, SPIs without a device. */
static const uint8_t intids[] = {0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 27, 30, 40, 41, 42, 43, 44, 45};
#define INTIDS (sizeof(intids) / sizeof(intids[0]))
#define LEVELS 30 /* of priority, above the mask */

static uint32_t any_intid(struct run *r)
{
	return intids[next(r, INTIDS)];
}

/* No two have the same priority, since which one comes first is not said: one for each, and another for the first ones.
 */
static bool choose_priority(struct run *r, struct step *s)
{
	uint32_t i = next(r, LEVELS - INTIDS);

	s->intid = intids[i];
	s->value = (uint8_t)(8 * (next(r, 2) ? i : INTIDS + i));
	return !r->model.irq[s->intid].active; /* what is active keeps the priority with which it was taken */
}

static void choose_change(struct run *r, struct step *s)
{
	static const enum op ops[] = {OP_ENABLE, OP_ENABLE,  OP_SET_PENDING, OP_SET_PENDING, OP_CLEAR_PENDING,
				      OP_SEND,   OP_DISABLE, OP_PRIORITY,    OP_LINE_HIGH,   OP_LINE_LOW};

	s->op = ops[next(r, sizeof(ops) / sizeof(ops[0]))];
	s->intid = any_intid(r);
	if (s->op == OP_SEND)
		s->intid = next(r, 8);
	if (s->op >= OP_LINE_HIGH)
		s->intid = next(r, 2) ? 27 : 30;
	if (s->op == OP_PRIORITY && !choose_priority(r, s))
		s->op = OP_ENABLE;
}

/* Half of the steps take, complete and deactivate; with EOImode 1 what was completed is deactivated in any order. */
static void choose(struct run *r, struct step *s)
{
	uint32_t kind = next(r, 8);

	*s = (struct step){.op = OP_ACKNOWLEDGE};
	if (kind < 4) {
		choose_change(r, s);
	} else if (kind < 5 && r->depth) {
		s->op = OP_END;
		s->intid = r->taken[--r->depth];
	} else if (kind < 6 && r->model.split) {
		s->op = OP_DEACTIVATE;
		s->intid = any_intid(r);
	} else if (r->depth == NESTED) {
		s->op = OP_END;
		s->intid = r->taken[--r->depth];
	}
}

static void take(struct run *r, uint32_t intid)
{
	if (intid < MODEL_INTIDS)
		r->taken[r->depth++] = intid;
}

/* Number, operation and INTID of the first step after which the machine is not as the model. */
static uint64_t compare(uint64_t seed, bool split)
{
	static struct run r;
	struct view is, should;
	struct step s = {.op = split ? OP_SPLIT : OP_JOIN};

	r = (struct run){.random = seed * 0x9e3779b97f4a7c15ull};
	model_reset(&r.model);
	for (uint32_t i = 0; i < INTIDS; i++) {
		struct step own = {.op = OP_PRIORITY, .intid = intids[i], .value = (uint8_t)(8 * i)};

		model_step(&r.model, &own);
		machine_step(&own);
	}
	for (uint64_t i = 1; i <= STEPS; i++) {
		uint32_t right = model_step(&r.model, &s), value = machine_step(&s);

		if (s.op == OP_ACKNOWLEDGE)
			take(&r, right);
		model_view(&r.model, &should);
		machine_view(&is);
		if (value != right || !view_same(&is, &should))
			return i << 16 | (uint64_t)s.op << 8 | s.intid;
		choose(&r, &s);
	}
	return NOTHING;
}

void check_random(void)
{
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		char name[] = {'r', 'u', 'n', (char)('a' + seed - 1), 0};

		if (CHECK("random", "eoimode1", name)) {
			found_right(compare(seed, true), NOTHING);
			gic_clean();
		}
		if (CHECK("random", "eoimode0", name)) {
			found_right(compare(seed + 100, false), NOTHING);
			gic_clean();
		}
	}
}
