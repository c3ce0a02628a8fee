/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an interrupt controller holds of INTIDs 0 to 63, all of Group 1 and for one CPU, by the architecture: the third
 * opinion. And the same operations on the machine.
 */
#pragma once

#include "conform.h"

#define MODEL_INTIDS 64

struct model {
	struct {
		bool latch, active, enabled, edge, line;
		uint8_t prio;
	} irq[MODEL_INTIDS];
	bool split;          /* ICC_CTLR_EL1.EOImode */
	uint32_t priorities; /* active ones, bit n for n << 3 */
	uint8_t mask;        /* ICC_PMR_EL1 */
};

enum op {
	OP_ENABLE,
	OP_DISABLE,
	OP_SET_PENDING,
	OP_CLEAR_PENDING,
	OP_SET_ACTIVE,
	OP_CLEAR_ACTIVE,
	OP_SEND,
	OP_ACKNOWLEDGE,
	OP_END,        /* ICC_EOIR1_EL1 */
	OP_DEACTIVATE, /* ICC_DIR_EL1 */
	OP_PRIORITY,
	OP_EDGE,
	OP_LEVEL,
	OP_LINE_HIGH, /* of a timer: 27, 30 */
	OP_LINE_LOW,
	OP_SPLIT, /* EOImode 1 */
	OP_JOIN,  /* EOImode 0 */
	OP_MASK,  /* ICC_PMR_EL1 */
};

struct step {
	enum op op;
	bool by_other; /* by the other virtual CPU */
	uint32_t intid;
	uint8_t value; /* priority */
};

/* What both show; equal structures mean equal states. */
struct view {
	uint32_t pending[2], active[2]; /* of INTIDs 0 to 31, and 32 to 63 */
	uint32_t highest;               /* ICC_HPPIR1_EL1 */
	uint32_t running;               /* ICC_RPR_EL1 */
	bool signalled;                 /* ISR_EL1.I */
};

/* As gic_clean() leaves it. */
void model_reset(struct model *m);
uint32_t model_step(struct model *m, const struct step *s); /* OP_ACKNOWLEDGE: the INTID */
void model_view(const struct model *m, struct view *v);

uint32_t machine_step(const struct step *s);
void machine_view(struct view *v);
bool view_same(const struct view *a, const struct view *b);
