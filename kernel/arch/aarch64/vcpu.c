/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into a guest and out of it. The short ways, from the vectors to ERET: an exit to the own qvm and back (VcpuRun), an
 * SGI, the virtual timer, an interrupt of a device that was passed to the guest. They take no lock of the kernel's and
 * change, beside general registers, SP_EL0, TPIDR_EL0, VTTBR_EL2 and HCR_EL2; all else of the guest stays in the
 * processor until another virtual CPU comes (vcpu_state.c). Whatever is not in order for them goes the long way, which
 * knows everything.
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

#define FP_UNUSED_MAX 8                        /* exits */
#define ISS_SGI1R     ISS_REG(3, 0, 12, 11, 5) /* ICC_SGI1R_EL1 */

_Static_assert(offsetof(struct cpu, guest) == 8, "entry.S");

/* ---- what the guest's instruction is answered with ---- */

/* The short form of vcpu_act(), for the frequent exits. False: use vcpu_act(). */
static inline __attribute__((always_inline)) bool act_short(struct vcpu *v, uint64_t action, uint64_t x2, uint64_t x3,
							    uint64_t x4, uint64_t x5)
{
	unsigned exit = v->exit;
	uint64_t esr = v->arch.exit_esr;

	_Static_assert(EXIT_SMC == (EXIT_HVC | 1), "the two in one comparison");
	if (action == ACT_DATA) {
		if (unlikely(exit != EXIT_MMIO_READ))
			return false;
		v->frame.x[ABORT_SRT(esr)] = vcpu_extend(x2, esr);
		vcpu_advance(v, esr);
	} else if (action == ACT_RESULT) {
		if (unlikely((exit | 1) != EXIT_SMC))
			return false;
		v->frame.x[0] = x2;
		v->frame.x[1] = x3;
		v->frame.x[2] = x4;
		v->frame.x[3] = x5;
	} else {
		if (unlikely(action != ACT_DONE || exit != EXIT_MMIO_WRITE))
			return false;
		vcpu_advance(v, esr);
	}
	v->exit = EXIT_KICK;
	return true;
}

/* ---- in ---- */

static inline void enter_swapped(struct cpu *c, struct thread *t, struct vcpu *v)
{
	t->in_guest = true;
	world_swap(&t->user, &v->user);
	c->user = &v->user;
	c->guest = v;
	__asm__ volatile("mov sp, %0\n\tb resume_frame" : : "r"(&v->frame) : "memory"); /* arch_resume() */
}

/*
 * FP registers are the guest's or its qvm's. The latter seldom uses them: after some exits without, they are nobody's,
 * and the ways between the two cost nothing more.
 */
static __attribute__((noinline)) void enter_with_fp(struct cpu *c, struct thread *t, struct vcpu *v)
{
	if (c->fp_owner == &t->fpu && ++c->fp_unused == FP_UNUSED_MAX)
		arch_fpu_save(c, &t->fpu);
	else
		fp_between(c, t);
	enter_swapped(c, t, v);
}

static inline void enter_guest(struct cpu *c, struct thread *t, struct vcpu *v)
{
	if (unlikely(c->fp_thread == t))
		enter_with_fp(c, t, v);
	else
		enter_swapped(c, t, v);
}

/*
 * Actions that are rare, settings of the guest that its qvm must not have, and a virtual timer that the guest has not
 * completed, as while it prints with interrupts masked. All else is for the long way.
 */
static __attribute__((noinline)) void vcpu_run_long(uint64_t id, uint64_t action, uint64_t x2, uint64_t x3, uint64_t x4,
						    uint64_t x5, struct thread *t, struct cpu *c)
{
	struct vcpu *v = t->vcpu;
	uint64_t *x = t->frame.x;

	if (action == ACT_READ && v && v->id == id) {
		vcpu_read_registers(v, t->frame.x, x2);
		arch_resume(&t->frame);
		return;
	}
	if (v && v->id == id &&
	    !(__atomic_load_n(&v->entry_work, __ATOMIC_ACQUIRE) & ~(ENTRY_WORK_LEAKED | ENTRY_WORK_TIMER)) &&
	    (act_short(v, action, x2, x3, x4, x5) || vcpu_act(v, action, (uint64_t[]){x2, x3, x4, x5}))) {
		if (v->arch_work.timer_active)
			vcpu_timer_look(v);
		if (likely(!v->dirty)) {
			if (v->arch_work.leaked)
				world_restore_leaked(v);
			enter_guest(c, t, v);
			return;
		}
		action = ACT_RUN; /* what was to be done is done */
	}
	x[0] = id;
	x[1] = action;
	x[2] = x2;
	x[3] = x3;
	x[4] = x4;
	x[5] = x5;
	x[8] = CALL_VcpuRun;
	trap_vcpu_run(&t->frame, c);
}

