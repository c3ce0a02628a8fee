/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's exits are answered with: one handler for each kind of exit. */
#include <string.h>

#include "qvm/arch/aarch64/emulate.h"
#include "qvm/arch/aarch64/walk.h"
#include "qvm/pass.h"
#include "qvm/vm.h"

#define ALL_ONES    (~0ull)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define RETRY_MAX   32u /* of one instruction that another vCPU changes all the time */
/* ISS of an abort, for ACT_ABORT. */
#define ISS_EXTERNAL 0x10u
#define ISS_WNR      0x40u

/* What VcpuRun gets for the exit before. */
struct reply {
	enum vcpu_action action;
	bool gone; /* the vCPU is off: do not run it */
	uint64_t x[4];
};

/* There is nothing at that address, or not for this access. */
static __attribute__((noinline)) bool tolerated(struct vcpu *vcpu, uint64_t ipa, unsigned bytes,
						enum unsupported_act act)
{
	return unsupported(vcpu, pass_policy(ipa), (struct unsupported){ipa, UNSUPPORTED_REFERENCE, act, bytes});
}

/* The device that was hit last is mostly hit again. Null: there is none at this address. */
static inline const struct mmio_region *device_at(struct vcpu *vcpu, uint64_t ipa, unsigned size)
{
	const struct mmio_region *region = vcpu->last;

	if (mmio_holds(region, ipa, size))
		return region;
	region = mmio_find(&vm.mmio, ipa, size);
	if (region != NULL)
		vcpu->last = region;
	return region;
}

/* Accesses of a device that is there. Not done: it refuses, and the guest gets an abort. */
static inline struct vdev_value read_device(struct vcpu *vcpu, const struct mmio_region *region, uint64_t ipa,
					    unsigned size)
{
	struct vdev_value data = region->read(region->device, vcpu->index, ipa, size);

	if (likely(data.done))
		return data;
	data.value = ALL_ONES;
	data.done = tolerated(vcpu, ipa, size, UNSUPPORTED_READS);
	return data;
}

static inline bool write_device(struct vcpu *vcpu, const struct mmio_region *region, uint64_t ipa, unsigned size,
				uint64_t value)
{
	if (likely(region->write(region->device, vcpu->index, ipa, size, value)))
		return true;
	return tolerated(vcpu, ipa, size, UNSUPPORTED_WRITES);
}

static uint64_t get_register(void *ctx, unsigned vreg)
{
	const struct vcpu *vcpu = ctx;
	uint64_t value = 0;

	VcpuGet_r(vcpu->id, vreg, &value);
	return value;
}

static void set_register(void *ctx, unsigned vreg, uint64_t value)
{
	const struct vcpu *vcpu = ctx;

	VcpuSet_r(vcpu->id, vreg, value);
}

static void unsupported_instruction(struct vcpu *vcpu, enum unsupported_act act, uint64_t where, struct reply *reply)
{
	const struct unsupported u = {where, UNSUPPORTED_INSTRUCTION, act, 0};

	reply->action = unsupported(vcpu, vm.config.unsupported.instruction, u) ? ACT_DONE : ACT_UNDEF;
}

static bool emulated_device(void *ctx, uint64_t ipa, unsigned size)
{
	return device_at(ctx, ipa, size) != NULL;
}

static bool emulated_read(void *ctx, uint64_t ipa, unsigned size, uint64_t *value)
{
	const struct vdev_value data = read_device(ctx, device_at(ctx, ipa, size), ipa, size);

	*value = data.value;
	return data.done;
}

static bool emulated_write(void *ctx, uint64_t ipa, unsigned size, uint64_t value)
{
	return write_device(ctx, device_at(ctx, ipa, size), ipa, size, value);
}

static bool emulated_nothing(void *ctx, uint64_t ipa, unsigned size, bool write)
{
	return tolerated(ctx, ipa, size, write ? UNSUPPORTED_WRITES : UNSUPPORTED_READS);
}

static const struct emulate_ops operations = {
    .get = get_register,
    .set = set_register,
    .device = emulated_device,
    .read = emulated_read,
    .write = emulated_write,
    .tolerated = emulated_nothing,
};

/* The guest makes the access again, a number of times: whatever is still not to be understood then is not supported. */
static bool try_again(struct vcpu *vcpu, uint64_t pc)
{
	vcpu->retries = vcpu->retry_pc == pc ? vcpu->retries + 1 : 1;
	vcpu->retry_pc = pc;
	return vcpu->retries <= RETRY_MAX;
}

