/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU in the processor: into the guest, out of it, and where its state is meanwhile. Entering and leaving for
 * the own qvm touches EL0 registers, VTTBR_EL2 and HCR_EL2; all else stays until another vCPU comes (evict).
 */
#include "vcpu.h"

#include "arch.h"
#include "calls.h"
#include "control.h"
#include "cpu.h"
#include "process.h"
#include "sysreg.h"
#include "trap.h"
#include "world.h"

#define ICH_LR(n)          S3_4_C12_LR_##n
#define ICH_AP0R0_EL2      S3_4_C12_C8_0
#define ICH_AP1R0_EL2      S3_4_C12_C9_0
#define CNTV_ENABLE        BIT(0)
#define CNTV_IMASK         BIT(1)
#define CNTV_FIRING        5 /* ENABLE and ISTATUS, not IMASK */
#define PSTATE_EL1H_MASKED 0x3c5
#define PSTATE_32          BIT(4)
#define PSTATE_BTYPE       (3ull << 10)
#define PSTATE_SSBS        BIT(12)
#define PSTATE_SS          BIT(21)
#define PSTATE_PAN         BIT(22)
#define PSTATE_DIT         BIT(24)
#define SCTLR_SPAN         BIT(23)
#define SCTLR_DSSBS        BIT(44)
#define SCTLR_EL1_RESET    0x30c50838ull /* as QEMU's and Arm's cores come up: RES1 bits, MMU and caches off */

unsigned vcpu_lr_count(void)
{
	return (sysreg_read(ICH_VTR_EL2) & 0x1f) + 1;
}

/* clang-format off */
#define LR_EACH(X) \
	X(0, c12, 0) X(1, c12, 1) X(2, c12, 2) X(3, c12, 3) X(4, c12, 4) X(5, c12, 5) X(6, c12, 6) X(7, c12, 7) \
	X(8, c13, 0) X(9, c13, 1) X(10, c13, 2) X(11, c13, 3) X(12, c13, 4) X(13, c13, 5) X(14, c13, 6) X(15, c13, 7)
/* clang-format on */

