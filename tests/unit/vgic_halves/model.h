/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two vCPUs with both halves of the virtual GIC, on a model of the processor's list registers and of the host's
 * interrupt controller.
 */
#pragma once

#include "guest_gic/frames.h"
#include "irq.h"
#include "unit.h"
#include "vcpu.h"
#include <stdio.h>
#include <string.h>

#define VCPUS         2u
#define FIRST         32u
#define INTIDS        96u
#define LRS           4u
#define GICD          0x8000000ull
#define RUNNING_MAX   32u
#define IDLE_PRIORITY 0x100u
#define BOUND         16u  /* the first SPIs are bound to the host's */
#define HOST          200u /* of FIRST */

extern struct guest_gic gic;

/* One vCPU: the kernel's state, and what the guest has acknowledged and not completed, innermost last. */
extern struct cpu_model {
	struct vcpu vcpu;
	unsigned eoicount;
	struct {
		unsigned intid, priority;
	} running[RUNNING_MAX];
	unsigned depth;
	bool split; /* EOImode 1: EOIR drops the priority, and DIR deactivates */
	unsigned dropped[RUNNING_MAX], dropped_count;
	unsigned groups; /* ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1: bits 0 and 1 */
} cpu[VCPUS];

/* What the test knows of an SPI. */
extern struct spi {
	bool edge, latch, line, enabled, group0;
	bool active; /* acknowledged, and not deactivated */
	bool was;    /* bound: the host's has fired since it was taken last; its line may be low by now */
} spi[INTIDS];

/* The host's interrupt controller: SPIs HOST and up. */
extern struct host {
	struct irq irq;
	bool enabled, latch, line, active;
} host[BOUND];

extern unsigned taken, taken_group0, trapped; /* since the start */

unsigned rnd(unsigned limit);
void start(unsigned seed); /* from reset: every SPI is enabled, the first ones are bound */

/* The guest's CPU interface: ICC_IARn_EL1, ICC_EOIRn_EL1 (the handler has served its device, mostly), ICC_DIR_EL1. */
void acknowledge(struct cpu_model *c);
void complete(struct cpu_model *c);
void deactivate_one(struct cpu_model *c);
void maintenance(struct cpu_model *c, bool eoi); /* ICH_MISR_EL2: does the guest come out? */
void settle_cpu(struct cpu_model *c);            /* out of the guest */

/* The guest's registers: those of the distributor, by their offset. */
void put_register(uint64_t offset, unsigned size, uint64_t value);
void enable(unsigned intid, bool on);
void set_distributor(unsigned groups); /* GICD_CTLR: bits 0 and 1 */
void power_cycle(void);                /* the second vCPU goes off, in the midst of whatever it does, and on */

/* Devices, and the host's controller. */
void set_line(unsigned intid, bool level);
void fire_all(void); /* what is pending and enabled there */
bool host_pending(const struct host *h);
bool is_bound(unsigned intid);
