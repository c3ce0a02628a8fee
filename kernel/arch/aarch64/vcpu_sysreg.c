/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers of a guest that the kernel answers: feature registers, generated interrupts, the physical timer,
 * debug registers. Everything else that traps goes to qvm, whose `unsupported register` policy decides.
 */
#include "arch.h"
#include "cpu.h"
#include "gic/sgi.h"
#include "guest.h"
#include "process.h"
#include "sysreg.h"

static uint64_t get_operand(const struct vcpu *v, uint64_t esr)
{
	return v->frame.x[ESR_RT(esr)];
}

static void put_result(struct vcpu *v, uint64_t esr, uint64_t value)
{
	v->frame.x[ESR_RT(esr)] = value;
}

/* ---- feature registers ---- */

/*
 * What a guest sees of a feature register: the fields that it may know, each limited to what is switched or needs no
 * switching. A field that is not named reads 0: SVE, SME, MTE, PAuth, PMU, SPE, TRBE, trace, AMU, MPAM, RAS, nested
 * virtualization, AArch32, and whatever comes later.
 */
#define FIELD(low)      (0xfull << (low))
#define ALL_BUT(fields) (~(uint64_t)(fields))

struct id_register {
	uint64_t keep, add;
	struct {
		uint8_t low, most; /* of a field; no `most`: whatever it is */
	} limit[2];
};

#define PARANGE_40   2 /* the least that holds the 39 bits of stage 2 (SPACE_BITS) */
#define ID(crm, op2) (((crm)&3) << 3 | (op2))

/* ID registers of CRm 4 to 7; those of other CRm, and what is not named, read 0. */
static const struct id_register id_registers[] = {
    /*
     * PFR0: EL3, FP, AdvSIMD, GIC, DIT, CSV2, CSV3; EL0, EL1 and EL2 are added as AArch64 only. Some of what a guest
     * must not do is the right of the highest level, so EL1 must not look like that one. CSV2: not the variant with
     * SCXTNUM registers.
     */
    [ID(4, 0)] = {.keep = FIELD(12) | FIELD(16) | FIELD(20) | FIELD(24) | FIELD(48) | FIELD(56) | FIELD(60),
		  .add = 0x111,
		  .limit = {{56, 1}, {24, 1}}},
    [ID(4, 1)] = {.keep = FIELD(0) | FIELD(4)}, /* PFR1: BT, SSBS */
    /* DFR0: DebugVer, BRPs, WRPs, CTX_CMPs, no later debug than what is switched; DoubleLock is added. */
    [ID(5, 0)] = {.keep = FIELD(0) | FIELD(12) | FIELD(20) | FIELD(28), .add = FIELD(36), .limit = {{0, 8}}},
    /* ISAR0: not TME; ISAR1: not APA, API, GPA, GPI, XS, LS64. Atomic, LRCPC: what qvm can decode. */
    [ID(6, 0)] = {.keep = ALL_BUT(FIELD(24)), .limit = {{20, 2}}},
    [ID(6, 1)] = {.keep = ALL_BUT(FIELD(4) | FIELD(8) | FIELD(24) | FIELD(28) | FIELD(56) | FIELD(60)),
		  .limit = {{20, 2}}},
    [ID(6, 2)] = {.keep = FIELD(4) | FIELD(20)}, /* ISAR2: RPRES, BC */
    /* MMFR0: PARange, ASIDBits, SNSMem, TGran16, TGran64, TGran4, ExS */
    [ID(7, 0)] = {.keep = FIELD(0) | FIELD(4) | FIELD(12) | FIELD(20) | FIELD(24) | FIELD(28) | FIELD(44),
		  .limit = {{0, PARANGE_40}}},
    /* MMFR1: HAFDBS, HPDS, PAN, ETS */
    [ID(7, 1)] = {.keep = FIELD(0) | FIELD(12) | FIELD(20) | FIELD(36), .limit = {{0, 2}}},
    /* MMFR2: UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD. VARange: what qvm can walk. */
    [ID(7, 2)] = {.keep = FIELD(4) | FIELD(8) | FIELD(16) | FIELD(20) | FIELD(28) | FIELD(32) | FIELD(36) | FIELD(48) |
			  FIELD(52) | FIELD(60),
		  .limit = {{16, 1}}},
    [ID(7, 7)] = {.keep = 0},
};

