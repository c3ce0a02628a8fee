/* SPDX-License-Identifier: Apache-2.0 */
#include "vgic.h"

#include "arch.h"

#define PRIVATE_COUNT 32
#define PRIO_MASK     0xf8 /* five priority bits, as every GICv3 with virtualization has at the least */
#define VMCR_VENG0    BIT(0)
#define VMCR_VENG1    BIT(1)
#define VMCR_VPMR(v)  ((unsigned)((v) >> 24) & 0xff)

/* What could be in a list register: private interrupts by their number, SPIs by their slot behind them. */
#define CANDIDATES (PRIVATE_COUNT + VGIC_INFLIGHT)

struct candidate {
	uint16_t intid;
	uint8_t prio;
	bool pending, active, level, edge, group1;
};

void vgic_reset(struct vgic_cpu *v, unsigned lr_count)
{
	memset(v, 0, sizeof(*v));
	v->lr_count = lr_count;
	v->config = 0x0000ffff; /* SGIs are edges */
	v->enable = 0x0000ffff;
	v->hcr = ICH_HCR_EN;
	memset(v->lr_of, VGIC_LR_MAX, sizeof(v->lr_of));
}

/* Each bit set of a word, lowest first. */
#define for_each_bit(n, word)                                                                            \
	for (uint64_t n##_left = (word), n; n##_left && (n = (uint64_t)__builtin_ctzll(n##_left), true); \
	     n##_left &= n##_left - 1)

static struct virq *find_spi(struct vgic_cpu *v, unsigned intid)
{
	for_each_bit (i, v->spi_used)
		if (v->spi[i].intid == intid)
			return &v->spi[i];
	return NULL;
}

static struct virq *take_spi(struct vgic_cpu *v, unsigned intid)
{
	struct virq *q = find_spi(v, intid);
	unsigned i;

	if (q || v->spi_used == UINT32_MAX)
		return q;
	i = (unsigned)__builtin_ctz(~v->spi_used);
	v->spi_used |= (uint32_t)BIT(i);
	v->spi[i] = (struct virq){.intid = (uint16_t)intid};
	return &v->spi[i];
}

static void free_spi(struct vgic_cpu *v, struct virq *q)
{
	v->spi_used &= ~(uint32_t)BIT(q - v->spi);
}

static bool is_level(const struct vgic_cpu *v, unsigned intid)
{
	/* The virtual timer's interrupt is linked to the physical one, whose active state keeps the level away. */
	return !(v->config & BIT(intid)) && intid != VIRQ_VTIMER;
}

static void put_state(uint32_t *word, unsigned bit, bool value)
{
	*word = value ? *word | (uint32_t)BIT(bit) : *word & ~(uint32_t)BIT(bit);
}

/* Whose image it is is known without what the hardware left in it. */
static void fold_image(struct vgic_cpu *v, unsigned index, uint64_t lr)
{
	bool pending = lr & LR_STATE_PENDING, active = lr & LR_STATE_ACTIVE;
	struct virq *q;

	if (index < PRIVATE_COUNT) {
		put_state(&v->pending, index, pending);
		put_state(&v->active, index, active);
		return;
	}
	q = &v->spi[index - PRIVATE_COUNT];
	q->edge = q->edge && (pending || !q->offered);
	q->active = active;
}

static void end_spi(struct virq *q)
{
	if (q->active && q->host)
		gic_deactivate(q->host);
	q->active = false;
}

/* EOIs for interrupts that were active without an image: the most important ones first (IHI 0069, 9.4.3). */
static void end_without_image(struct vgic_cpu *v)
{
	unsigned best = CANDIDATES, best_prio = 256;

	/* The linked one always has an image: only the processor ends it, and the physical one with it. */
	for_each_bit (i, v->active & ~BIT(VIRQ_VTIMER)) {
		if (v->prio[i] < best_prio) {
			best = (unsigned)i;
			best_prio = v->prio[i];
		}
	}
	for_each_bit (i, v->spi_used) {
		if (v->spi[i].active && v->spi[i].prio < best_prio) {
			best = PRIVATE_COUNT + (unsigned)i;
			best_prio = v->spi[i].prio;
		}
	}
	if (best < PRIVATE_COUNT)
		v->active &= ~(uint32_t)BIT(best);
	else if (best < CANDIDATES)
		end_spi(&v->spi[best - PRIVATE_COUNT]);
}

static void take_in(struct vgic_cpu *v)
{
	uint32_t level = ~v->config & ~(uint32_t)BIT(VIRQ_VTIMER);

	v->pending |= v->repend;
	v->repend = 0;
	v->pending = (v->pending & ~level) | (v->line & level);
	for_each_bit (i, v->spi_used) {
		struct virq *q = &v->spi[i];

		q->edge |= q->repend;
		q->pending = q->line || q->edge;
		q->repend = q->offered = false;
		if (!q->pending && !q->active && !(v->bound & BIT(i)))
			free_spi(v, q);
	}
}

void vgic_fold(struct vgic_cpu *v, unsigned eoicount)
{
	for_each_bit (i, v->lr_used)
		fold_image(v, v->lr_index[i], v->lr[i]);
	v->lr_used = 0;
	for (; eoicount; eoicount--)
		end_without_image(v);
	take_in(v);
}

/* Those that are pending and enabled, or active. */
static uint64_t candidates(const struct vgic_cpu *v)
{
	return ((v->pending & v->enable) | v->active) | (uint64_t)v->spi_used << PRIVATE_COUNT;
}

static struct candidate candidate(const struct vgic_cpu *v, uint64_t i)
{
	if (i >= PRIVATE_COUNT) {
		const struct virq *q = &v->spi[i - PRIVATE_COUNT];

		return (struct candidate){
		    .intid = q->intid,
		    .prio = q->prio,
		    .pending = q->pending,
		    .active = q->active,
		    .level = q->line,
		    .edge = q->edge,
		    .group1 = true,
		};
	}
	return (struct candidate){
	    .intid = (uint16_t)i,
	    .prio = v->prio[i],
	    .pending = v->pending & v->enable & BIT(i),
	    .edge = !is_level(v, (unsigned)i),
	    .active = v->active & BIT(i),
	    .level = is_level(v, (unsigned)i),
	    .group1 = v->group & BIT(i),
	};
}

static uint64_t image(const struct candidate *c)
{
	uint64_t lr = c->intid | (uint64_t)(c->prio & PRIO_MASK) << LR_PRIO_SHIFT | (c->group1 ? LR_GROUP1 : 0);

	if (c->intid == VIRQ_VTIMER)
		lr |= LR_HW | (uint64_t)VIRQ_VTIMER << LR_PINTID_SHIFT;
	else if (c->level)
		lr |= LR_EOI; /* its input is looked at again when the guest has done */
	/* A level that is active shows its input at completion; a linked one is never both (12.5.9). */
	if (c->active)
		lr |= LR_STATE_ACTIVE | (c->pending && c->edge && !(lr & LR_HW) ? LR_STATE_PENDING : 0);
	else
		lr |= LR_STATE_PENDING;
	return lr;
}

/*
 * What candidates are sorted by, and behind it their numbers: active ones first, since their completion needs an image,
 * above all the linked one's; then by priority, then by INTID.
 */
#define RANK_INACTIVE     BIT(40)
#define RANK_INDEX(rank)  ((unsigned)(rank)&0xff)
#define RANK(prio, intid) ((uint64_t)(prio) << 32 | (uint64_t)(intid) << 8)

/* Into those that get an image, which are sorted; what falls out at the end is left over. */
static inline void place(uint64_t *ranks, unsigned *count, unsigned limit, uint64_t new)
{
	unsigned at = *count;

	if (at < limit)
		(*count)++;
	else if (new >= ranks[--at])
		return;
	for (; at > 0 && ranks[at - 1] > new; at--)
		ranks[at] = ranks[at - 1];
	ranks[at] = new;
}

/* The candidates that get images, and how many. */
static unsigned choose(const struct vgic_cpu *v, uint64_t active, uint64_t wanted, uint64_t ranks[VGIC_LR_MAX])
{
	unsigned count = 0;

	for_each_bit (i, (uint32_t)wanted)
		place(ranks, &count, v->lr_count,
		      i == VIRQ_VTIMER && (active & BIT(i))
			  ? i
			  : (active & BIT(i) ? 0 : RANK_INACTIVE) | RANK(v->prio[i], i) | i);
	for_each_bit (i, wanted >> PRIVATE_COUNT) {
		const struct virq *q = &v->spi[i];

		place(ranks, &count, v->lr_count,
		      (q->active ? 0 : RANK_INACTIVE) | RANK(q->prio, q->intid) | (PRIVATE_COUNT + i));
	}
	return count;
}

/* Those that are active and those that are pending, as candidates are numbered. */
static void state_masks(const struct vgic_cpu *v, uint64_t *active, uint64_t *pending)
{
	*active = v->active;
	*pending = v->pending & v->enable;
	for_each_bit (i, v->spi_used) {
		*active |= (uint64_t)v->spi[i].active << (PRIVATE_COUNT + i);
		*pending |= (uint64_t)v->spi[i].pending << (PRIVATE_COUNT + i);
	}
}

/* The image of an interrupt that is linked to a physical one: never pending and active at once (12.5.9). */
static uint64_t linked(uint64_t lr, unsigned host)
{
	lr = (lr & ~LR_EOI) | LR_HW | (uint64_t)host << LR_PINTID_SHIFT;
	return lr & LR_STATE_ACTIVE ? lr & ~LR_STATE_PENDING : lr;
}

/* An image for a candidate; whether it is offered as pending. */
static bool fill_one(struct vgic_cpu *v, unsigned n, unsigned index)
{
	struct candidate c = candidate(v, index);
	uint64_t lr = image(&c);

	if (index >= PRIVATE_COUNT) {
		struct virq *q = &v->spi[index - PRIVATE_COUNT];

		if (unlikely(q->host))
			lr = linked(lr, q->host);
		q->offered = lr & LR_STATE_PENDING;
	} else {
		v->lr_of[index] = (uint8_t)n;
	}
	v->lr[n] = lr;
	v->lr_index[n] = (uint8_t)index;
	return lr & LR_STATE_PENDING;
}

void vgic_fill(struct vgic_cpu *v)
{
	uint64_t ranks[VGIC_LR_MAX] = {0}, active, pending, left;
	bool pending_in = false;
	unsigned count;

	state_masks(v, &active, &pending);
	left = active | pending;
	count = choose(v, active, left, ranks);
	for (unsigned n = 0; n < count; n++) {
		pending_in |= fill_one(v, n, RANK_INDEX(ranks[n]));
		left &= ~BIT(RANK_INDEX(ranks[n]));
	}
	v->lr_used = (uint32_t)BIT(count) - 1;
	v->hcr = ICH_HCR_EN;
	if (left & active)
		v->hcr |= ICH_HCR_LRENPIE | ICH_HCR_TDIR;
	/* Tell when there is room: when nothing offered is pending any more, or, if all is active, when one ends. */
	if (left & pending)
		v->hcr |= pending_in ? ICH_HCR_NPIE : ICH_HCR_UIE;
	if (v->hcr != ICH_HCR_EN)
		memset(v->lr_of, VGIC_LR_MAX, sizeof(v->lr_of)); /* others wait for room: nobody goes ahead of them */
}

bool vgic_place(struct vgic_cpu *v, unsigned intid, uint32_t empty, unsigned *n)
{
	struct candidate c = candidate(v, intid);
	unsigned last = v->lr_of[intid], at;

	if (v->hcr != ICH_HCR_EN || !(v->enable & BIT(intid)) || c.level)
		return false;
	if ((v->lr_used & BIT(last)) && (uint32_t)v->lr[last] == intid)
		return false; /* still there, pending or active */
	empty &= (uint32_t)BIT(v->lr_count) - 1;
	if (!empty)
		return false;
	at = (unsigned)__builtin_ctz(empty);
	if (v->lr_used & BIT(at)) {
		unsigned done = (uint32_t)v->lr[at];

		if (done >= PRIVATE_COUNT)
			return false; /* its line may have to be looked at again */
		v->pending &= ~(uint32_t)BIT(done);
		v->active &= ~(uint32_t)BIT(done);
	}
	c.pending = true;
	c.active = false;
	v->lr[at] = image(&c);
	v->lr_index[at] = (uint8_t)intid;
	v->lr_used |= (uint32_t)BIT(at);
	v->lr_of[intid] = (uint8_t)at;
	*n = at;
	return true;
}

void vgic_set_pending(struct vgic_cpu *v, unsigned intid)
{
	v->repend |= (uint32_t)BIT(intid);
}

void vgic_private_line(struct vgic_cpu *v, unsigned intid, bool level)
{
	put_state(&v->line, intid, level);
}

int vgic_line(struct vgic_cpu *v, unsigned intid, bool level, unsigned prio)
{
	struct virq *q = level ? take_spi(v, intid) : find_spi(v, intid);

	if (!q)
		return level ? -KE_AGAIN : 0;
	if (q->host)
		return -KE_BUSY;
	q->line = level;
	q->prio = (uint8_t)prio;
	return 0;
}

int vgic_inject(struct vgic_cpu *v, unsigned intid, unsigned prio)
{
	struct virq *q = take_spi(v, intid);

	if (!q)
		return -KE_AGAIN;
	if (q->host) {
		gic_set_pending(q->host, true);
		return 0;
	}
	q->repend = true;
	q->prio = (uint8_t)prio;
	return 0;
}

void vgic_fire(struct vgic_cpu *v, unsigned intid)
{
	struct virq *q = find_spi(v, intid);

	if (q)
		q->repend = true;
}

int vgic_bind(struct vgic_cpu *v, unsigned intid, unsigned host, unsigned prio)
{
	struct virq *q = find_spi(v, intid);
	unsigned count = 0;

	if (q && q->host != host)
		return -KE_BUSY; /* something else is in flight under that number */
	for (uint32_t left = v->bound; left; left &= left - 1)
		count++;
	if (!q && count < VGIC_BOUND)
		q = take_spi(v, intid);
	if (!q)
		return -KE_AGAIN;
	q->host = (uint16_t)host;
	q->prio = (uint8_t)prio;
	v->bound |= (uint32_t)BIT(q - v->spi);
	return 0;
}

void vgic_unbind(struct vgic_cpu *v, unsigned intid)
{
	struct virq *q = find_spi(v, intid);

	if (q)
		v->bound &= ~(uint32_t)BIT(q - v->spi);
}

unsigned vgic_host(const struct vgic_cpu *v, unsigned intid)
{
	for_each_bit (i, v->spi_used)
		if (v->spi[i].intid == intid)
			return v->spi[i].host;
	return 0;
}

int vgic_query(const struct vgic_cpu *v, unsigned intid)
{
	for_each_bit (i, v->spi_used)
		if (v->spi[i].intid == intid)
			return (v->spi[i].pending ? VIRQ_PENDING : 0) | (v->spi[i].active ? VIRQ_ACTIVE : 0);
	return 0;
}

int vgic_withdraw(struct vgic_cpu *v, unsigned intid)
{
	struct virq *q = find_spi(v, intid);
	int state = vgic_query(v, intid);

	if (!q)
		return 0;
	if (q->host && state)
		gic_deactivate(q->host);
	if (v->bound & BIT(q - v->spi))
		q->pending = q->active = q->edge = q->repend = false;
	else
		free_spi(v, q);
	return state;
}

void vgic_deactivate(struct vgic_cpu *v, unsigned intid)
{
	struct virq *q;

	if (intid < PRIVATE_COUNT) {
		v->active &= ~(uint32_t)BIT(intid);
		return;
	}
	q = find_spi(v, intid);
	if (q)
		end_spi(q);
}

static int private_prio(struct vgic_cpu *v, unsigned first, uint32_t value, uint32_t mask, uint32_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t *p = &v->prio[first + i];

		if (mask & (0xffu << (8 * i)))
			*p = (uint8_t)(value >> (8 * i)) & PRIO_MASK;
		*out |= (uint32_t)*p << (8 * i);
	}
	return 0;
}

