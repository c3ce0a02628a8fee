/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's half of a virtual interrupt controller, a GIC (docs/architecture.md, "The life of an interrupt"): for
 * each vCPU the state of INTIDs 0 to 31, and of each SPI in flight its list-register image. A pure state machine: the
 * processor's registers are read into and written from the images by the caller, and their bits are the architecture's
 * (ARCH_LR_*).
 *
 * The words INTID, SPI, SGI, PPI, group 0 and 1, and list register stay here and in the abi: they are the field's terms
 * for the model that qvm, kernel and guest share, 32 private and up to 988 shared interrupts of a CPU, and no other
 * architecture has better ones. One without list registers keeps its images in memory, and has a codec of its own.
 *
 * An interrupt that is linked to a physical SPI is completed by the processor, and the physical one with it; where the
 * processor has no image of it, arch_irq_deactivate() is called here.
 */
#pragma once

#include "arch.h"
#include "bulkhead.h"
#include "types.h"

#define VGIC_LR_MAX   16
#define VGIC_INFLIGHT 32 /* SPIs in flight on one vCPU; a power of two */
#define VGIC_BOUND    16 /* of these, at most so many are bound */

/*
 * A priority has five bits; its lowest bit says Group 0. An interrupt that is active keeps the priority and the group
 * with which it was acknowledged, since the processor compares both when it ends.
 */
#define VGIC_PRIO_GROUP0 VIRQ_GROUP0
#define VGIC_PRIO_MASK   0xf8 /* what every interrupt controller with virtualization has at least */
#define VGIC_PRIO_BITS   5
#define VGIC_PRIO_NONE   256
#define VGIC_GROUP0      BIT(0)
#define VGIC_GROUP1      BIT(1)

struct virq {
	uint16_t intid;
	uint16_t host; /* the physical SPI that it is linked to, active while this one is pending or active; or 0 */
};

/*
 * What could be in a list register, the candidates: private interrupts by their INTID, SPIs by their slot after them. A
 * set of them is a word of 64 bits. While images are in the processor only the vCPU's home changes what they show:
 * `latch`, `active`, `offered` and all from `lr` to `control`.
 */
#define VGIC_PRIVATE    32
#define VGIC_CANDIDATES 64

_Static_assert(VGIC_PRIVATE + VGIC_INFLIGHT == VGIC_CANDIDATES, "sets of candidates");

struct vgic_cpu {
	uint64_t latch; /* pending by an edge or by a write, until it is taken */
	uint64_t active;
	uint64_t offered; /* the image shows the latch as pending */
	uint64_t line;    /* inputs: a level is pending while its input is up */
	uint64_t repend;  /* edges since the last fold */
	uint64_t arrived; /* since then, to be placed: SGIs for Group 1 only, SPIs with an edge or a line */
	uint64_t group;   /* 1 or 0 */
	uint64_t acked;   /* of the active ones, those that the guest has acknowledged: `run` says how */
	uint64_t plane[VGIC_PRIO_BITS]; /* the priorities, a set for each bit, highest bit first, except for `stale` */
	union {
		uint8_t prio[VGIC_CANDIDATES];
		uint32_t prio_word[VGIC_CANDIDATES / 4];
	};
	uint8_t run[VGIC_CANDIDATES]; /* the priority with which it was acknowledged, with VGIC_PRIO_GROUP0 */
	uint32_t stale;               /* words of priorities that have changed since the planes were made */
	uint32_t enable, config;      /* INTIDs 0 to 31 */
	uint32_t groups;              /* which groups the distributor has enabled: bits 0 and 1 */
	uint32_t open;                /* enabled, and so is their group */
	uint32_t spi_used;            /* bit n: slot n of spi[] is taken */
	uint32_t bound;               /* and is kept: its physical SPI may fire at any time */
	struct virq spi[VGIC_INFLIGHT];
	uint32_t lr_count, lr_all;     /* list registers, and a bit for each */
	uint64_t lr[VGIC_LR_MAX];      /* images */
	uint32_t lr_used;              /* bit n: there is image n */
	uint32_t lr_empty;             /* and the processor has emptied it: lr[n] is as it was before */
	uint64_t straight;             /* private ones that may come straight into their image as soon as it is empty */
	uint8_t lr_index[VGIC_LR_MAX]; /* whose image */
	uint8_t lr_of[VGIC_CANDIDATES]; /* its image; VGIC_LR_MAX: none */
	uint64_t left;                  /* active or pending ones without an image */
	uint16_t left_prio;             /* of the most important pending one of these that could be signalled */
	uint64_t control;               /* ARCH_VGIC_*: what belongs to the images */
	/* The caller's, before it folds, fills or places: ARCH_VMCR_*, and with an `eoicount` the active priorities. */
	uint64_t vmcr;
	uint32_t running;
};

