/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest's instruction that came out is answered with: an exception at EL1, a result, or a step on. */
#include "esr.h"
#include "guest.h"
#include "sysreg.h"
#include "world.h"

#define PSTATE_SSBS BIT(12)
#define PSTATE_PAN  BIT(22)
#define PSTATE_DIT  BIT(24)
#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)

void vcpu_inject(struct vcpu *v, uint64_t esr, uint64_t far)
{
	uint64_t pstate = v->frame.pstate, mode = pstate & 0xf;
	uint64_t sctlr = v->arch_work.leaked & LEAK_SCTLR ? v->arch.sctlr_el1 : sysreg_read(sctlr_el1);
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

/*
 * Abort from the same or a lower level: EC 0x25/0x24, 0x21/0x20, watchpoints 0x35/0x34. CM is the exit's, and FnV: FAR
 * may mean nothing.
 */
void vcpu_inject_abort(struct vcpu *v, uint64_t iss, uint64_t offset)
{
	bool from_el0 = (v->frame.pstate & 0xf) == 0;
	uint64_t ec = v->exit == EXIT_FETCH ? EC_FETCH : DFSC(iss) == DFSC_WATCHPOINT ? EC_WATCHPOINT : EC_DATA;

	iss = (iss & (ABORT_WNR | 0x3f)) | (v->arch.exit_esr & (ABORT_FNV | ABORT_CM));
	vcpu_inject(v, (ec + !from_el0) << 26 | ESR_IL | iss, v->arch.exit_far + offset);
}

static void inject_undefined(struct vcpu *v)
{
	if ((v->exit | 1) == EXIT_SMC) /* PC is after it */
		v->frame.pc -= 4;
	vcpu_inject(v, ESR_IL, sysreg_read(far_el1));
}

void vcpu_read_registers(const struct vcpu *v, uint64_t *x, uint64_t numbers)
{
	x[0] = v->exit;
	for (unsigned i = 0; i < 4; i++)
		x[1 + i] = v->frame.x[numbers >> 8 * i & 31];
}

static void put_registers(struct vcpu *v, const uint64_t value[4])
{
	for (unsigned i = 0; i < 3; i++)
		v->frame.x[value[0] >> (8 * i) & 31] = value[1 + i];
}

bool vcpu_act_private(struct vcpu *v, uint64_t op, uint64_t value, uint64_t mask)
{
	uint64_t esr = v->arch.exit_esr;
	uint32_t now = 0; /* a write leaves it */
	int result;

	if ((v->exit | 1) != EXIT_MMIO_WRITE)
		return false;
	lock_acquire(&v->lock);
	result = arch_vcpu_private(v, op, (uint32_t)value, (uint32_t)mask, &now);
	lock_release(&v->lock);
	if (result < 0)
		return false;
	if (v->exit == EXIT_MMIO_READ)
		v->frame.x[ABORT_SRT(esr)] = vcpu_extend(now >> 8 * (v->arch.exit_far & 3), esr);
	vcpu_advance(v, esr);
	v->exit = EXIT_KICK;
	return true;
}

/* Finishes the exit before, if act_short() does not. False: it was not one for this action. */
bool vcpu_act(struct vcpu *v, uint64_t action, const uint64_t value[4])
{
	unsigned exit = v->exit;

	switch (action) {
	case ACT_RUN: break;
	case ACT_REGISTERS:
	case ACT_DONE:
		if (exit == EXIT_KICK)
			return false;
		if (action == ACT_REGISTERS)
			put_registers(v, value);
		if ((exit | 1) != EXIT_SMC)
			vcpu_advance(v, v->arch.exit_esr);
		break;
	case ACT_DATA:
		if (exit != EXIT_SYSREG_READ)
			return false;
		v->frame.x[ESR_RT(v->arch.exit_esr)] = value[0];
		vcpu_advance(v, v->arch.exit_esr);
		break;
	case ACT_UNDEF: inject_undefined(v); break;
	case ACT_PRIVATE: return vcpu_act_private(v, value[0], value[1], value[2]);
	case ACT_ABORT: vcpu_inject_abort(v, value[0], value[1]); break;
	default: return false;
	}
	v->exit = EXIT_KICK; /* nothing to finish any more */
	return true;
}