int vgic_private(struct vgic_cpu *v, unsigned op, uint32_t value, uint32_t mask, uint32_t *out)
{
	uint32_t *word;

	switch (op) {
	case VPRIV_ENABLE: word = &v->enable; break;
	case VPRIV_PENDING: word = &v->pending; break;
	case VPRIV_ACTIVE: word = &v->active; break;
	case VPRIV_GROUP: word = &v->group; break;
	case VPRIV_CONFIG:
		word = &v->config;
		mask &= 0xffff0000; /* SGIs are edges for ever */
		break;
	default:
		if (op < VPRIV_PRIO0 || op > VPRIV_PRIO0 + 7)
			return -KE_INVAL;
		return private_prio(v, (op - VPRIV_PRIO0) * 4, value, mask, out);
	}
	*word = (*word & ~mask) | (value & mask);
	*out = *word;
	return 0;
}

bool vgic_deliverable(const struct vgic_cpu *v, uint64_t vmcr)
{
	for_each_bit (i, candidates(v)) {
		struct candidate c = candidate(v, i);

		if (c.pending && !c.active && (vmcr & (c.group1 ? VMCR_VENG1 : VMCR_VENG0)) &&
		    (c.prio & PRIO_MASK) < VMCR_VPMR(vmcr))
			return true;
	}
	return false;
}
