/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into a guest and out of it. The short ways, from the vectors to ERET: an exit to the own qvm and back (VcpuRun), an
 * SGI, the virtual timer. They take no lock of the kernel's and change, beside general registers, SP_EL0, TPIDR_EL0,
 * VTTBR_EL2 and HCR_EL2; all else of the guest stays in the processor until another virtual CPU comes (vcpu_state.c).
 * Whatever is not in order for them goes the long way, which knows everything.
 */
#include "arch.h"
#include "calls.h"
#include "control.h"
#include "cpu.h"
#include "gic/irqchip.h"
#include "gic/sgi.h"
#include "guest.h"
#include "process.h"
#include "sysreg.h"
#include "trap.h"
#include "world.h"

#define PSTATE_EL1H_MASKED 0x3c5
#define PSTATE_32          BIT(4)
#define PSTATE_BTYPE       (3ull << 10)
#define PSTATE_SSBS        BIT(12)
#define PSTATE_SS          BIT(21)
#define PSTATE_PAN         BIT(22)
#define PSTATE_DIT         BIT(24)
#define SCTLR_SPAN         BIT(23)
#define SCTLR_DSSBS        BIT(44)

/* Exception classes and syndromes (Arm ARM D24.2.40). */
#define EC_WFX           0x01
#define EC_FP            0x07
#define EC_HVC64         0x16
#define EC_SMC64         0x17
#define EC_SYSREG        0x18
#define EC_FETCH         0x20
#define EC_DATA          0x24
#define EC_WATCHPOINT    0x34
#define ESR_IL           BIT(25)
#define ESR_RT(esr)      ((unsigned)((esr) >> 5) & 31)
#define ABORT_ISV        BIT(24)
#define ABORT_SAS(esr)   ((unsigned)((esr) >> 22) & 3)
#define ABORT_SSE        BIT(21)
#define ABORT_SRT(esr)   ((unsigned)((esr) >> 16) & 31)
#define ABORT_SF         BIT(15)
#define ABORT_FNV        BIT(10)
#define ABORT_CM         BIT(8)
#define ABORT_WNR        BIT(6)
#define DFSC(esr)        ((unsigned)(esr)&0x3f)
#define DFSC_KIND(esr)   ((unsigned)(esr)&0x3c)
#define DFSC_TRANSLATION 0x04
#define DFSC_PERMISSION  0x0c
#define DFSC_WATCHPOINT  0x22
#define DFSC_LAST_FAULT  0x0f /* address size, translation, access flag, permission; then come external aborts */
/* MSR ICC_SGI1R_EL1: op0 3, op1 0, CRn 12, CRm 11, op2 5, without Rt. */
#define ISS_MASK  0x3ffc1full
#define ISS_SGI1R (3 << 20 | 5 << 17 | 0 << 14 | 12 << 10 | 11 << 1)

_Static_assert(offsetof(struct cpu, guest) == 8, "entry.S");

/* ---- what the guest's instruction is answered with ---- */

void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far)
{
	uint64_t pstate = v->frame.pstate, mode = pstate & 0xf;
	uint64_t sctlr = v->leaked & LEAK_SCTLR ? v->el1.sctlr_el1 : sysreg_read(sctlr_el1);
	uint64_t offset = pstate & BIT(4) ? 0x600 : mode == 0 ? 0x400 : mode == 4 ? 0 : 0x200;

	sysreg_write(spsr_el1, pstate);
	sysreg_write(elr_el1, v->frame.pc);
	sysreg_write(esr_el1, esr);
	sysreg_write(far_el1, far);
	v->frame.pc = sysreg_read(vbar_el1) + offset;
	/* Arm ARM D1.3.2: PAN is set if it exists and SCTLR_EL1.SPAN is 0, DIT stays, SSBS is SCTLR_EL1.DSSBS. */
	v->frame.pstate = PSTATE_EL1H_MASKED | (pstate & PSTATE_DIT);
	if (sysreg_field(id_aa64mmfr1_el1, 20))
		v->frame.pstate |= sctlr & SCTLR_SPAN ? pstate & PSTATE_PAN : PSTATE_PAN;
	if (sysreg_field(id_aa64pfr1_el1, 4) && (sctlr & SCTLR_DSSBS))
		v->frame.pstate |= PSTATE_SSBS;
}