/* ACT_PRIVATE. The arguments are where vcpu_run() has them, so that nobody need move any. */
static __attribute__((noipa, flatten)) void vcpu_run_private(uint64_t id, uint64_t action, uint64_t op, uint64_t value,
							     uint64_t mask, uint64_t x5, struct thread *t,
							     struct cpu *c)
{
	struct vcpu *v = t->vcpu;
	bool done;

	(void)id, (void)action, (void)x5, (void)c;
	done = v->exit == EXIT_MMIO_WRITE && vcpu_private_straight(v, op, (uint32_t)value, (uint32_t)mask);
	if (likely(done)) {
		vcpu_advance(v, v->arch.exit_esr);
		v->exit = EXIT_KICK;
	} else {
		done = vcpu_act_private(v, op, value, mask);
	}
	if (likely(done && !v->dirty))
		enter_guest(arch_this_cpu(), v->thread, v);
	else /* VPRIV_* -1: refused as it was */
		vcpu_run_long(v->id, done ? ACT_RUN : ACT_PRIVATE, UINT64_MAX, 0, 0, 0, v->thread, arch_this_cpu());
}

static __attribute__((noinline)) void vcpu_run_other(uint64_t id, uint64_t action, uint64_t x2, uint64_t x3,
						     uint64_t x4, uint64_t x5, struct thread *t, struct cpu *c)
{
	if (action == ACT_PRIVATE)
		vcpu_run_private(id, action, x2, x3, x4, x5, t, c);
	else
		vcpu_run_long(id, action, x2, x3, x4, x5, t, c);
}

/* From the vector of a call: arguments as in calls.def. */
void vcpu_run(uint64_t id, uint64_t action, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, struct thread *t,
	      struct cpu *c)
{
	struct vcpu *v = t->vcpu;

