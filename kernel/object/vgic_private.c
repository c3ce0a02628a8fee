/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's VM manager sets and reads of a virtual CPU's interrupts 0 to 31 (VcpuPrivate). */
#include "vgic.h"

static uint32_t change_prio(struct vgic_cpu *v, unsigned word, uint32_t value, uint32_t mask)
{
	v->prio_word[word] = ((v->prio_word[word] & ~mask) | value) & (VGIC_PRIO_MASK * 0x01010101u);
	v->stale |= (uint32_t)BIT(word);
	return v->prio_word[word];
}

/* 1: the virtual timer's has changed. */
static int change_state(uint64_t *state, uint32_t value, uint32_t mask)
{
	uint64_t was = *state;

	*state = (was & ~(uint64_t)mask) | value;
	return (was ^ *state) >> VIRQ_VTIMER & 1;
}

uint32_t vgic_private_set(uint64_t op, uint32_t mask)
{
	return op < VPRIV_CTLR ? mask : op == VPRIV_CTLR ? ~0u : 0xfu << op % 8 * 4;
}

int vgic_private(struct vgic_cpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *now)
{
	uint32_t *word = &v->enable, group = (uint32_t)v->group;

	value &= mask;
	switch (op) {
	case VPRIV_PENDING:
		if (!mask)
			*now = (uint32_t)vgic_state(v, false);
		return change_state(&v->latch, value, mask);
	case VPRIV_ACTIVE:
		if (!mask)
			*now = (uint32_t)vgic_state(v, true);
		v->acked &= ~(value & ~v->active);
		return change_state(&v->active, value, mask);
	case VPRIV_CONFIG:
		mask &= 0xffff0000 & ~(uint32_t)BIT(VIRQ_VTIMER);
		v->config = (v->config & ~mask) | (value & mask);
		for_each_bit (i, mask ? 0 : v->config >> 16)
			*now |= 2u << 2 * i;
		return 0;
	case VPRIV_ENABLE: break;
	case VPRIV_GROUP: word = &group; break;
	case VPRIV_CTLR: word = &v->groups; break;
	default:
		if (op - VPRIV_PRIO0 > 7)
			return -KE_INVAL;
		*now = change_prio(v, (unsigned)(op - VPRIV_PRIO0), value, mask);
		return 0;
	}
	*now = *word = (*word & ~mask) | value;
	v->group = (v->group & ~(uint64_t)UINT32_MAX) | group;
	v->open = v->enable & ((v->groups & VGIC_GROUP1 ? group : 0) | (v->groups & VGIC_GROUP0 ? ~group : 0));
	return 0;
}