static uint64_t extend(uint64_t value, uint64_t esr)
{
	unsigned bits = 8u << ABORT_SAS(esr);

	if (bits < 64)
		value &= BIT(bits) - 1;
	if ((esr & ABORT_SSE) && bits < 64 && (value & BIT(bits - 1)))
		value |= ~(BIT(bits) - 1);
	return esr & ABORT_SF ? value : (uint32_t)value;
}

static inline __attribute__((always_inline)) void advance(struct vcpu *v, uint64_t esr)
{
	v->frame.pc += 2 + 2 * (esr >> 25 & 1); /* ESR_IL */
	if (unlikely(v->frame.pstate & (PSTATE_32 | PSTATE_BTYPE | PSTATE_SS)) && !(v->frame.pstate & PSTATE_32))
		v->frame.pstate &= ~(PSTATE_BTYPE | PSTATE_SS);
}

/*
 * Abort from the same or a lower level: EC 0x25/0x24, 0x21/0x20, watchpoints 0x35/0x34. CM is the exit's, and FnV: FAR
 * may mean nothing.
 */
static void inject_abort(struct vcpu *v, uint64_t iss, uint64_t offset)
{
	bool from_el0 = (v->frame.pstate & 0xf) == 0;
	uint64_t ec = v->exit == EXIT_FETCH ? EC_FETCH : DFSC(iss) == DFSC_WATCHPOINT ? EC_WATCHPOINT : EC_DATA;

	iss = (iss & (ABORT_WNR | 0x3f)) | (v->exit_esr & (ABORT_FNV | ABORT_CM));
	vcpu_inject(v, (ec + !from_el0) << 26 | ESR_IL | iss, v->exit_far + offset);
}

static void inject_undefined(struct vcpu *v)
{
	if (v->exit == EXIT_HVC)
		v->frame.pc -= 4;
	vcpu_inject(v, ESR_IL, sysreg_read(far_el1));
}

/* Finishes the exit before. False: it was not one for this action. */
static bool act(struct vcpu *v, uint64_t action, const uint64_t value[4])
{
	unsigned exit = v->exit;

	switch (action) {
	case ACT_RUN: break;
	case ACT_DONE:
		if (exit == EXIT_KICK)
			return false;
		if (exit != EXIT_HVC) /* PC is after an HVC already */
			advance(v, v->exit_esr);
		break;
	case ACT_DATA:
		if (exit == EXIT_MMIO_READ)
			v->frame.x[ABORT_SRT(v->exit_esr)] = extend(value[0], v->exit_esr);
		else if (exit == EXIT_SYSREG_READ)
			v->frame.x[ESR_RT(v->exit_esr)] = value[0];
		else
			return false;
		advance(v, v->exit_esr);
		break;
	case ACT_RESULT:
		if (exit != EXIT_HVC && exit != EXIT_SMC)
			return false;
		memcpy(v->frame.x, value, 4 * sizeof(*value));
		if (exit == EXIT_SMC)
			advance(v, v->exit_esr);
		break;
	case ACT_UNDEF: inject_undefined(v); break;
	case ACT_ABORT: inject_abort(v, value[0], value[1]); break;
	default: return false;
	}
	v->exit = EXIT_KICK; /* nothing to finish any more */
	return true;
}

/* The same for what comes all the time. False: act() must. */
static inline bool act_short(struct vcpu *v, uint64_t action, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5)
{
	unsigned exit = v->exit;
	uint64_t esr = v->exit_esr;

	if (exit == EXIT_MMIO_READ && action == ACT_DATA && ABORT_SAS(esr) == 2 && !(esr & ABORT_SSE)) {
		v->frame.x[ABORT_SRT(esr)] = (uint32_t)x2;
		advance(v, esr);
	} else if (exit == EXIT_MMIO_WRITE && action == ACT_DONE) {
		advance(v, esr);
	} else if (exit == EXIT_HVC && action == ACT_RESULT) {
		v->frame.x[0] = x2;
		v->frame.x[1] = x3;
		v->frame.x[2] = x4;
		v->frame.x[3] = x5;
	} else {
		return false;
	}
	v->exit = EXIT_KICK;
	return true;
}

/* ---- in ---- */

