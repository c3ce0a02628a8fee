/* SPDX-License-Identifier: Apache-2.0 */
/* Exits that are no matter of the devices alone: one handler for each kind. */
#include "qvm/exits.h"
#include "qvm/arch/aarch64/emulate.h"
#include "qvm/arch/aarch64/power.h"
#include "qvm/arch/aarch64/walk.h"
#include "qvm/device.h"
#include "qvm/log.h"

#define ALL_ONES  (~0ull)
#define RETRY_MAX 32u /* of one instruction that another vCPU changes all the time */

/* Of ACT_REGISTERS. */
#define REGISTERS    3u
#define NO_REGISTER  31u
#define NO_REGISTERS (NO_REGISTER | NO_REGISTER << 8 | NO_REGISTER << 16)

/* One exit. */
struct exit {
	struct vcpu *vcpu;
	const struct vcpu_run *run;
	const struct device_ops *devices;
	struct exit_reply *reply;
};

static uint64_t get_register(void *ctx, unsigned vreg)
{
	const struct vcpu *vcpu = ctx;
	uint64_t value = 0;

	VcpuGet_r(vcpu->id, vreg, &value);
	return value;
}

static void get_general(void *ctx, uint32_t numbers, uint64_t value[4])
{
	const struct vcpu *vcpu = ctx;
	const struct vcpu_run got = VcpuRunValue(vcpu->id, ACT_READ, numbers);

	value[0] = got.x1;
	value[1] = got.x2;
	value[2] = got.x3;
	value[3] = got.x4;
}

/* General registers are written by the next VcpuRun: ACT_REGISTERS. */
static void set_register(void *ctx, unsigned vreg, uint64_t value)
{
	const struct vcpu *vcpu = ctx;
	struct exit_reply *reply = vcpu->arch.reply;

	if (vreg >= NO_REGISTER || reply->registers == REGISTERS) {
		VcpuSet_r(vcpu->id, vreg, value);
		return;
	}
	reply->x[0] ^= (uint64_t)(vreg ^ NO_REGISTER) << 8 * reply->registers++;
	reply->x[reply->registers] = value;
}

static struct walk_regs get_walk_regs(struct vcpu *vcpu)
{
	return (struct walk_regs){.sctlr = get_register(vcpu, VREG_SCTLR_EL1),
				  .tcr = get_register(vcpu, VREG_TCR_EL1),
				  .ttbr0 = get_register(vcpu, VREG_TTBR0_EL1),
				  .ttbr1 = get_register(vcpu, VREG_TTBR1_EL1),
				  .layout = &vcpu->arch.layout};
}

static void unsupported_instruction(const struct exit *e, enum unsupported_act act, uint64_t where)
{
	const bool ignore = unsupported_apply_policy(e->vcpu, vm.config.unsupported.instruction, where,
						     UNSUPPORTED_INSTRUCTION, act, 0);

	e->reply->action = ignore ? ACT_DONE : ACT_UNDEF;
}

/* The access is retried a few times. If it still cannot be decoded, it is unsupported. */
static bool try_again(struct arch_vcpu *vcpu, uint64_t pc)
{
	vcpu->retries = vcpu->retry_pc == pc ? vcpu->retries + 1 : 1;
	vcpu->retry_pc = pc;
	return vcpu->retries <= RETRY_MAX;
}

static void emulate_instruction(const struct exit *e, const struct emulate_exit *exit)
{
	static const struct emulate_ops operations = {get_register, get_general, set_register};
	struct emulate_result result;

	e->vcpu->arch.reply = e->reply;
	e->reply->registers = 0;
	e->reply->x[0] = NO_REGISTERS;
	result = emulate_access(&vm.memory, &operations, e->devices, e->vcpu, exit);
	e->reply->action = ACT_REGISTERS;
	if (result.outcome == EMULATE_RETRY && try_again(&e->vcpu->arch, exit->pc)) {
		e->reply->action = ACT_RUN;
		return;
	}
	e->vcpu->arch.retries = 0;
	if (result.outcome == EMULATE_ABORT) {
		e->reply->action = ACT_ABORT;
		e->reply->x[0] = result.iss;
		e->reply->x[1] = result.offset;
	} else if (result.outcome != EMULATE_DONE) {
		unsupported_instruction(e, UNSUPPORTED_READS, exit->far);
	}
}

static struct emulate_exit exit_of(const struct exit *e)
{
	const struct vcpu_run *run = e->run;

	return (struct emulate_exit){.ipa = run->x1,
				     .esr = run->x2,
				     .far = run->x3,
				     .pc = run->x4,
				     .pstate = run->x5,
				     .regs = {.sctlr = run->x6,
					      .tcr = run->x7,
					      .ttbr0 = run->x9,
					      .ttbr1 = run->x10,
					      .layout = &e->vcpu->arch.layout},
				     .mdscr = run->x11};
}

static void mmio_complex(const struct exit *e)
{
	const struct emulate_exit exit = exit_of(e);

	emulate_instruction(e, &exit);
}

/*
 * The syndrome is complete, but no device covers the access. If it lies in one page, at an address that the guest may
 * use, that is all; else the instruction is decoded to find where it begins, or what is wrong with the guest's tables.
 */
