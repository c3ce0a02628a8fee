/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's exits are answered with: one handler for each kind of exit, and the `unsupported` policies. */
#include <string.h>

#include "qvm/emulate.h"
#include "qvm/pass.h"
#include "qvm/vm.h"

#define ALL_ONES  (~0ull)
#define likely(x) __builtin_expect(!!(x), 1)

/* What VcpuRun gets for the exit before. */
struct reply {
	enum vcpu_action action;
	bool gone; /* the vCPU is off: do not run it */
	uint64_t x[4];
};

/*
 * The guest did what its VM does not have. Returns whether the guest shall go on as if nothing were wrong (`ignore`),
 * else it gets the CPU's exception (`fail`). `abort` does not return.
 */
static bool tolerated(struct vcpu *vcpu, enum qvm_unsupported policy, const char *what, uint64_t where)
{
	vcpu->unsupported++;
	if (policy != QVM_ABORT)
		return policy == QVM_IGNORE;
	vm_logf(SLOG_FATAL, "vCPU %u: unsupported %s 0x%llx", vcpu->index, what, (unsigned long long)where);
	vcpu_log_state(vcpu);
	vm_end(VM_EXIT_UNSUPPORTED, CAUSE_ERROR);
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

/* Device accesses. Not done: the guest gets an abort. */
static inline struct vdev_value read_device(struct vcpu *vcpu, uint64_t ipa, unsigned size)
{
	const struct mmio_region *region = device_at(vcpu, ipa, size);
	struct vdev_value data;

	if (likely(region != NULL)) {
		data = region->read(region->device, vcpu->index, ipa, size);
		if (likely(data.done))
			return data;
	}
	data.value = ALL_ONES;
	data.done = tolerated(vcpu, pass_policy(ipa), "read at", ipa);
	return data;
}

static inline bool write_device(void *ctx, uint64_t ipa, unsigned size, uint64_t value)
{
	struct vcpu *vcpu = ctx;
	const struct mmio_region *region = device_at(vcpu, ipa, size);

	if (region != NULL && region->write(region->device, vcpu->index, ipa, size, value))
		return true;
	return tolerated(vcpu, pass_policy(ipa), "write at", ipa);
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

static void unsupported_instruction(struct vcpu *vcpu, const char *what, uint64_t where, struct reply *reply)
{
	reply->action = tolerated(vcpu, vm.config.unsupported.instruction, what, where) ? ACT_DONE : ACT_UNDEF;
}

static bool emulated_read(void *ctx, uint64_t ipa, unsigned size, uint64_t *value)
{
	const struct vdev_value data = read_device(ctx, ipa, size);

	*value = data.value;
	return data.done;
}

static void mmio_complex(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	static const struct emulate_ops operations = {
	    .get = get_register,
	    .set = set_register,
	    .read = emulated_read,
	    .write = write_device,
	};

	switch (emulate_access(&vm.memory, &operations, vcpu, exit->x1, exit->x3, exit->x4)) {
	case EMULATE_DONE: reply->action = ACT_DONE; break;
	case EMULATE_RETRY: reply->action = ACT_RUN; break;
	case EMULATE_ABORT: reply->action = ACT_ABORT; break;
	case EMULATE_UNSUPPORTED: unsupported_instruction(vcpu, "instruction that accesses", exit->x1, reply); break;
	}
}

/* Nothing can be executed instead, so `ignore` is `fail`. */
static void fetch(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	tolerated(vcpu, pass_policy(exit->x1), "instruction fetch at", exit->x1);
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

static void register_read(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	reply->x[0] = ALL_ONES;
	reply->action =
	    tolerated(vcpu, vm.config.unsupported.register_, "read of the system register with the syndrome", exit->x1)
		? ACT_DATA
		: ACT_UNDEF;
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

static void register_write(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	if (is_set_way(exit->x1)) {
		set_way(vcpu);
		reply->action = ACT_DONE;
		return;
	}
	reply->action =
	    tolerated(vcpu, vm.config.unsupported.register_, "write of the system register with the syndrome", exit->x1)
		? ACT_DONE
		: ACT_UNDEF;
}

static void instruction(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	unsupported_instruction(vcpu, "instruction with the syndrome", exit->x1, reply);
}

static void kick(struct vcpu *vcpu, const struct vcpu_run *exit, struct reply *reply)
{
	(void)exit;
	reply->action = ACT_RUN;
	if (__atomic_load_n(&vm.ending, __ATOMIC_ACQUIRE) != 0)
		thread_exit();
	if (__atomic_exchange_n(&vcpu->report, 0, __ATOMIC_ACQ_REL) != 0)
		vm_logf(SLOG_INFO, "vCPU %u: on, PC 0x%llx, %llu exits, %llu unsupported accesses", vcpu->index,
			(unsigned long long)get_register(vcpu, VREG_PC),
			(unsigned long long)get_register(vcpu, VREG_EXITS), (unsigned long long)vcpu->unsupported);
}

static void (*const handlers[])(struct vcpu *, const struct vcpu_run *, struct reply *) = {
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
	if (likely(!__atomic_load_n(&vm.vgic.refused, __ATOMIC_RELAXED)))
		return;
	mutex_lock(&vm.lock);
	vgic_retry(&vm.vgic);
	mutex_unlock(&vm.lock);
}

/* What guests do all the time, with registers for all that goes between kernel and device. */
static struct vcpu_run run_devices(struct vcpu *vcpu, const struct reply *reply)
{
	struct vcpu_run exit = VcpuRun(vcpu->id, reply->action, reply->x[0], reply->x[1], reply->x[2], reply->x[3]);

	for (;;) {
		uint64_t value;

		if (likely(exit.exit == EXIT_MMIO_READ)) {
			const struct vdev_value data = read_device(vcpu, exit.x1, (unsigned)exit.x2);

			retry_interrupts();
			exit = VcpuRunValue(vcpu->id, likely(data.done) ? ACT_DATA : ACT_ABORT, data.value);
		} else if (exit.exit == EXIT_MMIO_WRITE) {
			const bool good = write_device(vcpu, exit.x1, (unsigned)exit.x2, exit.x3);
			retry_interrupts();
			exit = VcpuRunValue(vcpu->id, likely(good) ? ACT_DONE : ACT_ABORT, 0);
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