	/*
	 * Who leaves something to be done has this CPU interrupted afterwards if he sees that the thread runs here. The
	 * load-acquire comes after the store-release with which this CPU has shown that (a plain load need not).
	 */
	if (unlikely(!v || v->id != id || __atomic_load_n(&v->entry_work, __ATOMIC_ACQUIRE)))
		vcpu_run_long(id, action, x2, x3, x4, x5, t, c);
	else if (likely(act_short(v, action, x2, x3, x4, x5)))
		enter_guest(c, t, v);
	else
		vcpu_run_other(id, action, x2, x3, x4, x5, t, c);
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
	if (unlikely(c->resident != v))
		vcpu_load(c, v);
	/* That the thread runs, and here, is seen by others before what they have left is examined. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unlikely(v->kick) && vcpu_leaves(c, v))
		return to_process(c, v, EXIT_KICK);
	if (v->arch_work.leaked)
		world_restore_leaked(v);
	if (v->edges && !v->dirty)
		vcpu_edges(v);
	if (v->dirty)
		vcpu_offer(v);
	if (c->user)
		user_store(c->user);
	world_load(&v->user);
	c->user = &v->user;
	__atomic_store_n(&c->space, &v->process->guest, __ATOMIC_RELEASE);
	arch_fpu_prepare(c, &v->fpu);
	c->guest = v;
	return &v->frame;
}

bool arch_vcpu_run(struct cpu *c, struct vcpu *v, const struct frame *f)
{
	if (unlikely(c->resident != v))
		vcpu_load(c, v);
	if (v->arch_work.timer_active)
		vcpu_timer_look(v);
	return act_short(v, VcpuRun_action(f), VcpuRun_a2(f), VcpuRun_a3(f), VcpuRun_a4(f), VcpuRun_a5(f)) ||
	       vcpu_act(v, VcpuRun_action(f), &f->x[IN_VcpuRun_a2]);
}

/* ---- out ---- */

static __attribute__((noinline)) void leave_long(struct vcpu *v, struct cpu *c)
{
	arch_resume(vcpu_trap(c, v, v->arch.exit_esr));
}

/* The short way out: results in registers. */
static inline __attribute__((always_inline)) void leave_guest(struct cpu *c, struct vcpu *v, uint64_t exit, uint64_t x1,
							      uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5)
{
	struct thread *t = v->thread;

	t->in_guest = false;
	v->exit = (uint8_t)exit;
	v->exits++;
	world_swap(&v->user, &t->user);
	c->user = &t->user;
	c->guest = NULL;
	fp_between(c, t);
	vcpu_return(exit, x1, x2, x3, x4, x5, t);
}

static inline uint64_t fault_ipa(uint64_t far)
{
	return (sysreg_read(hpfar_el2) & 0xfffffffff0ull) << 8 | (far & 0xfff);
}

/* To another virtual CPU of the VM. */
static inline void send_sgi(struct vcpu *to, unsigned intid)
{
	lock_acquire(&to->lock);
	vgic_sgi(&to->vgic, intid, 1);
	to->edges = true;
	if (unlikely(to->waiting || !to->home)) {
		vcpu_tell(to);
		return;
	}
	arch_ipi_kick_running(to->home, to->thread); /* as vcpu_signal() does it; its home is no other's */
	lock_release(&to->lock);
}

/*
 * To any other virtual CPUs, as long as the guest's numbers for them are their indices. False: the long way, and
 * nothing is done yet.
 */
static inline bool send_sgis(struct vcpu *v, uint64_t value)
{
	struct process *p = v->process;
	uint32_t targets = __atomic_load_n(&p->vcpu_mask, __ATOMIC_ACQUIRE), self = (uint32_t)BIT(v->index);

	if (value & SGI_ALL_OTHERS)
		targets &= ~self;
	else if (value & SGI_CLUSTER_MASK || p->vcpu_other_names || value & self)
		return false;
	else
		targets &= SGI_TARGETS(value);
	for (; targets; targets &= targets - 1)
		send_sgi(p->vcpus[__builtin_ctz(targets)], SGI_INTID(value));
	return true;
}

static __attribute__((noinline)) void look_around(struct cpu *c)
{
	arch_resume(cpu_leave(c));
}

static inline void sgi_done(struct vcpu *v, struct cpu *c, uint64_t esr)
{
	vcpu_advance(v, esr);
	if (unlikely(cpu_attention(c)))
		look_around(c);
	else
		arch_resume(&v->frame);
}

static __attribute__((noinline)) void sgi_exit(struct vcpu *v, struct cpu *c)
{
	uint64_t esr = v->arch.exit_esr, value = v->frame.x[ESR_RT(esr)];
	bool self = (value & ~SGI_INTID_MASK) == v->arch.sgi_self;

	if (unlikely(v->arch_work.timer_active))
		vcpu_timer_look(v);
	if (v->entry_work & ~ENTRY_WORK_TIMER || !(self ? vcpu_insert(v, SGI_INTID(value)) : send_sgis(v, value)))
		leave_long(v, c);
	else
		sgi_done(v, c, esr);
}

/* To itself again, as the last time: the frequent one. */
static inline bool sgi_again(struct vcpu *v, uint64_t value)
{
	return (value & ~SGI_INTID_MASK) == v->arch.sgi_self && !v->entry_work &&
	       vcpu_insert_again(v, SGI_INTID(value));
}

/* ISV: one register, no cache maintenance, no walk of stage 1 (Arm ARM D24.2.40, ISS of a data abort). */
static inline bool is_described(uint64_t esr)
{
	return (esr & ABORT_ISV) && DFSC_KIND(esr) == DFSC_TRANSLATION;
}

static inline uint64_t value_stored(const struct vcpu *v, uint64_t esr, uint64_t bytes)
{
	return v->frame.x[ABORT_SRT(esr)] & (~0ull >> (64 - 8 * bytes));
}

static inline void mmio_exit(struct vcpu *v, struct cpu *c, uint64_t esr)
{
	uint64_t far = sysreg_read(far_el2), ipa = fault_ipa(far), bytes = 1u << ABORT_SAS(esr);

	v->arch.exit_far = far;
	if (esr & ABORT_WNR)
		leave_guest(c, v, EXIT_MMIO_WRITE, ipa, bytes, value_stored(v, esr, bytes), 0, 0);
	else
		leave_guest(c, v, EXIT_MMIO_READ, ipa, bytes, 0, 0, 0);
}

static __attribute__((noinline)) void ptimer_exit(struct vcpu *v, struct cpu *c)
{
	uint64_t esr = v->arch.exit_esr;

	if (unlikely(v->entry_work || !vcpu_ptimer(v, esr))) {
		leave_long(v, c);
		return;
	}
	vcpu_advance(v, esr);
	arch_resume(unlikely(v->entry_work) ? arch_vcpu_enter(c, v) : &v->frame);
}

/* Apart: nothing that guest_sync() needs is live across a call. */
static __attribute__((noinline, flatten)) void register_exit(struct vcpu *v, struct cpu *c)
{
	uint64_t esr = v->arch.exit_esr;

	if (v->entry_work || !vcpu_id_register(c, v, esr)) {
		ptimer_exit(v, c);
	} else {
		vcpu_advance(v, esr);
		arch_resume(&v->frame);
	}
}

/* SMC: PC is after it, as the CPU does it for HVC. */
static inline void smc_exit(struct vcpu *v, struct cpu *c, uint64_t esr, const uint64_t *x)
{
	vcpu_advance(v, esr);
	leave_guest(c, v, EXIT_SMC, esr & 0xffff, x[0], x[1], x[2], x[3]);
}

/* From the vector: an exception of a guest. `esr` and `ec` are where no result of VcpuRun will be. */
void guest_sync(struct vcpu *v, struct cpu *c, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t ec,
		uint64_t esr)
{
	const uint64_t *x = v->frame.x;

	(void)x2, (void)x3, (void)x4, (void)x5;
	v->arch.exit_esr = esr;
	if (ec == EC_DATA && is_described(esr) && likely(leaks_none(v)))
		mmio_exit(v, c, esr);
	else if (ec == EC_HVC64 && likely(leaks_none(v)))
		leave_guest(c, v, EXIT_HVC, esr & 0xffff, x[0], x[1], x[2], x[3]);
	else if (ec == EC_SYSREG && (esr & (ISS_REG_MASK | ISS_READ)) == ISS_SGI1R)
		sgi_again(v, x[ESR_RT(esr)]) ? sgi_done(v, c, esr) : sgi_exit(v, c);
	else if (ec == EC_SMC64 && likely(leaks_none(v)))
		smc_exit(v, c, esr, x);
	else if (ec == EC_SYSREG)
		register_exit(v, c);
	else
		leave_long(v, c);
}

/* ---- the long way out ---- */

static struct frame *abort_exit(struct cpu *c, struct vcpu *v, uint64_t esr, bool fetch)
{
	struct frame *f = &v->thread->frame;
	uint64_t far = sysreg_read(far_el2);