static __attribute__((noinline)) void vcpu_run_long(uint64_t id, uint64_t action, uint64_t x2, uint64_t x3, uint64_t x4,
						    uint64_t x5, struct thread *t, struct cpu *c)
{
	uint64_t *x = t->frame.x;

	x[0] = id;
	x[1] = action;
	x[2] = x2;
	x[3] = x3;
	x[4] = x4;
	x[5] = x5;
	x[8] = CALL_VcpuRun;
	arch_resume(trap_sync(&t->frame, c, (uint64_t)EC_SVC64 << 26));
}

/* From the vector of a call: arguments as in calls.def. */
void vcpu_run(uint64_t id, uint64_t action, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, struct thread *t,
	      struct cpu *c)
{
	struct vcpu *v = t->vcpu;

	if (unlikely(!v || v->id != id || __atomic_load_n(&v->entry_work, __ATOMIC_ACQUIRE) ||
		     !act_short(v, action, x2, x3, x4, x5))) {
		vcpu_run_long(id, action, x2, x3, x4, x5, t, c);
		return;
	}
	fp_between(c, t, true);
	t->in_guest = true;
	world_swap(&t->user, &v->user);
	c->user = &v->user;
	c->guest = v;
	arch_resume(&v->frame);
}

/* The long way out: the frame of the process to go on with, whose registers have the rest of the exit already. */
static struct frame *to_process(struct cpu *c, struct vcpu *v, uint64_t exit)
{
	struct thread *t = v->thread;

	t->in_guest = false;
	call_set_result(&t->frame, (int64_t)exit);
	v->exit = (uint8_t)exit;
	c->guest = NULL;
	v->exits++;
	arch_user_switch(c, &t->user);
	arch_process_registers(c);
	arch_space_activate(c, &t->process->space);
	arch_fpu_prepare(c, &t->fpu);
	return &t->frame;
}

