/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which virtual interrupts are in the list registers, and what has become of them. Called by vcpu_irq.c of the
 * architecture at entries and exits of the guest, and by the calls on virtual CPUs; vgic_private.c has the registers of
 * INTIDs 0 to 31, vgic_spi.c the SPIs in flight.
 */
#include "vgic.h"
#include "arch.h"

#define SGIS 0xffffull
#define SPIS (UINT64_MAX << VGIC_PRIVATE) /* a set of candidates: see struct vgic_cpu */

void vgic_reset(struct vgic_cpu *v, unsigned lr_count)
{
	memset(v, 0, sizeof(*v));
	v->lr_count = lr_count;
	v->lr_all = (uint32_t)BIT(lr_count) - 1;
	v->config = 0x0000ffff; /* SGIs are edges */
	v->control = ARCH_VGIC_ON;
	memset(v->lr_of, VGIC_LR_MAX, sizeof(v->lr_of));
}

/* Those that are pending and enabled. */
static uint64_t wanted_ones(const struct vgic_cpu *v)
{
	return vgic_pending(v) & (v->open | SPIS);
}

/* Those whose group the guest's CPU interface lets through. */
static uint64_t group_ones(const struct vgic_cpu *v, uint64_t vmcr)
{
	return (vmcr & ARCH_VMCR_GROUP1 ? v->group : 0) | (vmcr & ARCH_VMCR_GROUP0 ? ~v->group : 0);
}

/* Bit `from` of each byte of a word, together. */
static uint64_t gather_bits(uint32_t word, unsigned from)
{
	return (uint64_t)(word >> from & 0x01010101) * 0x01020408 >> 24 & 0xf;
}

/* The planes of four priorities that have changed. */
static __attribute__((noinline)) void renew_planes(struct vgic_cpu *v, unsigned word)
{
#pragma GCC unroll 5
	for (unsigned b = 0; b < VGIC_PRIO_BITS; b++)
		v->plane[b] = (v->plane[b] & ~(0xfull << word * 4)) | gather_bits(v->prio_word[word], 7 - b)
									  << word * 4;
}

/* The one of the highest priority, of a set that is not empty: bit by bit of the priority, the highest first. */
static unsigned most_important(struct vgic_cpu *v, uint64_t set)
{
	for_each_bit (word, v->stale)
		renew_planes(v, (unsigned)word);
	v->stale = 0;
	for (unsigned b = 0; b < VGIC_PRIO_BITS; b++) {
		uint64_t better = set & ~v->plane[b];

		set = better ? better : set;
	}
	return (unsigned)__builtin_ctzll(set);
}

/* What the processor has left of an image is its candidate's state. */
static inline void see_image(const struct vgic_cpu *v, unsigned n, uint64_t *latch, uint64_t *active)
{
	uint64_t bit = BIT(v->lr_index[n]), lr = v->lr_empty & BIT(n) ? 0 : v->lr[n];

	if (lr & ARCH_LR_PENDING)
		*latch |= bit & v->config; /* an edge may have come straight into the image */
	else
		*latch &= ~(v->offered & bit);
	*active = lr & ARCH_LR_ACTIVE ? *active | bit : *active & ~bit;
}

/* And it is gone. */
static void fold_image(struct vgic_cpu *v, unsigned n)
{
	unsigned index = v->lr_index[n];
	uint64_t bit = BIT(index), lr = v->lr[n], was = v->active;

	see_image(v, n, &v->latch, &v->active);
	if (v->active & ~was) {
		v->acked |= bit;
		v->run[index] = (uint8_t)ARCH_LR_PRIO(lr) | (lr & ARCH_LR_GROUP1 ? 0 : VGIC_PRIO_GROUP0);
	}
	v->offered &= ~bit;
	v->straight &= ~bit;
	v->lr_of[index] = VGIC_LR_MAX;
	v->lr_used &= ~(uint32_t)BIT(n);
	v->lr[n] = 0;
}

uint64_t vgic_state(const struct vgic_cpu *v, bool is_active)
{
	uint64_t latch = v->latch, active = v->active;

	for_each_bit (n, v->lr_used)
		see_image(v, (unsigned)n, &latch, &active);
	return is_active ? active : latch | (v->line & ~(uint64_t)v->config);
}

