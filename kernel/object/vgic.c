/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which virtual interrupts are in the list registers, and what has become of them. Called by vcpu_irq.c of the
 * architecture at entries and exits of the guest, and by the calls on virtual CPUs; vgic_private.c has the registers of
 * INTIDs 0 to 31.
 */
#include "vgic.h"
#include "arch.h"

#define PRIVATE_COUNT 32

/*
 * What could be in a list register, the candidates: private interrupts by their number, SPIs by their slot after them.
 * A set of them is a word of 64 bits.
 */
_Static_assert(PRIVATE_COUNT + VGIC_INFLIGHT == 64, "sets of candidates");

void vgic_reset(struct vgic_cpu *v, unsigned lr_count)
{
	memset(v, 0, sizeof(*v));
	v->lr_count = lr_count;
	v->config = 0x0000ffff; /* SGIs are edges */
	v->control = ARCH_VGIC_ON;
	memset(v->lr_of, VGIC_LR_MAX, sizeof(v->lr_of));
}

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

static void put_state(uint32_t *word, unsigned bit, bool value)
{
	*word = value ? *word | (uint32_t)BIT(bit) : *word & ~(uint32_t)BIT(bit);
}

uint32_t vgic_pending(const struct vgic_cpu *v)
{
	return v->latch | (v->line & ~v->config);
}

/* Priority and group, as they are set now. */
static uint8_t prio_of(const struct vgic_cpu *v, unsigned index)
{
	if (index >= PRIVATE_COUNT)
		return v->spi[index - PRIVATE_COUNT].prio;
	return v->prio[index] | (v->group & BIT(index) ? 0 : VGIC_PRIO_GROUP0);
}

static unsigned intid_of(const struct vgic_cpu *v, unsigned index)
{
	return index < PRIVATE_COUNT ? index : v->spi[index - PRIVATE_COUNT].intid;
}

/* Whose image it is is known without what the hardware left in it. */
static void fold_image(struct vgic_cpu *v, unsigned index, uint64_t lr)
{
	bool pending = lr & ARCH_LR_PENDING, active = lr & ARCH_LR_ACTIVE, was;
	struct virq *q;

	if (index < PRIVATE_COUNT) {
		uint32_t bit = (uint32_t)BIT(index);

		if (pending)
			v->latch |= bit & v->config; /* an edge may have come straight into the image */
		else
			v->latch &= ~(v->offered & bit);
		was = v->active & bit;
		put_state(&v->active, index, active);
		v->ended |= (lr & ARCH_LR_LINKED) && !pending && !active;
	} else {
		q = &v->spi[index - PRIVATE_COUNT];
		q->edge = q->edge && (pending || !q->offered);
		was = q->active;
		q->active = active;
	}
	if (active && !was)
		v->run[index] = ((uint8_t)(lr >> ARCH_LR_PRIO_SHIFT) & VGIC_PRIO_MASK) |
				(lr & ARCH_LR_GROUP1 ? 0 : VGIC_PRIO_GROUP0);
}

static void end_spi(struct virq *q)
{
	if (q->active && q->host)
		arch_irq_deactivate(q->host);
	q->active = false;
}

/* Is this one of the priorities at which the guest runs handlers? By its binary points (IHI 0069, 4.8.2 and 4.8.3). */
static bool is_running(const struct vgic_cpu *v, uint8_t run)
{
	bool own_point = !(run & VGIC_PRIO_GROUP0) && !(v->vmcr & ARCH_VMCR_COMMON_POINT);
	unsigned point = own_point ? ARCH_VMCR_POINT1(v->vmcr) : ARCH_VMCR_POINT0(v->vmcr) + 1;

	return v->running & BIT((run & VGIC_PRIO_MASK & ~0u << point) >> 3);
}

/*
 * An EOIR of an interrupt that had no image (IHI 0069, 9.4.3). The count does not say which one, but its priority is
 * not among those that run any more. If there is none the guest ended what was not active, and nothing happens.
 */