/* The long way in. */
struct frame *arch_vcpu_enter(struct cpu *c, struct vcpu *v)
{
	/* That the thread runs is seen by others before what they have left is examined here. Also in vcpu_run(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unlikely(v->kick) && vcpu_leaves(c, v))
		return to_process(c, v, EXIT_KICK);
	if (unlikely(c->resident != v))
		vcpu_load(c, v);
	if (v->leaked)
		leaked_restore(v);
	if (v->edges && !v->dirty)
		vcpu_edges(v);
	if (v->dirty)
		vcpu_offer(v);
	arch_user_switch(c, &v->user);
	sysreg_write(hcr_el2, v->user.hcr);
	arch_space_activate(c, &v->process->guest);
	arch_fpu_prepare(c, &v->fpu);
	c->guest = v;
	return &v->frame;
}

bool arch_vcpu_run(struct cpu *c, struct vcpu *v, uint64_t action, const uint64_t value[4])
{
	if (unlikely(c->resident != v))
		vcpu_load(c, v);
	if (v->timer_active)
		vcpu_timer_look(v);
	return act(v, action, value);
}

/* ---- out ---- */

static __attribute__((noinline)) void leave_long(struct vcpu *v, struct cpu *c, uint64_t esr)
{
	arch_resume(vcpu_trap(c, v, esr));
}

/* The short way out: results in registers. */
static inline void leave(struct cpu *c, struct vcpu *v, uint64_t exit, uint64_t x1, uint64_t x2, uint64_t x3,
			 uint64_t x4, uint64_t x5)
{
	struct thread *t = v->thread;

	t->in_guest = false;
	v->exit = (uint8_t)exit;
	v->exits++;
	world_swap(&v->user, &t->user);
	c->user = &t->user;
	c->guest = NULL;
	fp_between(c, t, false);
	vcpu_return(exit, x1, x2, x3, x4, x5, t);
}

static inline uint64_t fault_ipa(uint64_t far)
{
	return (sysreg_read(hpfar_el2) & 0xfffffffff0ull) << 8 | (far & 0xfff);
}

/* To one other virtual CPU of the VM. False: the long way. */
static bool sgi_to_other(struct vcpu *v, uint64_t target, unsigned intid)
{
	struct vcpu *to;
	struct cpu *home;
	bool waiting;

	if (!(target & 0xff))
		return false;
	to = __atomic_load_n(&v->process->vcpus[__builtin_ctz((unsigned)target)], __ATOMIC_ACQUIRE);
	if (!to || to->sgi_self != target)
		return false;
	lock_acquire(&to->lock);
	vgic_sgi(&to->vgic, intid);
	to->edges = true;
	home = to->home_cpu;
	waiting = to->waiting;
	lock_release(&to->lock);
	if (waiting) {
		lock_acquire(&kernel_lock);
		vcpu_wake(to);
		lock_release(&kernel_lock);
	} else if (home) {
		/* If its thread does not run there just now it looks before it enters the guest: arch_vcpu_enter(). */
		arch_ipi_kick_running(home, to->thread);
	}
	return true;
}

static __attribute__((noinline)) void look_around(struct cpu *c)
{
	lock_acquire(&kernel_lock);
	arch_resume(kernel_leave(c));
}

static __attribute__((noinline)) void sgi_exit(struct vcpu *v, struct cpu *c, uint64_t esr)
{
	uint64_t value = v->frame.x[ESR_RT(esr)], target = value & ~SGI_INTID_MASK;
	unsigned intid = SGI_INTID(value);
	bool done;

	if (target == v->sgi_self)
		done = !v->entry_work && vcpu_insert(v, intid);
	else
		done = !v->timer_active && sgi_to_other(v, target, intid);
	if (unlikely(!done)) {
		leave_long(v, c, esr);
		return;
	}
	advance(v, esr);
	if (unlikely(c->attention))
		look_around(c);
	else
		arch_resume(&v->frame);
}

static inline void mmio_exit(struct vcpu *v, struct cpu *c, uint64_t esr)
{
	uint64_t far = sysreg_read(far_el2), ipa = fault_ipa(far), bytes = 1u << ABORT_SAS(esr);

	v->exit_far = far;
	if (esr & ABORT_WNR)
		leave(c, v, EXIT_MMIO_WRITE, ipa, bytes, v->frame.x[ABORT_SRT(esr)] & (~0ull >> (64 - 8 * bytes)), 0,
		      0);
	else
		leave(c, v, EXIT_MMIO_READ, ipa, bytes, 0, 0, 0);
}

/* From the vector: an exception of a guest. */
void guest_sync(struct vcpu *v, struct cpu *c, uint64_t esr, uint64_t ec)
{
	const uint64_t *x = v->frame.x;

	v->exit_esr = esr;
	/* ISV: one register, no cache maintenance, no walk of stage 1 (Arm ARM D24.2.40, ISS of a data abort). */
	if (ec == EC_DATA && (esr & ABORT_ISV) && DFSC_KIND(esr) == DFSC_TRANSLATION && likely(leaks_none(v)))
		mmio_exit(v, c, esr);
	else if (ec == EC_HVC64 && likely(leaks_none(v)))
		leave(c, v, EXIT_HVC, esr & 0xffff, x[0], x[1], x[2], x[3]);
	else if (ec == EC_SYSREG && (esr & ISS_MASK) == ISS_SGI1R)
		sgi_exit(v, c, esr);
	else
		leave_long(v, c, esr);
}

/* From the vector: an interrupt while a guest ran. */
void guest_irq(struct vcpu *v, struct cpu *c)
{
	uint32_t intid = arch_irq_ack();

	if (intid == ARCH_IRQ_VTIMER && !(v->entry_work & ~ENTRY_WORK_TIMER)) {
		arch_irq_drop(intid);
		if (likely(vcpu_timer_direct(v)))
			arch_resume(&v->frame);
		lock_acquire(&kernel_lock);
		arch_vcpu_irq_timer(c);
	} else if (intid == IPI_KICK && !__atomic_load_n(&c->attention, __ATOMIC_RELAXED) && !v->kick && !v->dirty) {
		arch_irq_drop(intid);
		arch_irq_deactivate(intid);
		if (!v->edges || vcpu_edges(v))
			arch_resume(&v->frame);
		lock_acquire(&kernel_lock);
	} else {
		lock_acquire(&kernel_lock);
		irq_handle(c, intid);
	}
	arch_resume(kernel_leave(c));
}

/* ---- the long way out ---- */

static struct frame *abort_exit(struct cpu *c, struct vcpu *v, uint64_t esr, bool fetch)
{
	struct frame *f = &v->thread->frame;
	uint64_t far = sysreg_read(far_el2);