void vgic_end_active(struct vgic_cpu *v, unsigned index)
{
	unsigned host = index < VGIC_PRIVATE ? 0 : v->spi[index - VGIC_PRIVATE].host;

	if ((v->active & BIT(index)) && host)
		arch_irq_deactivate(host);
	v->active &= ~BIT(index);
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
static void end_without_image(struct vgic_cpu *v, uint64_t outside)
{
	unsigned best = 0, run = VGIC_PRIO_NONE;

	for_each_bit (i, outside & v->active & v->acked) {
		if (v->run[i] < run && !is_running(v, v->run[i])) {
			best = (unsigned)i;
			run = v->run[i];
		}
	}
	if (run != VGIC_PRIO_NONE)
		vgic_end_active(v, best);
}

void vgic_fold(struct vgic_cpu *v, unsigned eoicount)
{
	uint64_t outside = v->left & v->active;

	for_each_bit (n, v->lr_used)
		fold_image(v, (unsigned)n);
	/* With ends in two steps it is the second one that ends, and it traps while one is active without an image. */
	for (; eoicount && outside && !(v->vmcr & ARCH_VMCR_SPLIT_END); eoicount--)
		end_without_image(v, outside);
	v->lr_empty = 0;
	v->left = 0;
	v->latch |= v->repend | (v->arrived & SGIS & v->group);
	v->repend = v->arrived = 0;
	v->spi_used &= v->bound | (uint32_t)((vgic_pending(v) | v->active) >> VGIC_PRIVATE);
}

/*
 * An active one keeps the priority of its acknowledgement. One that is linked is never pending and active at once
 * (12.5.9); the virtual timer gives up its link if a write has made it pending again. Where an image cannot show all,
 * or an input may still be up, completion brings the guest out.
 */
static inline __attribute__((always_inline)) uint64_t make_image(const struct vgic_cpu *v, unsigned index, bool pending)
{
	const struct virq *q = index < VGIC_PRIVATE ? NULL : &v->spi[index - VGIC_PRIVATE];
	bool active = v->active & BIT(index), level = (q ? v->line : ~(uint64_t)v->config) & BIT(index);
	uint8_t now = v->prio[index] | (v->group & BIT(index) ? 0 : VGIC_PRIO_GROUP0);
	uint8_t prio = v->active & v->acked & BIT(index) ? v->run[index] : now;
	uint64_t host = q ? q->host : index == VIRQ_VTIMER ? VIRQ_VTIMER : 0;
	uint64_t lr = (q ? q->intid : index) | (uint64_t)(prio & VGIC_PRIO_MASK) << ARCH_LR_PRIO_SHIFT |
		      (prio & VGIC_PRIO_GROUP0 ? 0 : ARCH_LR_GROUP1) | (active ? ARCH_LR_ACTIVE : ARCH_LR_PENDING);

	if (host && (q || !active || !(v->latch & BIT(index))))
		return lr | ARCH_LR_LINKED | host << ARCH_LR_HOST_SHIFT;
	if (level || (active && pending && prio != now))
		return lr | ARCH_LR_EXIT_ENDED;
	return pending ? lr | ARCH_LR_PENDING : lr;
}

/* An image for a candidate. One that is pending and active at once would go ahead of those that have none. */
static inline __attribute__((always_inline)) void fill_image(struct vgic_cpu *v, unsigned n, unsigned index,
							     bool pending)
{
	uint64_t lr = make_image(v, index, pending);

	if (v->left && (lr & ARCH_LR_ACTIVE) && (lr & ARCH_LR_PENDING))
		lr ^= ARCH_LR_PENDING | ARCH_LR_EXIT_ENDED;
	if (lr & ARCH_LR_PENDING)
		v->offered |= BIT(index);
	v->lr_of[index] = (uint8_t)n;
	/* Where a write has made a level pending, that it has been taken must not be lost. */
	if (!(lr & ARCH_LR_ACTIVE) && !(v->latch & ~(uint64_t)v->config & BIT(index)) &&
	    (lr & (index < VGIC_PRIVATE ? ARCH_LR_GROUP1 : ARCH_LR_EXIT_ENDED)))
		v->straight |= BIT(index);
	v->lr[n] = lr;
	v->lr_index[n] = (uint8_t)index;
	v->lr_used |= (uint32_t)BIT(n);
}

/*
 * What must bring the guest out, with those that are left without an image: when what is offered was taken, a
 * deactivation, and a change of a group that those wait for, or that keeps what was offered from being taken.
 */
static uint64_t make_control(const struct vgic_cpu *v, bool offers)
{
	uint64_t value = ARCH_VGIC_ON;

	if (v->left & v->active)
		value |= ARCH_VGIC_EXIT_ENDED | ARCH_VGIC_TRAP_DEACTIVATION;
	if (!(v->left & ~v->active))
		return value;
	if (offers)
		value |= ARCH_VGIC_EXIT_EMPTY;
	value |= v->vmcr & ARCH_VMCR_GROUP0 ? ARCH_VGIC_EXIT_GROUP0_OFF : ARCH_VGIC_EXIT_GROUP0_ON;
	value |= v->vmcr & ARCH_VMCR_GROUP1 ? ARCH_VGIC_EXIT_GROUP1_OFF : ARCH_VGIC_EXIT_GROUP1_ON;
	return value;
}

static unsigned choose_from(struct vgic_cpu *v, uint64_t set, unsigned room, uint64_t *chosen)
{
	for (; set && room; room--) {
		uint64_t bit = BIT(most_important(v, set));

		set &= ~bit;
		*chosen |= bit;
	}
	return room;
}

/*
 * Those that get an image if not all can: active ones, then pending ones, each by priority; last those of a group that
 * the guest's CPU interface holds back. The most important pending one, the only one that the CPU interface signals,
 * has an image whatever is active, so that it can come.
 */
static uint64_t choose_images(struct vgic_cpu *v, uint64_t all, uint64_t waiting)
{
	uint64_t chosen = 0, best = waiting ? BIT(most_important(v, waiting)) : 0;
	unsigned room = v->lr_count - (best != 0);

	room = choose_from(v, v->active, room, &chosen);
	room = choose_from(v, waiting & ~best, room, &chosen);
	choose_from(v, all & ~v->active & ~waiting, room, &chosen);
	return chosen | best;
}

void vgic_fill(struct vgic_cpu *v)
{
	uint64_t pending = wanted_ones(v), all = v->active | pending, beyond = all, chosen = all;
	uint64_t waiting = pending & ~v->active & group_ones(v, v->vmcr);
	unsigned n = 0;

	for (; beyond && n < v->lr_count; n++)
		beyond &= beyond - 1;
	v->left_prio = VGIC_PRIO_NONE;
	if (beyond) {
		chosen = choose_images(v, all, waiting);
		v->left = all & ~chosen;
		if (v->left & waiting)
			v->left_prio = v->prio[most_important(v, v->left & waiting)];
	}
	n = 0;
	for_each_bit (i, chosen)
		fill_image(v, n++, (unsigned)i, pending & BIT(i));
	v->control = make_control(v, waiting != 0);
}

/* One that is empty and that nobody has, or else any that is empty: who comes again finds its own. */
static unsigned choose_empty(const struct vgic_cpu *v, uint32_t empty)
{
	return (unsigned)__builtin_ctz(empty & ~v->lr_used ? empty & ~v->lr_used : empty);
}

void vgic_take_out(struct vgic_cpu *v, unsigned n)
{
	fold_image(v, n);
	v->lr_empty |= (uint32_t)BIT(n);
}

bool vgic_put_back(struct vgic_cpu *v, uint32_t set, uint32_t *changed)
{
	uint32_t pending = (uint32_t)wanted_ones(v), due = set & (pending | (uint32_t)v->active), empty = v->lr_empty;

	for (; due; due &= due - 1) {
		unsigned i = (unsigned)__builtin_ctz(due), n;

		if (!empty)
			return false;
		n = choose_empty(v, empty);
		if (v->lr_used & BIT(n))
			vgic_take_out(v, n);
		empty &= ~(uint32_t)BIT(n);
		v->lr_empty = empty;
		fill_image(v, n, i, pending & BIT(i));
		*changed |= (uint32_t)BIT(n);
	}
	return true;
}

/* Its line has fallen again, or is up while its image will bring the guest out when it ends. */
static bool needs_no_image(const struct vgic_cpu *v, unsigned index, uint32_t empty)
{
	unsigned at = v->lr_of[index];

	if (index < VGIC_PRIVATE || (v->repend & BIT(index)))
		return false;
	return !(v->line & BIT(index)) || (at < VGIC_LR_MAX && !(empty & BIT(at)) && (v->lr[at] & ARCH_LR_EXIT_ENDED));
}

bool vgic_place(struct vgic_cpu *v, unsigned index, uint32_t empty, unsigned *n)
{
	uint64_t bit = BIT(index), open = v->open & v->group;
	unsigned at = v->lr_of[index];

	*n = VGIC_LR_MAX;
	if (needs_no_image(v, index, empty))
		return true;
	/* Where the CPU interface holds it back it would hide that those that are left have room. */
	if (!((open | SPIS) & group_ones(v, v->vmcr) & bit) || v->prio[index] > v->left_prio || !empty)
		return false;
	if (at == VGIC_LR_MAX && !((v->active | v->left) & bit))
		at = choose_empty(v, empty);
	if (at == VGIC_LR_MAX || !(empty & BIT(at)))
		return false; /* still there, pending or active */
	v->lr_empty |= (uint32_t)BIT(at);
	if (v->lr_used & BIT(at))
		vgic_take_out(v, at);
	if (bit & ~(SGIS | BIT(VIRQ_VTIMER))) { /* the lock is held: others write the word, too */
		v->latch |= v->repend & bit;
		v->repend &= ~bit;
	}
	fill_image(v, at, index, true);
	*n = at;
	return true;
}

bool vgic_lower(struct vgic_cpu *v, unsigned index, uint64_t *lr)
{
	if (((v->latch | v->repend) & BIT(index)) || (*lr & ARCH_LR_STATE) == ARCH_LR_STATE)
		return false;
	*lr &= ~(ARCH_LR_PENDING | ARCH_LR_EXIT_ENDED);
	return true;
}

void vgic_sgi(struct vgic_cpu *v, unsigned intid, unsigned group)
{
	if (group)
		vgic_arrived(v, intid);
	else
		v->repend |= BIT(intid) & ~v->group;
}

void vgic_private_line(struct vgic_cpu *v, unsigned intid, bool level)
{
	if (level)
		v->repend |= BIT(intid) & ~v->line & v->config;
	v->line = (v->line & ~BIT(intid)) | (uint64_t)level << intid;
}

bool vgic_deliverable(struct vgic_cpu *v, uint64_t vmcr)
{
	uint64_t waiting = wanted_ones(v) & ~v->active & group_ones(v, vmcr);

	return waiting && v->prio[most_important(v, waiting)] < ARCH_VMCR_MASK(vmcr);
}