static void end_without_image(struct vgic_cpu *v)
{
	unsigned best = 0, run = VGIC_RUN_NONE;

	for_each_bit (i, v->outside) {
		if (v->run[i] < run && !is_running(v, v->run[i])) {
			best = (unsigned)i;
			run = v->run[i];
		}
	}
	if (run == VGIC_RUN_NONE)
		return;
	v->outside &= ~BIT(best);
	if (best < PRIVATE_COUNT)
		v->active &= ~(uint32_t)BIT(best);
	else
		end_spi(&v->spi[best - PRIVATE_COUNT]);
}

static void take_in(struct vgic_cpu *v)
{
	v->latch |= v->repend | (v->sgis & v->group);
	v->repend = v->sgis = v->offered = 0;
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
	v->ended = false;
	for_each_bit (i, v->lr_used)
		fold_image(v, v->lr_index[i], v->lr[i]);
	v->lr_used = 0;
	/* With ends in two steps it is the second one that ends, and it traps while one is active without an image. */
	for (; eoicount && !(v->vmcr & ARCH_VMCR_SPLIT_END); eoicount--)
		end_without_image(v);
	v->outside = 0;
	take_in(v);
}

/* Those that are active and those that are pending and enabled. */
static void state_masks(const struct vgic_cpu *v, uint64_t *active, uint64_t *pending)
{
	uint32_t spi_active = 0, spi_pending = 0;

	for_each_bit (i, v->spi_used) {
		spi_active |= (uint32_t)v->spi[i].active << i;
		spi_pending |= (uint32_t)v->spi[i].pending << i;
	}
	*active = v->active | (uint64_t)spi_active << PRIVATE_COUNT;
	*pending = (vgic_pending(v) & v->open) | (uint64_t)spi_pending << PRIVATE_COUNT;
}

/*
 * An active one keeps the priority of its acknowledgement. One that is linked is never pending and active at once
 * (12.5.9); the virtual timer gives up its link if a write has made it pending again. Where an image cannot show all,
 * or an input may still be up, completion brings the guest out.
 */
static uint64_t image(const struct vgic_cpu *v, unsigned index, bool active, bool pending)
{
	const struct virq *q = index < PRIVATE_COUNT ? NULL : &v->spi[index - PRIVATE_COUNT];
	uint8_t now = prio_of(v, index), prio = active && v->run[index] != VGIC_RUN_NONE ? v->run[index] : now;
	uint64_t host = q ? q->host : index == VIRQ_VTIMER ? VIRQ_VTIMER : 0;
	bool level = q ? q->line : !(v->config & BIT(index));
	uint64_t lr = intid_of(v, index) | (uint64_t)(prio & VGIC_PRIO_MASK) << ARCH_LR_PRIO_SHIFT |
		      (prio & VGIC_PRIO_GROUP0 ? 0 : ARCH_LR_GROUP1) | (active ? ARCH_LR_ACTIVE : ARCH_LR_PENDING);

	if (host && (q || !active || !(v->latch & BIT(index))))
		return lr | ARCH_LR_LINKED | host << ARCH_LR_HOST_SHIFT;
	if (level || (active && pending && prio != now))
		return lr | ARCH_LR_EXIT_ENDED;
	return pending ? lr | ARCH_LR_PENDING : lr;
}

/*
 * What candidates are sorted by, followed by their numbers. Active ones, then pending ones, each by priority and
 * INTID; last those of a group that the guest's CPU interface holds back. The most important pending one, the only one
 * that the CPU interface signals, has an image whatever is active, so that it can come.
 */
enum rank_class { RANK_ACTIVE, RANK_PENDING, RANK_SHUT };

#define RANK_CLASS(class) ((uint64_t)(class) << 40)
#define RANK_INDEX(rank)  ((unsigned)(rank)&0x3f) /* an index is below 64, see for_each_bit */

struct choice {
	uint64_t ranks[VGIC_LR_MAX], best;
	unsigned count, limit;
};

