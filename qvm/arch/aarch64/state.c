/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a vCPU, for the log and for those who ask where the guest is. */
#include "qvm/log.h"
#include "qvm/vm.h"
#include <stdio.h>

static const struct {
	const char *name;
	unsigned vreg;
} system_registers[] = {
    {"PC", VREG_PC},           {"PSTATE", VREG_PSTATE}, {"SP_EL0", VREG_SP_EL0},   {"SP_EL1", VREG_SP_EL1},
    {"SCTLR", VREG_SCTLR_EL1}, {"TCR", VREG_TCR_EL1},   {"TTBR0", VREG_TTBR0_EL1}, {"TTBR1", VREG_TTBR1_EL1},
    {"VBAR", VREG_VBAR_EL1},   {"ELR", VREG_ELR_EL1},   {"SPSR", VREG_SPSR_EL1},   {"ESR", VREG_ESR_EL1},
    {"FAR", VREG_FAR_EL1},     {"MAIR", VREG_MAIR_EL1}, {"EXITS", VREG_EXITS},     {"X30", VREG_X0 + 30},
};

static unsigned long long value_of(const struct vcpu *vcpu, unsigned vreg)
{
	uint64_t value = 0;

	VcpuGet_r(vcpu->id, vreg, &value);
	return value;
}

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	return value_of(vcpu, VREG_PC);
}

uint64_t arch_vcpu_exits(const struct vcpu *vcpu)
{
	return value_of(vcpu, VREG_EXITS);
}

void arch_vcpu_log(const struct vcpu *vcpu)
{
	for (unsigned i = 0; i + 1 < sizeof(system_registers) / sizeof(system_registers[0]); i += 2)
		vm_logf(SLOG_FATAL, "vCPU %u: %-6s %016llx  %-6s %016llx", vcpu->index, system_registers[i].name,
			value_of(vcpu, system_registers[i].vreg), system_registers[i + 1].name,
			value_of(vcpu, system_registers[i + 1].vreg));
	for (unsigned i = 0; i < 30; i += 3)
		vm_logf(SLOG_FATAL, "vCPU %u: X%-2u %016llx  X%-2u %016llx  X%-2u %016llx", vcpu->index, i,
			value_of(vcpu, VREG_X0 + i), i + 1, value_of(vcpu, VREG_X0 + i + 1), i + 2,
			value_of(vcpu, VREG_X0 + i + 2));
}

/* op0, op1, CRn, CRm and op2 of a register as an assembler takes it, from the syndrome (Arm ARM D24.2.40, EC 0x18). */
int arch_register_name(char *text, size_t room, uint64_t syndrome)
{
	return snprintf(text, room, "S%u_%u_C%u_C%u_%u", (unsigned)(syndrome >> 20 & 3), (unsigned)(syndrome >> 14 & 7),
			(unsigned)(syndrome >> 10 & 15), (unsigned)(syndrome >> 1 & 15),
			(unsigned)(syndrome >> 17 & 7));
}
