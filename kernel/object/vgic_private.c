/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's VM manager sets and reads of a virtual CPU's interrupts 0 to 31 (VcpuPrivate). */
#include "vgic.h"

/* Bit `from` of each byte of a word, together. */
static uint64_t gather_bits(uint32_t word, unsigned from)
{
	return (uint64_t)(word >> from & 0x01010101) * 0x01020408 >> 24 & 0xf;
}

static int private_prio(struct vgic_cpu *v, unsigned first, uint32_t value, uint32_t mask, uint32_t *out)
{
	uint32_t now;

	memcpy(&now, &v->prio[first], sizeof(now));
	now = ((now & ~mask) | value) & (VGIC_PRIO_MASK * 0x01010101u);
	memcpy(&v->prio[first], &now, sizeof(now));
	for (unsigned b = 0; b < VGIC_PRIO_BITS; b++)
		v->plane[b] = (v->plane[b] & ~(0xfull << first)) | gather_bits(now, 7 - b) << first;
	*out = now;
	return 0;
}

static void set_active(struct vgic_cpu *v, uint32_t active, uint32_t mask)
{
	for_each_bit (i, active & ~v->active)
		v->run[i] = VGIC_RUN_NONE;
	v->active = (v->active & ~(uint64_t)mask) | active;
}

int vgic_private(struct vgic_cpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *out)
{
	uint32_t *word, group = (uint32_t)v->group;

	value &= mask;
	switch (op) {
	case VPRIV_ENABLE: word = &v->enable; break;
	case VPRIV_GROUP: word = &group; break;
	case VPRIV_CTLR: word = &v->groups; break;
	case VPRIV_CONFIG:
		word = &v->config;
		mask &= 0xffff0000 & ~(uint32_t)BIT(VIRQ_VTIMER);
		value &= mask;
		break;
	case VPRIV_PENDING:
		v->latch = (v->latch & ~(uint64_t)mask) | value;
		*out = (uint32_t)vgic_pending(v);
		return 0;
	case VPRIV_ACTIVE:
		set_active(v, value, mask);
		*out = (uint32_t)v->active;
		return 0;
	default:
		if (op < VPRIV_PRIO0 || op > VPRIV_PRIO0 + 7)
			return -KE_INVAL;
		return private_prio(v, ((unsigned)op - VPRIV_PRIO0) * 4, value, mask, out);
	}
	*word = (*word & ~mask) | value;
	*out = *word;
	v->group = (v->group & ~(uint64_t)UINT32_MAX) | group;
	v->open = v->enable & ((v->groups & VGIC_GROUP1 ? group : 0) | (v->groups & VGIC_GROUP0 ? ~group : 0));
	return 0;
}