static uint64_t id_hardware(unsigned id)
{
	switch (id) {
	case ID(4, 0): return sysreg_read(id_aa64pfr0_el1);
	case ID(4, 1): return sysreg_read(id_aa64pfr1_el1);
	case ID(5, 0): return sysreg_read(id_aa64dfr0_el1);
	case ID(6, 0): return sysreg_read(id_aa64isar0_el1);
	case ID(6, 1): return sysreg_read(id_aa64isar1_el1);
	case ID(6, 2): return sysreg_read(s3_0_c0_c6_2);
	case ID(7, 0): return sysreg_read(id_aa64mmfr0_el1);
	case ID(7, 1): return sysreg_read(id_aa64mmfr1_el1);
	case ID(7, 2): return sysreg_read(ID_AA64MMFR2_EL1);
	default: return 0;
	}
}

/* What guests read on each CPU, since CPUs of one board may differ. Each fills in its own: PFR0 is never 0. */
static uint64_t id_values[CPU_MAX][ARRAY_COUNT(id_registers)];

static __attribute__((noinline)) void id_fill(uint64_t *values)
{
	for (unsigned id = 0; id < ARRAY_COUNT(id_registers); id++) {
		const struct id_register *r = &id_registers[id];
		uint64_t value = id_hardware(id) & r->keep;

		for (unsigned i = 0; i < ARRAY_COUNT(r->limit); i++) {
			uint64_t most = r->limit[i].most;
			unsigned low = r->limit[i].low;

			if (most && (value >> low & 0xf) > most)
				value = (value & ~FIELD(low)) | most << low;
		}
		values[id] = value | r->add;
	}
}

bool vcpu_id_register(const struct cpu *c, struct vcpu *v, uint64_t esr)
{
	uint64_t *values = id_values[c->id];
	unsigned crm = esr >> 1 & 15;

	if ((esr & (ISS_REG(3, 7, 15, 0, 0) | ISS_READ)) != (ISS_REG(3, 0, 0, 0, 0) | ISS_READ))
		return false;
	if (unlikely(!values[ID(4, 0)]))
		id_fill(values);
	put_result(v, esr, crm >> 2 == 1 ? values[ID(crm, esr >> 17 & 7)] : 0);
	return true;
}

/* ---- interrupts ---- */

/* Without EOImode 1 the write is UNPREDICTABLE: nothing happens. */
static void deactivate(struct vcpu *v, uint64_t intid)
{
	if (intid >= VIRQ_SPI_MAX)
		return;
	lock_acquire(&v->lock);
	arch_vcpu_settle(v);
	if (v->vgic.vmcr & ARCH_VMCR_SPLIT_END)
		vgic_deactivate(&v->vgic, (unsigned)intid);
	v->dirty = true;
	lock_release(&v->lock);
}

/* ---- the physical timer, as a timer of the kernel's on the guest's one time ---- */

#define CTL_ISTATUS BIT(2)

static uint64_t count(const struct vcpu *v)
{
	isb();
	return sysreg_read(cntpct_el0) - v->counter_offset;
}

static bool ptimer_met(const struct vcpu *v)
{
	return (v->arch.cntp_ctl & CNTV_ENABLE) && count(v) >= v->arch.cntp_cval;
}

void vcpu_ptimer_look(struct vcpu *v)
{
	uint64_t was = v->vgic.line;

	vgic_private_line(&v->vgic, VIRQ_PTIMER, ptimer_met(v) && !(v->arch.cntp_ctl & CNTV_IMASK));
	if (v->vgic.line != was && (v->home != arch_this_cpu() || v->dirty || !arch_vcpu_show(v, VIRQ_PTIMER)))
		v->dirty = true;
}

