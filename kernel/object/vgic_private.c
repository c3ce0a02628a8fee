/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's VM manager sets and reads of a virtual CPU's interrupts 0 to 31 (VcpuPrivate). */
#include "vgic.h"

static int private_prio(struct vgic_cpu *v, unsigned first, uint32_t value, uint32_t mask, uint32_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t *p = &v->prio[first + i];

		if (mask & (0xffu << (8 * i)))
			*p = (uint8_t)(value >> (8 * i)) & VGIC_PRIO_MASK;
		*out |= (uint32_t)*p << (8 * i);
	}
	return 0;
}

static void set_active(struct vgic_cpu *v, uint32_t active)
{
	for_each_bit (i, active & ~v->active)
		v->run[i] = VGIC_RUN_NONE;
	v->active = active;
}

int vgic_private(struct vgic_cpu *v, unsigned op, uint32_t value, uint32_t mask, uint32_t *out)
{
	uint32_t *word;

	value &= mask;
	switch (op) {
	case VPRIV_ENABLE: word = &v->enable; break;
	case VPRIV_GROUP: word = &v->group; break;
	case VPRIV_CTLR: word = &v->groups; break;
	case VPRIV_CONFIG:
		word = &v->config;
		mask &= 0xffff0000 & ~(uint32_t)BIT(VIRQ_VTIMER);
		value &= mask;
		break;
	case VPRIV_PENDING:
		v->latch = (v->latch & ~mask) | value;
		*out = vgic_pending(v);
		return 0;
	case VPRIV_ACTIVE:
		set_active(v, (v->active & ~mask) | value);
		*out = v->active;
		return 0;
	default:
		if (op < VPRIV_PRIO0 || op > VPRIV_PRIO0 + 7)
			return -KE_INVAL;
		return private_prio(v, (op - VPRIV_PRIO0) * 4, value, mask, out);
	}
	*word = (*word & ~mask) | value;
	*out = *word;
	v->open = v->enable & ((v->groups & VGIC_GROUP1 ? v->group : 0) | (v->groups & VGIC_GROUP0 ? ~v->group : 0));
	return 0;
}