static void emulate(struct vcpu *vcpu, const struct emulate_exit *exit, struct reply *reply)
{
	const struct emulate_result result = emulate_access(&vm.memory, &operations, vcpu, exit);

	reply->action = ACT_DONE;
	if (result.outcome == EMULATE_RETRY && try_again(vcpu, exit->pc)) {
		reply->action = ACT_RUN;
		return;
	}
	vcpu->retries = 0;
	if (result.outcome == EMULATE_ABORT) {
		reply->action = ACT_ABORT;
		reply->x[0] = result.iss;
		reply->x[1] = result.offset;
	} else if (result.outcome != EMULATE_DONE) {
		unsupported_instruction(vcpu, UNSUPPORTED_READS, exit->far, reply);
	}
}

static void mmio_complex(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	emulate(vcpu, &(struct emulate_exit){exit->x1, exit->x2, exit->x3, exit->x4}, reply);
}

/*
 * The kernel found the syndrome complete, but there is no device that has all of it. Where it lies within a page, and
 * has an address that the guest may use, all is known; else the instruction says where it begins, or the guest's tables
 * what is wrong.
 */
static void mmio_nothing(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	const bool write = exit->exit == EXIT_MMIO_WRITE;
	const uint64_t at = exit->x1 % GUEST_PAGE;

	if ((at == 0 && exit->x2 > 1) || at + exit->x2 > GUEST_PAGE || exit->x1 >> WALK_PA_BITS != 0) {
		emulate(vcpu,
			&(struct emulate_exit){.ipa = exit->x1,
					       .esr = get_register(vcpu, VREG_EXIT_ESR),
					       .far = get_register(vcpu, VREG_EXIT_FAR),
					       .pc = get_register(vcpu, VREG_PC)},
			reply);
		return;
	}
	reply->x[0] = ALL_ONES;
	reply->action = write ? ACT_DONE : ACT_DATA;
	if (emulated_nothing(vcpu, exit->x1, (unsigned)exit->x2, write))
		return;
	reply->x[0] = ISS_EXTERNAL | (write ? ISS_WNR : 0);
	reply->x[1] = 0;
	reply->action = ACT_ABORT;
}

/* Nothing can be executed instead, so `ignore` is `fail`. What stage 1 or its tables forbid is the guest's own. */
static void fetch(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	const struct emulate_exit fetch = {exit->x1, exit->x2, exit->x3, exit->x4};
	uint64_t ipa;

	reply->x[0] = emulate_fetch(&vm.memory, &operations, vcpu, &fetch, &ipa);
	reply->x[1] = 0;
	if (reply->x[0] == ISS_EXTERNAL)
		tolerated(vcpu, ipa, 4, UNSUPPORTED_OTHER);
	reply->action = ACT_ABORT;
}

/* SMCCC (Arm DEN 0028, 2.9): a conduit's immediate other than 0 is reserved, and an unknown call returns -1. */
static void firmware(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	reply->action = ACT_RESULT;
	reply->x[0] = exit->x2;
	reply->x[1] = exit->x3;
	reply->x[2] = exit->x4;
	reply->x[3] = exit->x5;
	if (exit->x1 == 0)
		reply->gone = !power_call(vcpu, reply->x);
	else
		reply->x[0] = ALL_ONES;
}

static bool unsupported_register(struct vcpu *vcpu, enum unsupported_act act, uint64_t syndrome)
{
	return unsupported(vcpu, vm.config.unsupported.register_,
			   (struct unsupported){syndrome, UNSUPPORTED_REGISTER, act, 0});
}

static void register_read(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	reply->x[0] = ALL_ONES;
	reply->action = unsupported_register(vcpu, UNSUPPORTED_READS, exit->x1) ? ACT_DATA : ACT_UNDEF;
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
	if (__atomic_exchange_n(&vm.set_way, 1, __ATOMIC_RELAXED) == 0)
		vm_logf(SLOG_INFO, "vCPU %u: cache maintenance by set and way, for which all RAM is cleaned by address",
			vcpu->index);
	guest_clean_all(&vm.memory);
}

/* DC CVAU traps only with `set broadcast-maintenance off`. An address that leads to no memory has nothing to clean. */
static bool is_clean_to_unification(uint64_t syndrome)
{
	return (syndrome & ~(31ull << 5)) == (1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 11 << 1);
}

static void clean_to_unification(struct vcpu *vcpu, uint64_t va)
{
	const struct walk_regs regs = {.sctlr = get_register(vcpu, VREG_SCTLR_EL1),
				       .tcr = get_register(vcpu, VREG_TCR_EL1),
				       .ttbr0 = get_register(vcpu, VREG_TTBR0_EL1),
				       .ttbr1 = get_register(vcpu, VREG_TTBR1_EL1)};
	struct walk walk;

	if (guest_walk(&vm.memory, &regs, va, WALK_ANY, &walk))
		guest_clean_line(&vm.memory, walk.ipa);
}