static uint64_t ptimer_read(const struct vcpu *v, unsigned op2)
{
	if (op2 == 0)
		return (uint32_t)(v->arch.cntp_cval - count(v));
	return op2 == 1 ? v->arch.cntp_ctl | (ptimer_met(v) ? CTL_ISTATUS : 0) : v->arch.cntp_cval;
}

static void ptimer_write(struct vcpu *v, unsigned op2, uint64_t value)
{
	struct timer *t = &v->timers[VCPU_PTIMER];
	uint64_t ctl = op2 == 1 ? value & (CNTV_ENABLE | CNTV_IMASK) : v->arch.cntp_ctl, cval = v->arch.cntp_cval;

	if (op2 != 1)
		cval = op2 ? value : count(v) + (uint64_t)(int64_t)(int32_t)value;
	if (ctl == v->arch.cntp_ctl && cval == v->arch.cntp_cval)
		return;
	lock_acquire(&v->lock);
	v->arch.cntp_ctl = ctl;
	v->arch.cntp_cval = cval;
	vcpu_ptimer_look(v);
	lock_release(&v->lock);
	if (ctl == CNTV_ENABLE && !(v->vgic.line & BIT(VIRQ_PTIMER)))
		timer_arm(t, guest_deadline(v, cval));
	else if (READ_ONCE(t->index))
		timer_disarm(t);
}

bool vcpu_ptimer(struct vcpu *v, uint64_t esr)
{
	unsigned op2 = esr >> 17 & 7;

	/* CNTP_TVAL_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0 */
	if ((esr & ISS_REG(3, 7, 15, 15, 0)) != ISS_REG(3, 3, 14, 2, 0) || op2 > 2)
		return false;
	if (esr & ISS_READ)
		put_result(v, esr, ptimer_read(v, op2));
	else
		ptimer_write(v, op2, get_operand(v, esr));
	return true;
}

/*
 * ---- cache maintenance by set and way ----
 *
 * It is never executed: it would hit the lines of others. What it can mean for a guest is that all its RAM is cleaned,
 * which qvm does by address, once for each sequence: at its first operation. What follows is covered as long as it is
 * another operation of a level that was begun, or goes on with a higher level. So every sequence that goes through all
 * of a level meets at least one operation that is not covered, or comes right after one for a lower level.
 */
static bool set_way_covered(struct vcpu *v, uint32_t operand)
{
	unsigned level = operand >> 1 & 7;
	uint32_t *first = &v->arch.set_way[level];
	bool covered = *first ? *first != (operand | 1) : level > v->arch.set_way_level;

	if (!covered)
		memset(v->arch.set_way, 0, sizeof(v->arch.set_way));
	if (!*first)
		*first = operand | 1; /* bit 0 is RES0: not 0 */
	v->arch.set_way_level = (uint8_t)level;
	return covered;
}

/* ---- TLBI and IC that trap (hcr_guest()); DC CVAU is qvm's ---- */

unsigned vcpu_maintenance(uint64_t esr)
{
	uint32_t reg = (uint32_t)esr & ISS_REG_MASK;

	/* TLBI, CRn 8, and 9 for nXS: local are CRm 6, by range, and 7. */
	if ((reg & ISS_REG(3, 7, 14, 0, 0)) == ISS_REG(1, 0, 8, 0, 0))
		return KICK_TLB | ((reg >> 1 & 15) < 6 ? KICK_ALL : 0);
	switch (reg) {
	case ISS_REG(1, 0, 7, 5, 0): /* IC IALLU */ return KICK_TLB | KICK_CODE;
	case ISS_REG(1, 0, 7, 1, 0): /* IC IALLUIS, IVAU */
	case ISS_REG(1, 3, 7, 5, 1): return KICK_TLB | KICK_CODE | KICK_ALL;
	default: return 0;
	}
}

/* ---- generated interrupts ---- */

