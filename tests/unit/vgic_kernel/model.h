/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of the CPU interface (IHI 0069, "GIC support for virtualization") on the kernel's half of the virtual GIC:
 * list registers, active priorities, EOIcount, both modes of ending an interrupt, both groups. Beside it a plain record
 * of what the architecture says of each interrupt.
 */
#pragma once

#include "arch.h"
#include "unit.h"
#include "vgic.h"
#include <string.h>

#define COUNT     24u
#define DEPTH     32u
#define PPI_LEVEL 20u
#define PPI_EDGE  21u
#define IDLE_PRIO 256u
#define VENG0     BIT(0)
#define VENG1     BIT(1)
#define BPR_LEAST (2ull << 21 | 3ull << 18) /* five bits of priority, all of them preempt */

extern const unsigned number[COUNT]; /* INTIDs: SGIs, PPIs with the timers, SPIs: odd ones are edges */

/* The record. */
extern struct ref {
	bool enable, group1, edge, latch, line, active;
	unsigned prio;
} ref[COUNT];
extern unsigned ctlr; /* GICD_CTLR */

/* What the guest runs, innermost last: as it was acknowledged. */
extern struct running {
	unsigned i, prio;
	bool group1;
} stack[DEPTH];
extern unsigned depth;
extern bool ended[COUNT]; /* with EOImode 1: its priority was dropped, it is not deactivated */

extern struct vgic_cpu v;
extern unsigned taken;           /* interrupts, since the start */
extern unsigned placed;          /* and those that came straight into another list register than their last one */
extern unsigned placed_changes;  /* of private ones, while images were in the processor */
extern unsigned again;           /* levels that came straight into their last one */
extern bool physical;            /* the physical interrupt of the virtual timer is active */
extern bool linked;              /* and the kernel knows */
extern uint64_t hw[VGIC_LR_MAX]; /* the list registers */
extern bool in_hw;               /* they hold images */

unsigned rnd(unsigned below);
unsigned index_of(unsigned intid);
bool is_pending(unsigned i); /* by the record */

void start(unsigned s); /* from reset, with this seed; odd: EOImode 1. Four list registers; one or 16 with some seeds */
void settle_vcpu(void); /* out of the guest, as arch_vcpu_settle() does it */
uint32_t empty_ones(void);  /* ICH_ELRSR_EL2 */
void read_images(void);     /* empty ones are not read */
void maintenance(bool eoi); /* ICH_MISR_EL2: while it asks for it the guest comes out */
void enter(void);           /* out of the guest, and in again: nothing is forgotten, nothing invented */
/*
 * Its images to memory, since another one needs the processor, and back: as they are, or folded and made anew. The
 * physical interrupt of the virtual timer goes with its image, and comes again where it has none.
 */
void leave_and_return(void);
void check_signalled(void); /* the right one; and a guest that something is pending for does not wait in WFI */
void end_all(void);         /* all that the guest has acknowledged, whatever became of it */

/* The guest's CPU interface: ICC_IARn_EL1 (false: nothing can be taken), ICC_EOIRn_EL1 of what runs innermost,
 * ICC_DIR_EL1. */
bool acknowledge(void);
void complete(void);
void direct(unsigned intid);

/* What a guest and its devices do to interrupt i. */
void arrive(int index);     /* a candidate of an SPI, at a guest that runs */
void lower(unsigned index); /* likewise, whose line has fallen */
void fire_physical(void);
void line(unsigned i, bool up);
void sgi(unsigned i, bool group1); /* ICC_SGI<group>R_EL1, to itself where that is simple */
void fire(unsigned i);
void configure(unsigned i); /* a write to one of the redistributor's registers */
void configure_all(void);   /* GICD_CTLR, or the CPU interface */
void configure_interface(void);
void change_private(unsigned op, uint32_t value, uint32_t mask);
void set_prio(unsigned intid, unsigned prio);
void step(void); /* any of these and of those, at random, and the most important one is signalled */

void take(unsigned intid); /* the one that is signalled is this one */
