/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual CPUs, between the files of this folder. */
#pragma once

#include "vcpu.h"

/* struct vcpu: `timer_active` is all of `entry_work`. */
#define ENTRY_WORK_TIMER (1ull << (8 * (offsetof(struct vcpu, timer_active) - offsetof(struct vcpu, entry_work))))

/* vcpu.c */
NAMED struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr); /* a trap from the guest */
void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far); /* a synchronous exception at EL1; resident */

/* vcpu_state.c */
void vcpu_load(struct cpu *c, struct vcpu *v); /* and into the processor: resident, home */
void vcpu_debug_open(struct vcpu *v);          /* first use of a debug register: they are the guest's from now on */
void vcpu_timer_ahead(struct vcpu *v);         /* resident here: every millisecond, for a guest ahead of the host */
/* When the guest's counter gets to `cval`, for timer_arm(); 0: it is there, UINT64_MAX - 1: in centuries. */
uint64_t guest_deadline(const struct vcpu *v, uint64_t cval);

/* vcpu_irq.c */
void vcpu_offer(struct vcpu *v);                  /* fill the list registers anew */
bool vcpu_edges(struct vcpu *v);                  /* take in `edges`; false: vcpu_offer must */
bool vcpu_insert(struct vcpu *v, unsigned intid); /* a private interrupt into a list register, if that is simple */
bool vcpu_quiet(const struct vcpu *v);            /* nothing is in the list registers, nor waits for them */
bool vcpu_timer_direct(struct vcpu *v);           /* the virtual timer has fired; false: the long way */
void vcpu_timer_look(struct vcpu *v);             /* at an exit with `timer_active` */

/* vcpu_sysreg.c */
/* True: done by the kernel; *again: the instruction is to be executed once more. */
bool vcpu_sysreg(struct cpu *c, struct vcpu *v, uint64_t esr, bool *again);
NAMED unsigned vcpu_maintenance(uint64_t esr); /* KICK_* that it means, if it is a TLBI or an IC; else 0 */