/* Into those that get an image, which are sorted; what falls out at the end is left over. */
static inline void place_choice(struct choice *c, uint64_t new)
{
	unsigned at = c->count;

	if (at < c->limit)
		c->count++;
	else if (new >= c->ranks[--at])
		return;
	for (; at > 0 && c->ranks[at - 1] > new; at--)
		c->ranks[at] = c->ranks[at - 1];
	c->ranks[at] = new;
}

static void consider(const struct vgic_cpu *v, struct choice *c, unsigned index, bool active)
{
	uint8_t prio = active ? v->run[index] : prio_of(v, index);
	uint64_t rank = (uint64_t)prio << 32 | (uint64_t)intid_of(v, index) << 8 | index;

	if (active) {
		rank |= RANK_CLASS(RANK_ACTIVE);
	} else if (v->vmcr & (prio & VGIC_PRIO_GROUP0 ? ARCH_VMCR_GROUP0 : ARCH_VMCR_GROUP1)) {
		rank |= RANK_CLASS(RANK_PENDING);
		c->best = rank < c->best ? rank : c->best;
	} else {
		rank |= RANK_CLASS(RANK_SHUT);
	}
	place_choice(c, rank);
}

/* Returns those that get no image. */
static uint64_t choose_images(const struct vgic_cpu *v, uint64_t active, uint64_t wanted, struct choice *c)
{
	uint64_t chosen = 0;

	for_each_bit (i, wanted)
		consider(v, c, (unsigned)i, active & BIT(i));
	if (c->best != UINT64_MAX && c->ranks[c->count - 1] < c->best)
		c->ranks[c->count - 1] = c->best;
	for (unsigned n = 0; n < c->count; n++)
		chosen |= BIT(RANK_INDEX(c->ranks[n]));
	return wanted & ~chosen;
}

/* An image for a candidate. One that is pending and active at once would go ahead of those that wait. */
static void fill_one(struct vgic_cpu *v, unsigned n, unsigned index, bool active, bool pending, bool crowded)
{
	uint64_t lr = image(v, index, active, pending);

	if (crowded && (lr & ARCH_LR_ACTIVE) && (lr & ARCH_LR_PENDING))
		lr ^= ARCH_LR_PENDING | ARCH_LR_EXIT_ENDED;
	if (index >= PRIVATE_COUNT) {
		v->spi[index - PRIVATE_COUNT].offered = lr & ARCH_LR_PENDING;
	} else {
		/* It may come straight into this image again, as long as that shows it as it is set now. */
		bool same = image(v, index, false, true) == ((lr & ~ARCH_LR_ACTIVE) | ARCH_LR_PENDING);

		v->lr_of[index] = same && (lr & ARCH_LR_GROUP1) ? (uint8_t)n : VGIC_LR_MAX;
		put_state(&v->offered, index, lr & ARCH_LR_PENDING);
	}
	v->lr[n] = lr;
	v->lr_index[n] = (uint8_t)index;
}

/*
 * What must bring the guest out, with `left` without an image: when what is offered was taken, a deactivation, and a
 * change of a group that those wait for, or that keeps what was offered from being taken.
 */
static uint64_t control(const struct vgic_cpu *v, const struct choice *c, uint64_t active, uint64_t waiting)
{
	uint64_t value = ARCH_VGIC_ON;

	if (active)
		value |= ARCH_VGIC_EXIT_ENDED | ARCH_VGIC_TRAP_DEACTIVATION;
	if (!waiting)
		return value;
	if (c->best != UINT64_MAX)
		value |= ARCH_VGIC_EXIT_EMPTY;
	value |= v->vmcr & ARCH_VMCR_GROUP0 ? ARCH_VGIC_EXIT_GROUP0_OFF : ARCH_VGIC_EXIT_GROUP0_ON;
	value |= v->vmcr & ARCH_VMCR_GROUP1 ? ARCH_VGIC_EXIT_GROUP1_OFF : ARCH_VGIC_EXIT_GROUP1_ON;
	return value;
}