/* ICH_LR<n>_EL2 is S3_4_C12_C12_<n>, then S3_4_C12_C13_<n - 8>. */
static uint64_t lr_read(unsigned n)
{
	switch (n) {
#define X(i, crm, op2) \
	case i: return sysreg_read(s3_4_c12_##crm##_##op2);
		LR_EACH(X)
#undef X
	default: return 0;
	}
}

static void lr_write(unsigned n, uint64_t value)
{
	switch (n) {
#define X(i, crm, op2) \
	case i: sysreg_write(s3_4_c12_##crm##_##op2, value); break;
		LR_EACH(X)
#undef X
	default: break;
	}
}

/* ---- list registers ---- */

/* Images back into the state. Called with the vCPU's lock, on the CPU that holds them. */
static void fold(struct vcpu *v)
{
	unsigned eoicount = 0;

	if (v->in_hw) {
		for (uint32_t used = v->vgic.lr_used; used; used &= used - 1) {
			unsigned n = (unsigned)__builtin_ctz(used);

			v->vgic.lr[n] = lr_read(n);
			lr_write(n, 0);
		}
		eoicount = (unsigned)(sysreg_read(ICH_HCR_EL2) >> ICH_HCR_EOICOUNT_SHIFT) & 31;
		sysreg_write(ICH_HCR_EL2, ICH_HCR_EN);
		v->in_hw = false;
	}
	vgic_fold(&v->vgic, eoicount);
	/* The guest's own completion of the linked interrupt has deactivated the physical one. */
	if (!((v->vgic.pending | v->vgic.active) & BIT(VIRQ_VTIMER)))
		v->timer_active = false;
}

void vcpu_settle(struct cpu *c, struct vcpu *v)
{
	(void)c;
	fold(v);
}

static void offer(struct vcpu *v)
{
	lock_acquire(&v->lock);
	v->dirty = false;
	fold(v);
	vgic_fill(&v->vgic);
	for (uint32_t used = v->vgic.lr_used; used; used &= used - 1) {
		unsigned n = (unsigned)__builtin_ctz(used);

		lr_write(n, v->vgic.lr[n]);
	}
	sysreg_write(ICH_HCR_EL2, v->vgic.hcr);
	v->in_hw = true;
	lock_release(&v->lock);
}

/* ---- evict and load ---- */

uint64_t counter_ns(uint64_t ticks)
{
	uint64_t hz = counter_hz();

	if (ticks / hz >= UINT64_MAX / 1000000000ull)
		return UINT64_MAX - 1; /* centuries away */
	return ticks / hz * 1000000000ull + (ticks % hz * 1000000000ull + hz - 1) / hz;
}

/* The guest's timer goes on as a timer of the kernel's. */
static void timer_to_soft(struct vcpu *v)
{
	uint64_t ctl = sysreg_read(cntv_ctl_el0), at;

	v->el1.cntv_ctl = ctl & (CNTV_ENABLE | CNTV_IMASK);
	v->el1.cntv_cval = sysreg_read(cntv_cval_el0);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	if (v->timer_active)
		gic_set_active(PPI_VTIMER, false);
	v->timer_active = false;
	if (v->el1.cntv_ctl != CNTV_ENABLE || ((v->vgic.pending | v->vgic.active) & BIT(VIRQ_VTIMER)))
		return;
	at = v->el1.cntv_cval + v->cntvoff;
	if (at >= v->cntvoff) /* else: further away than the counter can count */
		timer_arm(&v->vtimer, counter_ns(at));
}

static void debug_save(struct vcpu *v);
static void debug_load(const struct vcpu *v);

void vcpu_evict(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (!v)
		return;
	leaked_restore(v);
#define X(name) v->el1.name = sysreg_read(name);
	EL1_SWITCHED(X)
#undef X
	v->el1.mdscr_el1 = sysreg_read(mdscr_el1);
	if (v->el1.debug_live)
		debug_save(v);
	lock_acquire(&v->lock);
	fold(v);
	v->dirty = true;
	lock_release(&v->lock);
	v->el1.ich_vmcr = sysreg_read(ICH_VMCR_EL2);
	v->el1.ich_ap0r0 = sysreg_read(ICH_AP0R0_EL2);
	v->el1.ich_ap1r0 = sysreg_read(ICH_AP1R0_EL2);
	timer_to_soft(v);
	fpu_save(c, &v->fpu); /* no register of it stays behind on a CPU that is not its home */
	c->resident = NULL;
	c->el1_clean = false;
	__atomic_store_n(&v->home, -1, __ATOMIC_RELEASE);
	vcpu_serve(c, v); /* this CPU was asked, and will not hear of it again */
}

/* The lock: other CPUs look at `home`, and timers are on heaps of any CPU. */
static void load(struct cpu *c, struct vcpu *v)
{
	struct process *p = v->process;

	lock_acquire(&kernel_lock);
	vcpu_evict(c);
	c->resident = v;
	__atomic_store_n(&v->home, (int8_t)c->id, __ATOMIC_RELEASE);
	timer_disarm(&v->vtimer);
	if (c->attention)
		gic_send_sgi(c->id, SGI_KICK); /* somebody was woken, and this CPU has already chosen */
	lock_release(&kernel_lock);
	v->leaked = 0;
#define X(name) sysreg_write(name, v->el1.name);
	EL1_SWITCHED(X)
#undef X
	sysreg_write(mdscr_el1, v->el1.mdscr_el1);
	if (v->el1.debug_live)
		debug_load(v);
	sysreg_write(mdcr_el2, v->el1.debug_live ? mdcr_value() & ~(MDCR_TDA | MDCR_TDOSA) : mdcr_value());
	sysreg_write(vmpidr_el2, v->affinity | BIT(31));
	sysreg_write(ICH_VMCR_EL2, v->el1.ich_vmcr);
	sysreg_write(ICH_AP0R0_EL2, v->el1.ich_ap0r0);
	sysreg_write(ICH_AP1R0_EL2, v->el1.ich_ap1r0);
	sysreg_write(cntvoff_el2, v->cntvoff);
	lock_acquire(&v->lock);
	v->timer_active = (v->vgic.pending | v->vgic.active | v->vgic.repend) & BIT(VIRQ_VTIMER);
	v->dirty = true;
	lock_release(&v->lock);
	if (v->timer_active)
		gic_set_active(PPI_VTIMER, true);
	sysreg_write(cntv_cval_el0, v->el1.cntv_cval);
	sysreg_write(cntv_ctl_el0, v->el1.cntv_ctl);
	c->el1_clean = false;
	sysreg_write(hcr_el2, HCR_PROCESS); /* the flags of this one's may differ */
	c->hcr_guest = false;
	/* Another vCPU of this guest ran here: its translations have the same VMID (Arm ARM D8.17.2, "CnP"). */
	if (p->last_vcpu[c->id] && p->last_vcpu[c->id] != v->index + 1)
		tlb_flush_cpu_space(p->guest.vmid, p->guest.root_pa);
	p->last_vcpu[c->id] = (uint8_t)(v->index + 1);
}

void vcpu_drop(struct cpu *c, struct vcpu *v)
{
	if (c->fp_owner == &v->fpu)
		c->fp_owner = NULL;
	if (c->user == &v->user)
		c->user = NULL;
	if (c->resident == v) {
		vcpu_evict(c);
		timer_disarm(&v->vtimer);
	}
	v->thread = NULL;
}

/* ---- debug registers, switched from their first use on ---- */

#define DBG_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static unsigned debug_breakpoints(void)
{
	return sysreg_field(id_aa64dfr0_el1, 12) + 1;
}

static unsigned debug_watchpoints(void)
{
	return sysreg_field(id_aa64dfr0_el1, 20) + 1;
}

static void debug_save(struct vcpu *v)
{
	unsigned b = debug_breakpoints(), w = debug_watchpoints();

	/* Saved, then off: they would compare in other worlds too. */
#define X(n)                                                     \
	if ((n) < b) {                                           \
		v->el1.dbgbcr[n] = sysreg_read(dbgbcr##n##_el1); \
		v->el1.dbgbvr[n] = sysreg_read(dbgbvr##n##_el1); \
		sysreg_write(dbgbcr##n##_el1, 0);                \
	}                                                        \
	if ((n) < w) {                                           \
		v->el1.dbgwcr[n] = sysreg_read(dbgwcr##n##_el1); \
		v->el1.dbgwvr[n] = sysreg_read(dbgwvr##n##_el1); \
		sysreg_write(dbgwcr##n##_el1, 0);                \
	}
	DBG_EACH(X)
#undef X
	v->el1.oslock = sysreg_read(oslsr_el1) & BIT(1);
	v->el1.osdlr = sysreg_read(osdlr_el1);
	sysreg_write(osdlr_el1, 0);
	sysreg_write(mdscr_el1, 0);
	sysreg_write(oslar_el1, 1);
	sysreg_write(mdcr_el2, mdcr_value());
}

static void debug_load(const struct vcpu *v)
{
	unsigned b = debug_breakpoints(), w = debug_watchpoints();

#define X(n)                                                     \
	if ((n) < b) {                                           \
		sysreg_write(dbgbvr##n##_el1, v->el1.dbgbvr[n]); \
		sysreg_write(dbgbcr##n##_el1, v->el1.dbgbcr[n]); \
	}                                                        \
	if ((n) < w) {                                           \
		sysreg_write(dbgwvr##n##_el1, v->el1.dbgwvr[n]); \
		sysreg_write(dbgwcr##n##_el1, v->el1.dbgwcr[n]); \
	}
	DBG_EACH(X)
#undef X
	sysreg_write(osdlr_el1, v->el1.osdlr);
	sysreg_write(oslar_el1, v->el1.oslock ? 1 : 0);
}

void vcpu_debug_open(struct vcpu *v)
{
	v->el1.debug_live = true;
	debug_load(v);
	sysreg_write(mdcr_el2, mdcr_value() & ~(MDCR_TDA | MDCR_TDOSA));
}

/* ---- reset and registers ---- */

void vcpu_reset(struct vcpu *v)
{
	timer_disarm(&v->vtimer);
	timer_disarm(&v->ptimer);
	memset(&v->frame, 0, sizeof(v->frame));
	memset(&v->user, 0, sizeof(v->user));
	memset(&v->el1, 0, sizeof(v->el1));
	memset(&v->fpu, 0, sizeof(v->fpu));
	v->frame.pstate = PSTATE_EL1H_MASKED;
	v->el1.sctlr_el1 = SCTLR_EL1_RESET;
	v->el1.oslock = true;
	lock_acquire(&v->lock);
	vgic_reset(&v->vgic, vcpu_lr_count());
	v->in_hw = false;
	v->dirty = true;
	lock_release(&v->lock);
	v->timer_active = false;
	v->leaked = 0;
	v->cntp_ctl = v->cntp_cval = 0;
	v->exit = EXIT_KICK; /* nothing to finish */
}

uint64_t *vcpu_register(struct vcpu *v, uint64_t reg)
{
	if (reg <= VREG_X0 + 30)
		return &v->frame.x[reg];
	if (reg >= VREG_V0 && reg < VREG_V0 + 64)
		return (uint64_t *)v->fpu.v + (reg - VREG_V0);
	switch (reg) {
	case VREG_PC: return &v->frame.pc;
	case VREG_PSTATE: return &v->frame.pstate;
	case VREG_SP_EL0: return &v->user.sp_el0;
	case VREG_SP_EL1: return &v->el1.sp_el1;
	case VREG_SCTLR_EL1: return &v->el1.sctlr_el1;
	case VREG_TCR_EL1: return &v->el1.tcr_el1;
	case VREG_TTBR0_EL1: return &v->el1.ttbr0_el1;
	case VREG_TTBR1_EL1: return &v->el1.ttbr1_el1;
	case VREG_VBAR_EL1: return &v->el1.vbar_el1;
	case VREG_ELR_EL1: return &v->el1.elr_el1;
	case VREG_SPSR_EL1: return &v->el1.spsr_el1;
	case VREG_ESR_EL1: return &v->el1.esr_el1;
	case VREG_FAR_EL1: return &v->el1.far_el1;
	case VREG_MAIR_EL1: return &v->el1.mair_el1;
	case VREG_CNTVOFF: return &v->cntvoff;
	case VREG_CNTV_CTL: return &v->el1.cntv_ctl;
	case VREG_CNTV_CVAL: return &v->el1.cntv_cval;
	case VREG_EXITS: return &v->exits;
	default: return NULL;
	}
}

/* ---- timers and interrupts ---- */

void vcpu_timer_expired(struct timer *t)
{
	bool virtual = t->kind == TIMER_VCPU_V;
	struct vcpu *v = virtual ? container_of(t, struct vcpu, vtimer) : container_of(t, struct vcpu, ptimer);

	lock_acquire(&v->lock);
	if (virtual)
		vgic_set_pending(&v->vgic, VIRQ_VTIMER);
	else
		vgic_private_line(&v->vgic, VIRQ_PTIMER, true);
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
}

/* The physical interrupt stays active until the guest has completed the virtual one that is linked to it. */
void vcpu_irq_timer(struct cpu *c)
{
	struct vcpu *v = c->resident;

	/* Late: the guest, or an eviction, took the condition away meanwhile. A level that nobody owns must not stay.
	 */
	if (!v || (sysreg_read(cntv_ctl_el0) & 7) != CNTV_FIRING) {
		if (!v)
			sysreg_write(cntv_ctl_el0, 0);
		gic_deactivate(PPI_VTIMER);
		return;
	}
	lock_acquire(&v->lock);
	vgic_set_pending(&v->vgic, VIRQ_VTIMER);
	v->timer_active = true;
	v->dirty = true;
	lock_release(&v->lock);
	vcpu_wake(v);
}

void vcpu_irq_maintenance(struct cpu *c)
{
	struct vcpu *v = c->resident;

	if (v) {
		lock_acquire(&v->lock);
		fold(v); /* which also takes the condition away */
		v->dirty = true;
		lock_release(&v->lock);
	}
	gic_deactivate(PPI_MAINTENANCE);
}

/* ---- in ---- */

static struct frame *to_process(struct cpu *c, struct vcpu *v, uint64_t exit)
{
	struct thread *t = v->thread;

	t->in_guest = false;
	t->frame.x[0] = exit;
	v->exit = (uint8_t)exit;
	c->guest = NULL;
	v->exits++;
	user_switch(c, &t->user);
	process_registers(c);
	space_activate(c, &t->process->space);
	fpu_prepare(c, &t->fpu);
	return &t->frame;
}

struct frame *vcpu_enter(struct cpu *c, struct vcpu *v)
{
	if (unlikely(v->kick)) {
		v->kick = false;
		return to_process(c, v, EXIT_KICK);
	}
	if (unlikely(c->resident != v))
		load(c, v);
	if (unlikely(__atomic_load_n(&v->dirty, __ATOMIC_ACQUIRE)))
		offer(v);
	user_switch(c, &v->user);
	guest_registers(c, v);
	space_activate(c, &v->process->guest);
	fpu_prepare(c, &v->fpu);
	c->guest = v;
	return &v->frame;
}

/* ---- VcpuRun ---- */

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
	unsigned bits = 8u << (esr >> 22 & 3); /* SAS */

	if (bits < 64)
		value &= BIT(bits) - 1;
	if ((esr & BIT(21)) && bits < 64 && (value & BIT(bits - 1))) /* SSE */
		value |= ~(BIT(bits) - 1);
	return esr & BIT(15) ? value : (uint32_t)value; /* SF */
}

static void set_reg(struct vcpu *v, unsigned n, uint64_t value)
{
	if (n < 31)
		v->frame.x[n] = value;
}

static bool is_mmio(unsigned exit)
{
	return exit == EXIT_MMIO_READ || exit == EXIT_MMIO_WRITE;
}

static bool is_call(unsigned exit)
{
	return exit == EXIT_HVC || exit == EXIT_SMC;
}

void vcpu_advance(struct vcpu *v, uint64_t esr)
{
	v->frame.pc += esr & BIT(25) ? 4 : 2;
	if (!(v->frame.pstate & PSTATE_32))
		v->frame.pstate &= ~(PSTATE_BTYPE | PSTATE_SS);
}

static void skip(struct vcpu *v)
{
	if (v->exit != EXIT_HVC)
		vcpu_advance(v, v->exit_esr);
}

/* Abort from the same or a lower level: EC 0x25/0x24 or 0x21/0x20; DFSC or IFSC 0x10: synchronous External abort. */
static void inject_abort(struct vcpu *v)
{
	bool fetch = v->exit == EXIT_FETCH, from_el0 = (v->frame.pstate & 0xf) == 0;
	uint64_t ec = fetch ? 0x20 : 0x24;

	/* FnV: the address may mean nothing. */
	vcpu_inject(v, (ec + !from_el0) << 26 | BIT(25) | (v->exit_esr & BIT(10)) | 0x10, v->exit_far);
}

static void inject_undefined(struct vcpu *v)
{
	if (v->exit == EXIT_HVC)
		v->frame.pc -= 4;
	vcpu_inject(v, BIT(25), sysreg_read(far_el1));
}

static int64_t act(struct vcpu *v, const struct frame *f)
{
	unsigned exit = v->exit;

	switch (f->x[1]) {
	case ACT_RUN: break;
	case ACT_DONE:
		if (exit == EXIT_KICK)
			return -KE_INVAL;
		skip(v);
		break;
	case ACT_DATA:
		if (is_mmio(exit))
			set_reg(v, v->exit_esr >> 16 & 31, extend(f->x[2], v->exit_esr));
		else if (exit == EXIT_SYSREG_READ)
			set_reg(v, v->exit_esr >> 5 & 31, f->x[2]);
		else
			return -KE_INVAL;
		skip(v);
		break;
	case ACT_RESULT:
		if (!is_call(exit))
			return -KE_INVAL;
		for (unsigned i = 0; i < 4; i++)
			v->frame.x[i] = f->x[2 + i];
		skip(v);
		break;
	case ACT_UNDEF: inject_undefined(v); break;
	case ACT_ABORT: inject_abort(v); break;
	default: return -KE_INVAL;
	}
	v->exit = EXIT_KICK;
	return 0;
}

/* The first run binds the vCPU to its thread, and gives the guest its time: 0 now, the same on all its CPUs. */
static int64_t bind(struct vcpu *v, struct thread *t)
{
	struct process *p = t->process;
	int64_t error = 0;

	lock_acquire(&kernel_lock);
	if (v->thread || t->vcpu) {
		error = -KE_BUSY;
	} else {
		v->thread = t;
		t->vcpu = v;
		if (!p->counter_set) {
			p->counter_offset = v->cntvoff == UINT64_MAX ? sysreg_read(cntpct_el0) : v->cntvoff;
			p->counter_set = true;
		}
		v->cntvoff = p->counter_offset;
	}
	lock_release(&kernel_lock);
	return error;
}

/* Takes no lock once the vCPU is bound: all it touches is the calling thread's own. */
int64_t call_VcpuRun(struct thread *t, struct frame *f)
{
	struct cpu *c = this_cpu();
	struct vcpu *v = handle_get(t->process, OBJECT_VCPU, f->x[0]);
	int64_t error;

	if (unlikely(!v))
		return -KE_BADF;
	if (unlikely(v->thread != t)) {
		error = bind(v, t);
		if (error)
			return error;
	}
	if (unlikely(c->resident != v))
		load(c, v);
	error = act(v, f);
	if (likely(!error))
		t->in_guest = true;
	return error;
}

/* ---- out ---- */

static uint64_t ipa_of(uint64_t hpfar, uint64_t far)
{
	return (hpfar & 0xfffffffff0ull) << 8 | (far & 0xfff);
}

#define DFSC(esr)          ((unsigned)(esr)&0x3f)
#define DFSC_PERMISSION(d) (((d)&0x3c) == 0x0c)
#define DFSC_FAULT(d)      ((d) <= 0x0f) /* address size, translation, access flag, permission */
#define ABORT_S1PTW        BIT(7)
#define ABORT_CM           BIT(8)
#define ABORT_ISV          BIT(24)

static struct frame *abort_exit(struct cpu *c, struct vcpu *v, uint64_t esr, bool fetch)
{
	struct frame *f = &v->thread->frame;
	uint64_t far = sysreg_read(far_el2), ipa = ipa_of(sysreg_read(hpfar_el2), far);
	unsigned sas;

	v->exit_far = far;
	v->exit = fetch ? EXIT_FETCH : EXIT_MMIO_COMPLEX;
	if (unlikely(!DFSC_FAULT(DFSC(esr)) || (esr & ABORT_S1PTW))) {
		/* An external abort, or tables where no memory is. FnV is kept: FAR may mean nothing. */
		inject_abort(v);
		return vcpu_enter(c, v);
	}
	/*
	 * A permission fault, a write to the guest's ROM, need not fill HPFAR_EL2 (Arm ARM D24.2.56). qvm finds the
	 * address in the guest's tables: an AT instruction here would meet errata (errata.c).
	 */
	if (unlikely(DFSC_PERMISSION(DFSC(esr)))) {
		f->x[1] = UINT64_MAX;
		f->x[2] = esr;
		f->x[3] = far;
		f->x[4] = v->frame.pc;
		return to_process(c, v, v->exit);
	}
	f->x[1] = ipa;
	if (fetch || !(esr & ABORT_ISV)) {
		if (!fetch && (esr & ABORT_CM)) {
			skip(v); /* cache maintenance where no memory is: nothing to do */
			return vcpu_enter(c, v);
		}
		f->x[2] = esr;
		f->x[3] = far;
		f->x[4] = v->frame.pc;
		return to_process(c, v, v->exit);
	}
	sas = (unsigned)(esr >> 22) & 3;
	f->x[2] = 1u << sas;
	if (esr & BIT(6)) {
		unsigned srt = (unsigned)(esr >> 16) & 31;

		f->x[3] = srt < 31 ? v->frame.x[srt] : 0;
		if (sas < 3)
			f->x[3] &= BIT(8u << sas) - 1;
		return to_process(c, v, EXIT_MMIO_WRITE);
	}
	return to_process(c, v, EXIT_MMIO_READ);
}

static struct frame *call_exit(struct cpu *c, struct vcpu *v, uint64_t esr, uint64_t exit)
{
	struct frame *f = &v->thread->frame;

	f->x[1] = esr & 0xffff;
	f->x[2] = v->frame.x[0];
	f->x[3] = v->frame.x[1];
	f->x[4] = v->frame.x[2];
	f->x[5] = v->frame.x[3];
	return to_process(c, v, exit);
}

static struct frame *sysreg_exit(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	struct frame *f = &v->thread->frame;
	unsigned rt = (unsigned)(esr >> 5) & 31;
	bool read = esr & 1;

	v->exit_esr = esr;
	v->exit = EXIT_KICK;
	if (vcpu_sysreg(c, v, esr)) {
		if (likely(!c->attention))
			return vcpu_enter(c, v);
		lock_acquire(&kernel_lock);
		return kernel_leave(c);
	}
	f->x[1] = esr & 0x1ffffff;
	f->x[3] = rt < 31 ? v->frame.x[rt] : 0;
	f->x[4] = v->frame.pc;
	return to_process(c, v, read ? EXIT_SYSREG_READ : EXIT_SYSREG_WRITE);
}

/* WFI: blocks unless something is pending. Nobody can make something pending between the look and the wait: the lock.
 */
static struct frame *wait_exit(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	struct thread *t = v->thread;
	bool wait;

	vcpu_advance(v, esr);
	if (esr & 3) { /* WFE, WFET: not trapped, but harmless */
		lock_acquire(&kernel_lock);
		sched_yield(t);
		return kernel_leave(c);
	}
	lock_acquire(&kernel_lock);
	lock_acquire(&v->lock);
	fold(v);
	v->dirty = true;
	wait = !v->kick && !t->kill && !vgic_deliverable(&v->vgic, sysreg_read(ICH_VMCR_EL2));
	v->waiting = wait;
	lock_release(&v->lock);
	if (wait)
		thread_block(t, STATE_WFI);
	return kernel_leave(c);
}

struct frame *vcpu_trap(struct cpu *c, struct vcpu *v, uint64_t esr)
{
	unsigned ec = (unsigned)(esr >> 26);

	v->exit_esr = esr;
	switch (ec) {
	case 0x24: return abort_exit(c, v, esr, false);
	case 0x16: return call_exit(c, v, esr, EXIT_HVC);
	case 0x18: return sysreg_exit(c, v, esr);
	case 0x01: return wait_exit(c, v, esr);
	case 0x07: fpu_trap(c, &v->fpu); return vcpu_enter(c, v);
	case 0x17: return call_exit(c, v, esr, EXIT_SMC);
	case 0x20: return abort_exit(c, v, esr, true);
	default: {
		/* Whatever else: qvm's policy decides what the guest sees. */
		struct frame *f = &v->thread->frame;

		f->x[1] = esr;
		f->x[4] = v->frame.pc;
		return to_process(c, v, EXIT_INSTRUCTION);
	}
	}
}