/* Whom a value of ICC_SGI1R_EL1 or ICC_SGI0R_EL1 means (IHI 0069, 12.2.20). */
static uint32_t sgi_targets(const struct vcpu *from, uint64_t value)
{
	uint32_t targets = 0;

	for (unsigned i = 0; i < VCPU_MAX; i++) {
		const struct vcpu *v = __atomic_load_n(&from->process->vcpus[i], __ATOMIC_ACQUIRE);

		if (v && (value & SGI_ALL_OTHERS ? v != from : sgi_reaches(value, v->arch.sgi_self)))
			targets |= (uint32_t)BIT(i);
	}
	return targets;
}

/* ---- all ---- */

/* Writes are ignored. */
static bool stays(struct vcpu *v, uint64_t esr, uint64_t value)
{
	if (esr & ISS_READ)
		put_result(v, esr, value);
	return true;
}

static bool debug_access(struct vcpu *v, uint64_t esr, bool *again)
{
	uint32_t reg = (uint32_t)esr & ISS_REG_MASK;

	switch (reg) {
	case ISS_REG(2, 0, 1, 0, 0): /* MDRAR_EL1: no debug ROM */
	case ISS_REG(2, 3, 0, 1, 0): /* the debug communication channel: empty */
	case ISS_REG(2, 3, 0, 4, 0):
	case ISS_REG(2, 3, 0, 5, 0):
	case ISS_REG(2, 0, 0, 2, 0):
	case ISS_REG(2, 0, 0, 0, 2):
	case ISS_REG(2, 0, 0, 3, 2):
	case ISS_REG(2, 0, 0, 6, 2):
	case ISS_REG(2, 0, 1, 3, 4): /* OSDLR_EL1: no double lock; DBGPRCR_EL1: power is not a guest's */
	case ISS_REG(2, 0, 1, 4, 4): return stays(v, esr, 0);
	case ISS_REG(2, 0, 1, 0, 4): /* OSLAR_EL1, OSLSR_EL1 */
		v->arch.oslock = get_operand(v, esr) & 1;
		sysreg_write(oslar_el1, v->arch.oslock);
		return true;
	case ISS_REG(2, 0, 1, 1, 4): put_result(v, esr, sysreg_read(oslsr_el1)); return true;
	default: break;
	}
	if ((reg >> 14 & 7) != 0 || v->arch.debug_live)
		return false; /* trace registers, or one that traps although all others are the guest's */
	vcpu_debug_open(v);
	*again = true;
	return true;
}

bool vcpu_sysreg(struct cpu *c, struct vcpu *v, uint64_t esr, bool *again)
{
	uint32_t reg = (uint32_t)esr & ISS_REG_MASK;

	switch (reg) {
	case ISS_REG(3, 0, 12, 11, 5): /* ICC_SGI1R_EL1, ICC_SGI0R_EL1: for group 1, for group 0 */
	case ISS_REG(3, 0, 12, 11, 7):
		vcpu_send_sgi(v, sgi_targets(v, get_operand(v, esr)), SGI_INTID(get_operand(v, esr)),
			      reg == ISS_REG(3, 0, 12, 11, 5));
		return true;
	case ISS_REG(3, 0, 12, 11, 6): /* ICC_ASGI1R_EL1: there is no other security state */ return true;
	case ISS_REG(3, 0, 12, 11, 1): /* ICC_DIR_EL1 */ deactivate(v, get_operand(v, esr)); return true;
	case ISS_REG(3, 3, 14, 0, 1): /* CNTPCT_EL0 */ put_result(v, esr, count(v)); return true;
	case ISS_REG(3, 0, 12, 12, 5): /* ICC_SRE_EL1: on, for ever */ return stays(v, esr, 7);
	case ISS_REG(3, 0, 1, 0, 1): /* ACTLR_EL1 */ return stays(v, esr, 0);
	case ISS_REG(1, 0, 7, 6, 2): /* DC ISW, CSW, CISW; what is not covered is qvm's */
	case ISS_REG(1, 0, 7, 10, 2):
	case ISS_REG(1, 0, 7, 14, 2): return set_way_covered(v, (uint32_t)get_operand(v, esr));
	default: break;
	}
	if (reg >> 20 == 2)
		return debug_access(v, esr, again);
	return vcpu_ptimer(v, esr) || vcpu_id_register(c, v, esr);
}
