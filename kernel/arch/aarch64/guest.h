/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual CPUs, between the files of this folder. */
#pragma once

#include "esr.h"
#include "gic/irqchip.h"
#include "vcpu.h"

_Static_assert(offsetof(struct vcpu, arch_work) + sizeof(struct arch_entry_work) <=
		   offsetof(struct vcpu, entry_work) + sizeof(uint64_t),
	       "the short way looks at `entry_work` alone");

/* A byte of `entry_work`. */
#define ENTRY_WORK(byte, value) ((value) << (8 * (offsetof(struct vcpu, byte) - offsetof(struct vcpu, entry_work))))
#define ENTRY_WORK_TIMER        ENTRY_WORK(arch_work.timer_active, 0xffull)
#define ENTRY_WORK_EDGES        ENTRY_WORK(edges, 0xffull)
#define ENTRY_WORK_LEAKED       ENTRY_WORK(arch_work.leaked, 0xffull)

/* PSTATE. */
#define PSTATE_EL1H_MASKED 0x3c5
#define PSTATE_32          BIT(4)
#define PSTATE_BTYPE       (3ull << 10)
#define PSTATE_SS          BIT(21)

/* What a load of that size and sign leaves in its register (Arm ARM D24.2.40: SAS, SSE, SF). */
static inline __attribute__((always_inline)) uint64_t vcpu_extend(uint64_t value, uint64_t esr)
{
	unsigned beyond = -(8u << ABORT_SAS(esr)) & 63; /* bits of a register that are not loaded */

	if (likely(!(esr & ABORT_SSE)))
		return value & (~0ull >> beyond);
	value = (uint64_t)((int64_t)(value << beyond) >> beyond);
	return esr & ABORT_SF ? value : (uint32_t)value;
}

/* PC to the next instruction. */
static inline __attribute__((always_inline)) void vcpu_advance(struct vcpu *v, uint64_t esr)
{
	v->frame.pc += 2 + 2 * (esr >> 25 & 1); /* ESR_IL */
	if (unlikely(v->frame.pstate & (PSTATE_32 | PSTATE_BTYPE | PSTATE_SS)) && !(v->frame.pstate & PSTATE_32))
		v->frame.pstate &= ~(PSTATE_BTYPE | PSTATE_SS);
}

/* vcpu.c */
NAMED struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr); /* a trap from the guest */

/* vcpu_act.c */
bool vcpu_act(struct vcpu *v, uint64_t action, const uint64_t value[4]);           /* arch_vcpu_run() */
void vcpu_read_registers(const struct vcpu *v, uint64_t *x, uint64_t numbers);     /* ACT_READ */
bool vcpu_act_private(struct vcpu *v, uint64_t op, uint64_t value, uint64_t mask); /* ACT_PRIVATE */
void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far);          /* a synchronous exception at EL1; resident */
void vcpu_inject_abort(struct vcpu *v, uint64_t iss, uint64_t offset); /* the exit was one; at its FAR + offset */

/* vcpu_state.c */
void vcpu_load(struct cpu *c, struct vcpu *v); /* and into the processor: resident, home */
void vcpu_debug_open(struct vcpu *v);          /* first use of a debug register: they are the guest's from now on */
bool vcpu_watches(const struct vcpu *v);       /* resident: it may have to be told of an access by a watchpoint */
void vcpu_timer_ahead(struct vcpu *v);         /* resident here, whose lock is held: a guest ahead of the host */
/* When the guest's counter gets to `cval`, for timer_arm(); 0: it is there. */
uint64_t guest_deadline(const struct vcpu *v, uint64_t cval);

/* clock.c: arch_clock_ns(), when that is certainly past; UINT64_MAX - 1: in centuries */
uint64_t clock_deadline(uint64_t ticks);

/* vcpu_irq.c */
void vcpu_offer(struct vcpu *v); /* fill the list registers anew */
/* The images to memory, until they come back as they are (vcpu_give_images()) or are folded. */
void vcpu_take_images(struct vcpu *v);
void vcpu_give_images(struct vcpu *v);
bool vcpu_passed(struct vcpu *v, uint32_t intid); /* a physical SPI has come; true: a guest's, and it is offered */
/*
 * Writes of pending, active and enabled bits by the vCPU itself while it has no `entry_work`: so its images are in the
 * processor. False: it is something else, or not as simple. Without the lock: only its home changes or reads these.
 */
bool vcpu_private_straight(struct vcpu *v, uint64_t op, uint32_t value, uint32_t mask);
bool vcpu_edges(struct vcpu *v); /* take in `edges`; false: vcpu_offer must */
/*
 * A private interrupt, or an SPI whose vCPU is locked, straight into a list register while the images are in the
 * processor. False: the state must be folded and filled anew (vcpu_offer). It runs on the vCPU's home: no other CPU
 * changes what it touches.
 */
bool vcpu_insert(struct vcpu *v, unsigned index);
/* The same, without the lock, and only into the list register where it was the last time. */
static inline __attribute__((always_inline)) bool vcpu_insert_again(const struct vcpu *v, unsigned index)
{
	unsigned n;
	uint64_t lr;

	if (unlikely(!vgic_place_again(&v->vgic, index, irqchip_lr_empty(), &n, &lr)))
		return false;
	irqchip_lr_write(n, lr);
	return true;
}
struct frame *vcpu_trap_wait(struct cpu *c, struct vcpu *v, uint64_t esr); /* WFI or WFE */
bool vcpu_timer_direct(struct vcpu *v);      /* the virtual timer has fired; false: the long way */
void vcpu_timer_look(struct vcpu *v);        /* at an exit with `timer_active` */
bool vcpu_timer_fires(const struct vcpu *v); /* the line of the virtual timer */

/* vcpu_sysreg.c */
void vcpu_ptimer_look(struct vcpu *v);          /* its line, by the time that it is; the lock is held */
bool vcpu_ptimer(struct vcpu *v, uint64_t esr); /* an access to one of its registers; false: to another one */
/* True: done by the kernel; *again: the instruction is to be executed once more. */
bool vcpu_sysreg(struct cpu *c, struct vcpu *v, uint64_t esr, bool *again);
bool vcpu_id_register(const struct cpu *c, struct vcpu *v, uint64_t esr); /* reads one; false: it is another register */
NAMED unsigned vcpu_maintenance(uint64_t esr); /* KICK_* that it means, if it is a TLBI or an IC; else 0 */