static void register_write(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	if (is_set_way(exit->x1)) {
		set_way(vcpu);
		reply->action = ACT_DONE;
		return;
	}
	if (is_clean_to_unification(exit->x1)) {
		clean_to_unification(vcpu, exit->x3);
		reply->action = ACT_DONE;
		return;
	}
	reply->action = unsupported_register(vcpu, UNSUPPORTED_WRITES, exit->x1) ? ACT_DONE : ACT_UNDEF;
}

static void instruction(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	unsupported_instruction(vcpu, UNSUPPORTED_OTHER, exit->x1, reply);
}

static void kick(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	(void)exit;
	reply->action = ACT_RUN;
	if (__atomic_load_n(&vm.ending, __ATOMIC_ACQUIRE) != 0)
		thread_exit();
	vcpu_park(vcpu);
}

static void (*const handlers[])(struct vcpu *, const struct vcpu_run *, struct reply *) = {
    [EXIT_MMIO_READ] = mmio_nothing,
    [EXIT_MMIO_WRITE] = mmio_nothing,
    [EXIT_MMIO_COMPLEX] = mmio_complex,
    [EXIT_FETCH] = fetch,
    [EXIT_HVC] = firmware,
    [EXIT_SMC] = firmware,
    [EXIT_SYSREG_READ] = register_read,
    [EXIT_SYSREG_WRITE] = register_write,
    [EXIT_INSTRUCTION] = instruction,
    [EXIT_KICK] = kick,
};

/* Interrupts that the kernel had no room for may find it now. */
static inline void retry_interrupts(void)
{
	if (likely(!__atomic_load_n(&vm.gic.refused, __ATOMIC_RELAXED)))
		return;
	mutex_lock(&vm.lock);
	guest_gic_retry(&vm.gic);
	mutex_unlock(&vm.lock);
}

/* All of the exit that mmio_nothing() needs: the rest has not to be kept for it. */
static inline struct vcpu_run nothing_there(enum vcpu_exit exit, uint64_t ipa, unsigned bytes)
{
	return (struct vcpu_run){.exit = exit, .x1 = ipa, .x2 = bytes};
}

/* What guests do all the time, with registers for all that goes between kernel and device. */
static __attribute__((noinline)) struct vcpu_run run_devices(struct vcpu *vcpu, const struct reply *reply)
{
	struct vcpu_run exit = VcpuRun(vcpu->id, reply->action, reply->x[0], reply->x[1], reply->x[2], reply->x[3]);

	for (;;) {
		uint64_t value;

		if (likely(exit.exit == EXIT_MMIO_READ)) {
			const struct mmio_region *region = device_at(vcpu, exit.x1, (unsigned)exit.x2);

			if (unlikely(region == NULL))
				return nothing_there(EXIT_MMIO_READ, exit.x1, (unsigned)exit.x2);
			const struct vdev_value data = read_device(vcpu, region, exit.x1, (unsigned)exit.x2);
			retry_interrupts();
			exit = likely(data.done) ? VcpuRunValue(vcpu->id, ACT_DATA, data.value)
						 : VcpuRun(vcpu->id, ACT_ABORT, ISS_EXTERNAL, 0, 0, 0);
		} else if (exit.exit == EXIT_MMIO_WRITE) {
			const struct mmio_region *region = device_at(vcpu, exit.x1, (unsigned)exit.x2);

			if (unlikely(region == NULL))
				return nothing_there(EXIT_MMIO_WRITE, exit.x1, (unsigned)exit.x2);
			const bool good = write_device(vcpu, region, exit.x1, (unsigned)exit.x2, exit.x3);
			retry_interrupts();
			exit = likely(good) ? VcpuRunValue(vcpu->id, ACT_DONE, 0)
					    : VcpuRun(vcpu->id, ACT_ABORT, ISS_EXTERNAL | ISS_WNR, 0, 0, 0);
		} else if (exit.exit == EXIT_HVC && exit.x1 == 0 && psci_constant((uint32_t)exit.x2, &value)) {
			exit = VcpuRun(vcpu->id, ACT_RESULT, value, exit.x3, exit.x4, exit.x5);
		} else {
			return exit;
		}
	}
}

void vcpu_run(struct vcpu *vcpu)
{
	struct reply reply = {.action = ACT_RUN};

	while (!reply.gone) {
		const struct vcpu_run exit = run_devices(vcpu, &reply);

		if (exit.exit < 0 || exit.exit >= (int64_t)(sizeof(handlers) / sizeof(handlers[0]))) {
			vm_logf(SLOG_FATAL, "vCPU %u cannot run: the kernel returned %lld", vcpu->index,
				(long long)exit.exit);
			vm_end(VM_EXIT_FATAL, CAUSE_ERROR);
		}
		handlers[exit.exit](vcpu, &exit, &reply);
		retry_interrupts();
	}
}
