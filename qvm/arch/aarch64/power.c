/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs go on and off, and the VM ends: what the guest's PSCI calls do here. */
#include "qvm/arch/aarch64/power.h"
#include "qvm/end.h"
#include "qvm/log.h"

static bool is_ram(void *ctx, uint64_t ipa, uint64_t bytes)
{
	(void)ctx;
	return guest_memory_ptr(&vm.memory, ipa, bytes) != NULL;
}

static enum psci_power power_of(void *ctx, unsigned index)
{
	(void)ctx;
	return __atomic_load_n(&vm.vcpu[index].power, __ATOMIC_ACQUIRE) != 0 ? PSCI_POWER_ON : PSCI_POWER_OFF;
}

void arch_vcpu_init(struct vcpu *vcpu)
{
	vm.arch.vcpu_id[vcpu->index] = vcpu->id;
	/* QVM_COUNTER_FROM_ZERO is the kernel's value for it, too: the guest's counter starts when the VM does. */
	VcpuSet_r(vcpu->id, VREG_CNTVOFF, vm.config.counter_offset);
	vcpu->arch.request = &vm.arch.gic.request[vcpu->index];
}

void arch_vcpu_on(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
	vcpu->arch.entry = entry;
	vcpu->arch.context = context;
	guest_gic_power(&vm.arch.gic, vcpu->index, true);
	__atomic_store_n(&vcpu->power, 1, __ATOMIC_RELEASE);
	word_wake(&vcpu->power, 1);
}

/* On the CPU that holds what is left of its registers. If this fails, so does the first VcpuRun. */
void arch_vcpu_begin(struct vcpu *vcpu)
{
	VcpuSet_r(vcpu->id, VREG_RESET, 0);
	VcpuSet_r(vcpu->id, VREG_PC, vcpu->arch.entry);
	VcpuSet_r(vcpu->id, VREG_X0, vcpu->arch.context);
}

static void cpu_on(void *ctx, unsigned index, uint64_t entry, uint64_t context)
{
	(void)ctx;
	arch_vcpu_on(&vm.vcpu[index], entry, context);
}

static bool cpu_off(void *ctx, unsigned index)
{
	(void)ctx;
	guest_gic_power(&vm.arch.gic, index, false);
	__atomic_store_n(&vm.vcpu[index].power, 0, __ATOMIC_RELEASE);
	return true;
}

static const struct psci_ops operations = {
    .is_ram = is_ram,
    .power = power_of,
    .cpu_on = cpu_on,
    .cpu_off = cpu_off,
};

void arch_power_init(void)
{
	const struct psci_config defaults = PSCI_CONFIG_DEFAULT;

	vm.arch.psci = (struct psci){.ops = &operations, .config = defaults};
	vm.arch.psci.config.vcpus = vm.config.cpu_count;
	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		vm.arch.psci.config.affinity[i] = i;
}

bool power_call(struct vcpu *vcpu, uint64_t x[4])
{
	uint64_t result[4] = {x[0], x[1], x[2], x[3]};
	enum psci_outcome outcome;

	mutex_lock(&vm.lock);
	outcome = psci_answer(&vm.arch.psci, vcpu->index, x, result);
	mutex_unlock(&vm.lock);
	if (outcome == PSCI_VM_OFF) {
		vm_logf(SLOG_INFO, "the guest has switched itself off");
		vm_end(VM_EXIT_NORMAL, CAUSE_OFF);
	}
	if (outcome == PSCI_VM_RESET) {
		vm_logf(SLOG_INFO, "the guest asks to be started anew");
		vm_end(VM_EXIT_NORMAL, CAUSE_RESET);
	}
	/* A power-down that wakes up before it has lost any state returns like a standby (DEN 0022, section 5.4.5). */
	if (outcome == PSCI_RESTART) {
		result[0] = PSCI_SUCCESS;
		result[1] = x[1];
	}
	/* A suspend may end at any time: the guest looks for work, and asks again. */
	if (outcome == PSCI_STANDBY || outcome == PSCI_RESTART)
		SchedYield_r();
	for (unsigned i = 0; i < 4; i++)
		x[i] = result[i];
	/* Not the power state: another vCPU may have turned this one on again by now. */
	return outcome != PSCI_CPU_GONE;
}