/* Candidates, as of the last fold. */
static inline uint64_t vgic_pending(const struct vgic_cpu *v)
{
	return v->latch | (v->line & ~(uint64_t)v->config);
}

/* Released: who takes it without the lock sees what it arrived with, its line and priority, too. */
static inline void vgic_arrived(struct vgic_cpu *v, unsigned index)
{
	__atomic_fetch_or(&v->arrived, BIT(index), __ATOMIC_RELEASE);
}

/* Nothing enabled, pending or active; the processor has so many list registers. */
void vgic_reset(struct vgic_cpu *v, unsigned lr_count);
/*
 * Takes the images back into the state, after the processor's list registers were read into lr[] (vgic_keep()), and
 * what came since the last time. `eoicount`: so many were ended that had no image. `line` of the virtual timer must be
 * up to date.
 */
void vgic_fold(struct vgic_cpu *v, unsigned eoicount);
/* Chooses what is offered and builds the images and `control`. After vgic_fold. */
void vgic_fill(struct vgic_cpu *v);

/*
 * At any time, also while images are in the processor: they count from the next fold on. SGIs for group 1, edges and
 * lines that rise have `arrived`: the vCPU's home takes that in one step, without the lock, and may place them before.
 */
void vgic_sgi(struct vgic_cpu *v, unsigned intid, unsigned group); /* nothing if it is of the other group */
void vgic_private_line(struct vgic_cpu *v, unsigned intid, bool level);
/*
 * Of an SPI: its line as it is now or, without `line`, an edge; `level` is true then. The candidate that has changed;
 * 0: none, also where it is bound and its physical one is made pending. -KE_AGAIN, -KE_BUSY.
 */
int vgic_change_spi(struct vgic_cpu *v, unsigned intid, unsigned prio, bool line, bool level);
bool vgic_fire(struct vgic_cpu *v, unsigned host); /* a physical SPI has come; false: none is bound to it */

/*
 * While images are in the processor: an image for an SGI, for a timer, or for an SPI that has `arrived`, in one of the
 * list registers that are `empty`. *n is which (VGIC_LR_MAX: none is needed). False: not without vgic_fold and
 * vgic_fill. The lock is held, except for SGIs and the virtual timer.
 */
bool vgic_place(struct vgic_cpu *v, unsigned index, uint32_t empty, unsigned *n);

/*
 * The same if its image is empty and still right: a change of enable, group or priority takes the image out. *lr
 * is what goes there. Of a level, its line is up, and what it was offered with has not changed. Without the lock:
 * whoever changes what is read here calls after that.
 */
static inline __attribute__((always_inline)) bool vgic_place_again(const struct vgic_cpu *v, unsigned index,
								   uint32_t empty, unsigned *n, uint64_t *lr)
{
	*n = v->lr_of[index];
	if (!(v->straight >> index & 1) || !(empty >> *n & 1))
		return false;
	*lr = v->lr[*n];
	if (index < VIRQ_PTIMER)
		return true;
	*lr = (*lr & ~ARCH_LR_ACTIVE) | ARCH_LR_PENDING | ARCH_LR_EXIT_ENDED;
	return (READ_ONCE(v->line) & ~READ_ONCE(v->repend)) >> index & 1 &&
	       ARCH_LR_PRIO(*lr) == READ_ONCE(v->prio[index]) &&
	       !(*lr & ARCH_LR_GROUP1) == !(READ_ONCE(v->group) >> index & 1);
}

