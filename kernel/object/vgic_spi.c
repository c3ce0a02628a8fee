/* SPDX-License-Identifier: Apache-2.0 */
/* The SPIs in flight on a virtual CPU: each has a slot from its first edge or level until it is over, or is bound. */
#include "arch.h"
#include "vgic.h"

static __attribute__((noinline)) unsigned search_spi(const struct vgic_cpu *v, unsigned intid)
{
	for_each_bit (i, v->spi_used)
		if (v->spi[i].intid == intid)
			return VGIC_PRIVATE + (unsigned)i;
	return VGIC_CANDIDATES;
}

/* Its candidate, or VGIC_CANDIDATES. Most are where take_spi() looks first. */
static inline unsigned find_spi(const struct vgic_cpu *v, unsigned intid)
{
	unsigned first = intid % VGIC_INFLIGHT;

	if (v->spi_used & BIT(first) && v->spi[first].intid == intid)
		return VGIC_PRIVATE + first;
	return search_spi(v, intid);
}

static unsigned take_spi(struct vgic_cpu *v, unsigned intid)
{
	unsigned i = intid % VGIC_INFLIGHT;

	if (v->spi_used == UINT32_MAX)
		return VGIC_CANDIDATES;
	if (v->spi_used & BIT(i))
		i = (unsigned)__builtin_ctz(~v->spi_used);
	v->spi_used |= (uint32_t)BIT(i);
	v->spi[i] = (struct virq){.intid = (uint16_t)intid};
	return VGIC_PRIVATE + i;
}

static struct virq *spi_at(struct vgic_cpu *v, unsigned index)
{
	return &v->spi[index % VGIC_INFLIGHT];
}

static void put_bit(uint64_t *set, unsigned index, bool value)
{
	*set = value ? *set | BIT(index) : *set & ~BIT(index);
}

/* Its priority and group, as VcpuLine has them. */
static void put_spi_prio(struct vgic_cpu *v, unsigned index, unsigned prio)
{
	put_bit(&v->group, index, !(prio & VGIC_PRIO_GROUP0));
	v->prio[index] = prio & VGIC_PRIO_MASK;
	v->stale |= (uint32_t)BIT(index / 4);
}

int vgic_change_spi(struct vgic_cpu *v, unsigned intid, unsigned prio, bool line, bool level)
{
	unsigned i = find_spi(v, intid);

	if (level && unlikely(i == VGIC_CANDIDATES))
		i = take_spi(v, intid);
	if (i == VGIC_CANDIDATES)
		return level ? -KE_AGAIN : 0;
	if (spi_at(v, i)->host) {
		if (line)
			return -KE_BUSY;
		arch_irq_set_pending(spi_at(v, i)->host, true);
		return 0;
	}
	if (line)
		put_bit(&v->line, i, level);
	else
		v->repend |= BIT(i);
	if (unlikely((v->prio[i] ^ prio) & VGIC_PRIO_MASK || (v->group >> i & 1) == !!(prio & VGIC_PRIO_GROUP0)))
		put_spi_prio(v, i, prio);
	return (int)i;
}

bool vgic_fire(struct vgic_cpu *v, unsigned host)
{
	for_each_bit (i, v->bound) {
		if (v->spi[i].host == host) {
			v->repend |= BIT(VGIC_PRIVATE + i);
			vgic_arrived(v, VGIC_PRIVATE + (unsigned)i);
			return true;
		}
	}
	return false;
}

int vgic_bind(struct vgic_cpu *v, unsigned intid, unsigned host, unsigned prio)
{
	unsigned i = find_spi(v, intid), count = 0;

	if (i < VGIC_CANDIDATES && spi_at(v, i)->host != host)
		return -KE_BUSY; /* something else is in flight under that number */
	for (uint32_t left = v->bound; left; left &= left - 1)
		count++;
	if (i == VGIC_CANDIDATES && count < VGIC_BOUND)
		i = take_spi(v, intid);
	if (i == VGIC_CANDIDATES)
		return -KE_AGAIN;
	spi_at(v, i)->host = (uint16_t)host;
	put_spi_prio(v, i, prio);
	v->bound |= (uint32_t)BIT(i - VGIC_PRIVATE);
	return 0;
}

void vgic_unbind(struct vgic_cpu *v, unsigned intid)
{
	unsigned i = find_spi(v, intid);

	if (i < VGIC_CANDIDATES)
		v->bound &= ~(uint32_t)BIT(i - VGIC_PRIVATE);
}

unsigned vgic_host(const struct vgic_cpu *v, unsigned intid)
{
	unsigned i = find_spi(v, intid);

	return i < VGIC_CANDIDATES ? v->spi[i - VGIC_PRIVATE].host : 0;
}

/* VIRQ_* of a candidate, or of none. */
static int virq_state(const struct vgic_cpu *v, unsigned i)
{
	if (i == VGIC_CANDIDATES)
		return 0;
	return (vgic_pending(v) & BIT(i) ? VIRQ_PENDING : 0) | (v->active & BIT(i) ? VIRQ_ACTIVE : 0);
}

int vgic_query(const struct vgic_cpu *v, unsigned intid)
{
	return virq_state(v, find_spi(v, intid));
}

int vgic_withdraw(struct vgic_cpu *v, unsigned intid, unsigned what)
{
	unsigned i = find_spi(v, intid);
	int state = virq_state(v, i);

	if (i == VGIC_CANDIDATES)
		return 0;
	v->line &= ~BIT(i);
	v->latch &= ~BIT(i);
	v->repend &= ~BIT(i);
	if ((state & VIRQ_ACTIVE) && !(what & VIRQ_ACTIVE))
		return state;
	if (spi_at(v, i)->host && state)
		arch_irq_deactivate(spi_at(v, i)->host);
	v->active &= ~BIT(i);
	if (!(v->bound & BIT(i - VGIC_PRIVATE)))
		v->spi_used &= ~(uint32_t)BIT(i - VGIC_PRIVATE);
	return state;
}

void vgic_deactivate(struct vgic_cpu *v, unsigned intid)
{
	unsigned i = intid < VGIC_PRIVATE ? intid : find_spi(v, intid);

	if (i < VGIC_CANDIDATES)
		vgic_end_active(v, i);
}