	v->exit_far = far;
	v->exit = fetch ? EXIT_FETCH : EXIT_MMIO_COMPLEX;
	if (unlikely(DFSC(esr) > DFSC_LAST_FAULT)) {
		inject_abort(v, esr, 0); /* the board's own, such as an external abort */
		return arch_vcpu_enter(c, v);
	}
	VcpuRun_set_x2(f, esr);
	VcpuRun_set_x3(f, far);
	VcpuRun_set_x4(f, v->frame.pc);
	/*
	 * A permission fault, a write to the guest's ROM, need not fill HPFAR_EL2 (Arm ARM D24.2.56). qvm finds the
	 * address in the guest's tables: an AT instruction here would meet errata (errata.c).
	 */
	VcpuRun_set_x1(f, DFSC_KIND(esr) == DFSC_PERMISSION ? UINT64_MAX : fault_ipa(far));
	return to_process(c, v, v->exit);
}

static struct frame *call_exit(struct cpu *c, struct vcpu *v, uint64_t esr, uint64_t exit)
{
	struct frame *f = &v->thread->frame;

	VcpuRun_set_x1(f, esr & 0xffff);
	for (unsigned i = 0; i < 4; i++)
		f->x[OUT_VcpuRun_x2 + i] = v->frame.x[i];
	return to_process(c, v, exit);
}

static struct frame *sysreg_exit(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	struct frame *f = &v->thread->frame;
	bool read = esr & 1, again = false;
	unsigned kick;

	v->exit = EXIT_KICK;
	if (vcpu_sysreg(c, v, esr, &again)) {
		if (!again)
			advance(v, esr);
		if (likely(!c->attention))
			return arch_vcpu_enter(c, v);
		lock_acquire(&kernel_lock);
		return kernel_leave(c);
	}
	kick = v->flags & VCPU_LOCAL_MAINTENANCE ? vcpu_maintenance(esr) : 0;
	if (kick) {
		lock_acquire(&kernel_lock);
		if (vcpu_maintain(v, kick))
			advance(v, esr);
		return kernel_leave(c);
	}
	VcpuRun_set_x1(f, esr & 0x1ffffff);
	VcpuRun_set_x3(f, v->frame.x[ESR_RT(esr)]);
	VcpuRun_set_x4(f, v->frame.pc);
	return to_process(c, v, read ? EXIT_SYSREG_READ : EXIT_SYSREG_WRITE);
}

/* WFI: blocks unless something is pending. Nobody can make something pending between the look and the wait: the lock.
 */
static struct frame *wait_exit(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	struct thread *t = v->thread;
	bool wait;

	advance(v, esr);
	if (esr & 3) { /* WFE, WFET: not trapped, but harmless */
		lock_acquire(&kernel_lock);
		sched_yield(t);
		return kernel_leave(c);
	}
	lock_acquire(&kernel_lock);
	lock_acquire(&v->lock);
	if (vcpu_quiet(v)) {
		wait = !t->kill;
	} else {
		arch_vcpu_settle(v);
		v->edges = false;
		v->dirty = true;
		wait = !v->kick && !t->kill && !vgic_deliverable(&v->vgic, irqchip_vmcr());
	}
	v->waiting = wait;
	lock_release(&v->lock);
	if (wait)
		thread_block(t, STATE_WFI);
	return kernel_leave(c);
}

struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	struct frame *f = &v->thread->frame;

	v->exit_esr = esr;
	if (unlikely(v->timer_active))
		vcpu_timer_look(v);
	switch (esr >> 26) {
	case EC_DATA: return abort_exit(c, v, esr, false);
	case EC_HVC64: return call_exit(c, v, esr, EXIT_HVC);
	case EC_SYSREG: return sysreg_exit(c, v, esr);
	case EC_WFX: return wait_exit(c, v, esr);
	case EC_FP: arch_fpu_trap(c, &v->fpu); return arch_vcpu_enter(c, v);
	case EC_SMC64: return call_exit(c, v, esr, EXIT_SMC);
	case EC_FETCH: return abort_exit(c, v, esr, true);
	default:
		/* Whatever else: qvm's policy decides what the guest sees. */
		VcpuRun_set_x1(f, esr);
		VcpuRun_set_x4(f, v->frame.pc);
		return to_process(c, v, EXIT_INSTRUCTION);
	}
}