	v->arch.exit_far = far;
	v->exit = fetch ? EXIT_FETCH : EXIT_MMIO_COMPLEX;
	if (unlikely(DFSC(esr) > DFSC_LAST_FAULT)) {
		vcpu_inject_abort(v, esr, 0); /* the board's own, such as an external abort */
		return arch_vcpu_enter(c, v);
	}
	if (is_described(esr) && !fetch && !vcpu_watches(v)) {
		VcpuRun_set_x1(f, fault_ipa(far));
		VcpuRun_set_x2(f, 1u << ABORT_SAS(esr));
		VcpuRun_set_x3(f, value_stored(v, esr, 1u << ABORT_SAS(esr)));
		return to_process(c, v, esr & ABORT_WNR ? EXIT_MMIO_WRITE : EXIT_MMIO_READ);
	}
	VcpuRun_set_x2(f, esr);
	VcpuRun_set_x3(f, far);
	VcpuRun_set_x4(f, v->frame.pc);
	VcpuRun_set_x5(f, v->frame.pstate);
	VcpuRun_set_x6(f, sysreg_read(sctlr_el1));
	VcpuRun_set_x7(f, sysreg_read(tcr_el1));
	VcpuRun_set_x9(f, sysreg_read(ttbr0_el1));
	VcpuRun_set_x10(f, sysreg_read(ttbr1_el1));
	VcpuRun_set_x11(f, sysreg_read(mdscr_el1));
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

	if (exit == EXIT_SMC)
		vcpu_advance(v, esr);
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
			vcpu_advance(v, esr);
		if (unlikely(cpu_attention(c)))
			return cpu_leave(c);
		return v->entry_work & ~ENTRY_WORK_TIMER ? arch_vcpu_enter(c, v) : &v->frame;
	}
	kick = v->flags & VCPU_LOCAL_MAINTENANCE ? vcpu_maintenance(esr) : 0;
	if (kick) {
		if (vcpu_maintain(c, v, kick))
			vcpu_advance(v, esr);
		return cpu_leave(c);
	}
	VcpuRun_set_x1(f, esr & 0x1ffffff);
	VcpuRun_set_x3(f, v->frame.x[ESR_RT(esr)]);
	VcpuRun_set_x4(f, v->frame.pc);
	return to_process(c, v, read ? EXIT_SYSREG_READ : EXIT_SYSREG_WRITE);
}

struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	struct frame *f = &v->thread->frame;

	v->arch.exit_esr = esr;
	if (unlikely(v->arch_work.timer_active))
		vcpu_timer_look(v);
	switch (esr >> 26) {
	case EC_DATA: return abort_exit(c, v, esr, false);
	case EC_HVC64: return call_exit(c, v, esr, EXIT_HVC);
	case EC_SYSREG: return sysreg_exit(c, v, esr);
	case EC_WFX: return vcpu_trap_wait(c, v, esr);
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