void vgic_fill(struct vgic_cpu *v)
{
	struct choice c = {.best = UINT64_MAX, .limit = v->lr_count};
	uint64_t active, pending, left;

	state_masks(v, &active, &pending);
	left = choose_images(v, active, active | pending, &c);
	for (unsigned n = 0; n < c.count; n++) {
		unsigned index = RANK_INDEX(c.ranks[n]);

		fill_one(v, n, index, active & BIT(index), pending & BIT(index), left != 0);
	}
	v->lr_used = (uint32_t)BIT(c.count) - 1;
	v->outside = left & active;
	v->control = control(v, &c, v->outside, left & ~active);
	if (v->control != ARCH_VGIC_ON)
		memset(v->lr_of, VGIC_LR_MAX, sizeof(v->lr_of)); /* others wait for room: nobody goes ahead of them */
}

bool vgic_place(struct vgic_cpu *v, unsigned intid, uint32_t empty, unsigned *n)
{
	unsigned last = v->lr_of[intid], at;
	uint32_t bit = (uint32_t)BIT(intid);

	if (v->control != ARCH_VGIC_ON || !(v->open & v->group & bit))
		return false;
	if ((v->lr_used & BIT(last)) && (uint32_t)v->lr[last] == intid)
		return false; /* still there, pending or active */
	empty &= (uint32_t)BIT(v->lr_count) - 1;
	if (!empty || (v->active & bit))
		return false;
	at = (unsigned)__builtin_ctz(empty);
	if (v->lr_used & BIT(at)) {
		unsigned done = (uint32_t)v->lr[at];

		if (done >= PRIVATE_COUNT)
			return false; /* its line may have to be examined again */
		v->latch &= ~(v->offered & (uint32_t)BIT(done));
		v->active &= ~(uint32_t)BIT(done);
	}
	fill_one(v, at, intid, false, true, false);
	v->lr_used |= (uint32_t)BIT(at);
	*n = at;
	return true;
}

void vgic_sgi(struct vgic_cpu *v, unsigned intid, unsigned group)
{
	if (group)
		v->sgis |= (uint32_t)BIT(intid);
	else
		v->repend |= (uint32_t)BIT(intid) & ~v->group;
}

void vgic_private_line(struct vgic_cpu *v, unsigned intid, bool level)
{
	if (level)
		v->repend |= (uint32_t)BIT(intid) & ~v->line & v->config;
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
		arch_irq_set_pending(q->host, true);
		return 0;
	}
	q->repend = true;
	q->prio = (uint8_t)prio;
	return 0;
}

bool vgic_fire(struct vgic_cpu *v, unsigned host)
{
	for_each_bit (i, v->bound) {
		if (v->spi[i].host == host) {
			v->spi[i].repend = true;
			return true;
		}
	}
	return false;
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

int vgic_withdraw(struct vgic_cpu *v, unsigned intid, unsigned what)
{
	struct virq *q = find_spi(v, intid);
	int state = vgic_query(v, intid);

	if (!q)
		return 0;
	if (q->active && !(what & VIRQ_ACTIVE)) {
		q->line = q->pending = q->edge = q->repend = false;
		return state;
	}
	if (q->host && state)
		arch_irq_deactivate(q->host);
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

bool vgic_deliverable(const struct vgic_cpu *v, uint64_t vmcr)
{
	uint64_t active, pending;

	state_masks(v, &active, &pending);
	for_each_bit (i, pending & ~active) {
		uint8_t prio = prio_of(v, (unsigned)i);

		if ((vmcr & (prio & VGIC_PRIO_GROUP0 ? ARCH_VMCR_GROUP0 : ARCH_VMCR_GROUP1)) &&
		    (prio & VGIC_PRIO_MASK) < ARCH_VMCR_MASK(vmcr))
			return true;
	}
	return false;
}
