/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device interrupts. One that threads are attached to stays active, hence cannot fire again, until InterruptUnmask; one
 * that is bound to a guest's (irq_passthrough.c), until the guest has completed it.
 */
#pragma once

#include "ipc.h"
#include "types.h"

#define INTID_MAX 1020

struct vcpu;

struct irq {
	struct process *process;
	uint32_t id, intid;
	bool edge;
	uint16_t virq;     /* bound: its INTID in the guest; 0: for a channel, and what follows is its */
	struct vcpu *vcpu; /* bound: where it goes; NULL: it is off */
	bool fired;        /* and not yet unmasked */
	uint32_t chid;     /* pulse goes there */
	struct pulse pulse;
};

NAMED void irq_fire(uint32_t intid); /* it was acknowledged: to whoever is attached to it; no lock is held */
struct irq *irq_at(uint64_t intid);  /* NULL: nobody is attached */
/* Makes the object of an interrupt that was granted to the process; it is off. NULL: *error is -KE_*. */
struct irq *irq_create(struct process *p, uint64_t intid, int64_t *error);
void irq_destroy(struct irq *i);

/* irq_passthrough.c: VcpuBind and VcpuWithdraw. The vCPU's lock is held, and its state settled. */
int64_t irq_passthrough_change(struct vcpu *v, uint64_t host, uint64_t intid, unsigned prio, unsigned flags);
int64_t irq_passthrough_withdraw(struct vcpu *v, unsigned intid, unsigned what);
struct thread *irq_passthrough_fire(struct irq *i); /* this CPU's lock is held, and no other; for vcpu_wake() */
