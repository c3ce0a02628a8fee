/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's VM manager sets and reads of a virtual CPU's interrupts 0 to 31 (VcpuPrivate). */
#include "vgic.h"

/* Bit `from` of each byte of a word, together. */
static uint64_t gather_bits(uint32_t word, unsigned from)
{
	return (uint64_t)(word >> from & 0x01010101) * 0x01020408 >> 24 & 0xf;
}

static uint32_t change_prio(struct vgic_cpu *v, unsigned word, uint32_t value, uint32_t mask)
{
	uint32_t was = v->private_prio[word], now = ((was & ~mask) | value) & (VGIC_PRIO_MASK * 0x01010101u);

	if (now == was)
		return now;
	v->private_prio[word] = now;
#pragma GCC unroll 5
	for (unsigned b = 0; b < VGIC_PRIO_BITS; b++)
		v->plane[b] = (v->plane[b] & ~(0xfull << word * 4)) | gather_bits(now, 7 - b) << word * 4;
	return now;
}

/* 1: the virtual timer's has changed. */
static int change_state(uint64_t *state, uint32_t value, uint32_t mask)
{
	uint64_t was = *state;

	*state = (was & ~(uint64_t)mask) | value;
	return (was ^ *state) >> VIRQ_VTIMER & 1;
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
		for_each_bit (i, value & ~v->active)
			v->run[i] = VGIC_RUN_NONE;
		return change_state(&v->active, value, mask);
	case VPRIV_CONFIG:
		mask &= 0xffff0000 & ~(uint32_t)BIT(VIRQ_VTIMER);
		v->config = (v->config & ~mask) | (value & mask);
		*now = 0;
		for_each_bit (i, v->config >> 16)
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

int vgic_private_placed(struct vgic_cpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *now,
			uint32_t *changed)
{
	uint32_t set = !mask || op < VPRIV_CTLR ? mask : op == VPRIV_CTLR ? ~0u : 0xfu << op % 8 * 4;
	int result;

	*changed = vgic_take_out(v, set);
	result = vgic_private(v, op, value, mask, now);
	return vgic_put_back(v, set, changed) ? result : 1;
}