/* An image that is not empty was read from the processor. */
static inline void vgic_keep(struct vgic_cpu *v, unsigned n, uint64_t lr)
{
	if (lr == v->lr[n])
		return;
	v->lr[n] = lr;
	v->straight &= ~BIT(v->lr_index[n]);
}

/* Has a candidate an image that is not empty, by those that were read, or is it left without one? */
static inline bool vgic_in_flight(const struct vgic_cpu *v, unsigned index)
{
	return (v->left & BIT(index)) || (v->lr_of[index] < VGIC_LR_MAX && !(v->lr_empty & BIT(v->lr_of[index])));
}

/*
 * Does an image, as it is in the processor, or one that is left keep the guest from waiting (vgic_deliverable())? If
 * all images are empty the processor calls for what is left.
 */
static inline bool vgic_delivers(const struct vgic_cpu *v, uint64_t lr, uint64_t vmcr)
{
	if (v->left_prio < ARCH_VMCR_MASK(vmcr))
		return true;
	return (lr & ARCH_LR_STATE) == ARCH_LR_PENDING && ARCH_LR_PRIO(lr) < ARCH_VMCR_MASK(vmcr) &&
	       (vmcr & (lr & ARCH_LR_GROUP1 ? ARCH_VMCR_GROUP1 : ARCH_VMCR_GROUP0));
}

/*
 * While images are in the processor, of which *lr has been read: the line of an SPI or of the physical timer has
 * fallen, and *lr is its image now. False: not without vgic_fold and vgic_fill.
 */
bool vgic_lower(struct vgic_cpu *v, unsigned index, uint64_t *lr);

/*
 * VcpuPrivate, after vgic_fold; *now, 0 before, is what it is, of some registers only with mask 0. 1: done, but what
 * the virtual timer is linked to has to follow.
 */
int vgic_private(struct vgic_cpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *now);
/*
 * While images are in the processor and none is left without one, vgic_private() comes between these: images of what
 * it changes are taken out of lr[], each after vgic_keep(), and all of a set that have to be are put into lr_empty;
 * lr[n] of those n that *changed has is to be written. False: there are too few, so vgic_fold and vgic_fill follow.
 */
uint32_t vgic_private_set(uint64_t op, uint32_t mask); /* those whose image it may change */
void vgic_take_out(struct vgic_cpu *v, unsigned n);
bool vgic_put_back(struct vgic_cpu *v, uint32_t set, uint32_t *changed);
uint64_t vgic_state(const struct vgic_cpu *v, bool is_active); /* what is pending, or active */

/* Only after vgic_fold and before vgic_fill. */
/* Its pending state or, with VIRQ_ACTIVE in `what`, all. VIRQ_* that it had. */
int vgic_withdraw(struct vgic_cpu *v, unsigned intid, unsigned what);
int vgic_query(const struct vgic_cpu *v, unsigned intid);
/* Links it to a physical SPI, with room of its own, or changes its priority. -KE_AGAIN, -KE_BUSY. */
int vgic_bind(struct vgic_cpu *v, unsigned intid, unsigned host, unsigned prio);
/* It keeps the link for as long as it is pending or active, its room no longer. */
void vgic_unbind(struct vgic_cpu *v, unsigned intid);
unsigned vgic_host(const struct vgic_cpu *v, unsigned intid); /* its physical SPI, or 0 */
void vgic_deactivate(struct vgic_cpu *v, unsigned intid);     /* by a guest that ends interrupts in two steps */
void vgic_end_active(struct vgic_cpu *v, unsigned index); /* a candidate, and the physical SPI that it is linked to */
/* Is anything pending that the guest's CPU interface (ARCH_VMCR_*) lets through, so that the guest must not wait? */
bool vgic_deliverable(struct vgic_cpu *v, uint64_t vmcr);