static void mmio_nothing(const struct exit *e)
{
	const bool write = e->run->exit == EXIT_MMIO_WRITE;
	const uint64_t ipa = e->run->x1, at = ipa % GUEST_PAGE, bytes = e->run->x2;

	if ((at == 0 && bytes > 1) || at + bytes > GUEST_PAGE || ipa >> WALK_PA_BITS != 0) {
		emulate_instruction(e, &(struct emulate_exit){.ipa = ipa,
							      .esr = get_register(e->vcpu, VREG_EXIT_ESR),
							      .far = get_register(e->vcpu, VREG_EXIT_FAR),
							      .pc = get_register(e->vcpu, VREG_PC),
							      .pstate = get_register(e->vcpu, VREG_PSTATE),
							      .regs = get_walk_regs(e->vcpu),
							      .mdscr = get_register(e->vcpu, VREG_MDSCR_EL1)});
		return;
	}
	e->reply->x[0] = ALL_ONES;
	e->reply->action = write ? ACT_DONE : ACT_DATA;
	if (e->devices->apply_policy(e->vcpu, ipa, (unsigned)bytes, write ? UNSUPPORTED_WRITES : UNSUPPORTED_READS))
		return;
	e->reply->x[0] = arch_abort(write);
	e->reply->x[1] = 0;
	e->reply->action = ACT_ABORT;
}

/* Nothing can be executed instead, so `ignore` is `fail`. What stage 1 or its tables forbid is the guest's own. */
static void fetch_fault(const struct exit *e)
{
	const struct emulate_exit exit = exit_of(e);
	uint64_t ipa;

	e->reply->x[0] = emulate_fetch(&vm.memory, &exit, &ipa);
	e->reply->x[1] = 0;
	if (e->reply->x[0] == ISS_EXTERNAL)
		e->devices->apply_policy(e->vcpu, ipa, 4, UNSUPPORTED_OTHER);
	e->reply->action = ACT_ABORT;
}

/* SMCCC (Arm DEN 0028, 2.9): a conduit's immediate other than 0 is reserved, and an unknown call returns -1. */
static void firmware_call(const struct exit *e)
{
	e->reply->action = ACT_RESULT;
	e->reply->x[0] = e->run->x2;
	e->reply->x[1] = e->run->x3;
	e->reply->x[2] = e->run->x4;
	e->reply->x[3] = e->run->x5;
	if (e->run->x1 == 0)
		e->reply->gone = !power_call(e->vcpu, e->reply->x);
	else
		e->reply->x[0] = ALL_ONES;
}

static bool ignores_register(const struct exit *e, enum unsupported_act act)
{
	return unsupported_apply_policy(e->vcpu, vm.config.unsupported.register_, e->run->x1, UNSUPPORTED_REGISTER, act,
					0);
}

static void register_read(const struct exit *e)
{
	e->reply->x[0] = ALL_ONES;
	e->reply->action = ignores_register(e, UNSUPPORTED_READS) ? ACT_DATA : ACT_UNDEF;
}

/* The syndrome of DC ISW, CSW or CISW: op0 1, op1 0, CRn 7, CRm 6, 10 or 14, op2 2; without Rt. */
static bool is_set_way(uint64_t syndrome)
{
	const uint64_t instruction = syndrome & ~(31ull << 5), base = 1 << 20 | 2 << 17 | 7 << 10;

	return instruction == (base | 6 << 1) || instruction == (base | 10 << 1) || instruction == (base | 14 << 1);
}

/* The kernel lets the first of a sequence through: the others mean nothing more. */
static void set_way(const struct vcpu *vcpu)
{
	if (__atomic_exchange_n(&vm.arch.set_way, 1, __ATOMIC_RELAXED) == 0)
		vm_logf(SLOG_INFO, "vCPU %u: cache maintenance by set and way, for which all RAM is cleaned by address",
			vcpu->index);
	guest_memory_clean(&vm.memory);
}

/* DC CVAU traps only with `set broadcast-maintenance off`. An address that leads to no memory has nothing to clean. */
static bool is_clean_to_unification(uint64_t syndrome)
{
	return (syndrome & ~(31ull << 5)) == (1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 11 << 1);
}

static void clean_to_unification(struct vcpu *vcpu, uint64_t va)
{
	const struct walk_regs regs = get_walk_regs(vcpu);
	struct walk walk;

	if (walk_translate(&vm.memory, &regs, va, WALK_ANY, &walk))
		guest_memory_clean_line(&vm.memory, walk.ipa);
}

static void register_write(const struct exit *e)
{
	e->reply->action = ACT_DONE;
	if (is_set_way(e->run->x1))
		set_way(e->vcpu);
	else if (is_clean_to_unification(e->run->x1))
		clean_to_unification(e->vcpu, e->run->x3);
	else if (!ignores_register(e, UNSUPPORTED_WRITES))
		e->reply->action = ACT_UNDEF;
}

static void instruction(const struct exit *e)
{
	unsupported_instruction(e, UNSUPPORTED_OTHER, e->run->x1);
}

static void (*const handlers[])(const struct exit *) = {
    [EXIT_MMIO_READ] = mmio_nothing,    [EXIT_MMIO_WRITE] = mmio_nothing,     [EXIT_MMIO_COMPLEX] = mmio_complex,
    [EXIT_FETCH] = fetch_fault,         [EXIT_HVC] = firmware_call,           [EXIT_SMC] = firmware_call,
    [EXIT_SYSREG_READ] = register_read, [EXIT_SYSREG_WRITE] = register_write, [EXIT_INSTRUCTION] = instruction,
};

bool arch_exit(struct vcpu *vcpu, const struct vcpu_run *run, const struct device_ops *devices,
	       struct exit_reply *reply)
{
	const struct exit exit = {.vcpu = vcpu, .run = run, .devices = devices, .reply = reply};

	if (run->exit < 0 || run->exit >= (int64_t)(sizeof(handlers) / sizeof(handlers[0])))
		return false;
	handlers[run->exit](&exit);
	return true;
}
