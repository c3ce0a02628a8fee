/* SPDX-License-Identifier: Apache-2.0 */
/* Device interrupts, delivered to threads. An interrupt stays active, hence cannot fire again, until InterruptUnmask.
 */
#pragma once

#include "ipc.h"
#include "types.h"

#define INTID_MAX 1020

struct irq {
	struct process *process;
	uint32_t id, intid;
	bool fired;    /* and not yet unmasked */
	bool pending;  /* nobody has waited for it yet */
	uint32_t chid; /* pulse goes there; 0: InterruptWait */
	struct thread *waiter;
	struct pulse pulse;
};

NAMED void irq_fire(uint32_t intid);
void irq_destroy(struct irq *i);
void irq_unblock(struct thread *t);
extern uint64_t irq_attached;
