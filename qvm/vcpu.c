/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs and their threads: one each. */
#include "qvm/vcpu.h"
#include "qvm/end.h"
#include "qvm/exits.h"
#include "qvm/pause.h"
#include "qvm/setup.h"
#include "qvm/vm.h"
#include <bulkhead/sched_aps.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define THREAD_STACK 16384u

static void vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	for (;;) {
		while (__atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) == 0)
			word_wait(&vcpu->power, 0, 0);
		arch_vcpu_begin(vcpu);
		vcpu_park(vcpu);
		vcpu_run_until_off(vcpu);
	}
}

/* Priority and policy of `cpu`; what it does not say stays as the thread inherited it. */
static void schedule_vcpu(const struct vcpu *vcpu, const struct qvm_cpu *cpu)
{
	int result = 0;

	if (cpu->sched_given)
		result = SchedSet_r(-1, vcpu->tid, cpu->priority,
				    cpu->policy == QVM_POLICY_FIFO ? SCHED_FIFO_ : SCHED_RR_, 0);
	if (result < 0)
		vm_refuse(VM_EXIT_CONFIG, &cpu->place, "vCPU %u cannot have this priority (sched): %s", vcpu->index,
			  strerror(-result));
}

/* Its time is billed to that partition from its first instruction on. */
static void join_partition(const struct vcpu *vcpu, const struct qvm_cpu *cpu)
{
	struct sched_aps_lookup_parms found = {.name = cpu->partition};
	struct sched_aps_join_parms join = {.tid = (uint32_t)vcpu->tid};
	int result = SchedCtl_r(SCHED_APS_LOOKUP, &found, sizeof(found));

	if (result < 0)
		vm_refuse(VM_EXIT_CONFIG, &cpu->place, "vCPU %u: partition %s was not found: %s", vcpu->index,
			  cpu->partition, strerror(-result));
	join.id = found.id;
	result = SchedCtl_r(SCHED_APS_JOIN_PARTITION, &join, sizeof(join));
	if (result < 0)
		vm_refuse(VM_EXIT_CONFIG, &cpu->place, "vCPU %u cannot join partition %s: %s", vcpu->index,
			  cpu->partition, strerror(-result));
}

static void create_vcpu(unsigned index, const struct qvm_cpu *cpu)
{
	struct vcpu *vcpu = &vm.vcpu[index];
	char name[NAME_MAX_];

	vcpu->index = index;
	vcpu->last = &vm.mmio.region[0];
	vcpu->id = VcpuCreate_r(index, index,
				(vm.config.exit_on_halt ? 0 : VCPU_NO_WFI_EXIT) |
				    (vm.config.broadcast_maintenance ? 0 : VCPU_LOCAL_MAINTENANCE));
	if (vcpu->id < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, &cpu->place, "no vCPU %u: %s", index, strerror(-vcpu->id));
	arch_vcpu_init(vcpu);
	snprintf(name, sizeof(name), "vcpu%u", index);
	/* It has never been on a CPU that is not its own. */
	vcpu->tid = thread_create(vcpu_thread, vcpu, THREAD_STACK, 0, cpu->runmask_given ? cpu->runmask : 0, name);
	if (vcpu->tid == -EINVAL)
		vm_refuse(VM_EXIT_CONFIG, &cpu->place, "vCPU %u cannot have these CPUs (runmask)", index);
	if (vcpu->tid < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, &cpu->place, "no thread for vCPU %u: %s", index, strerror(-vcpu->tid));
	schedule_vcpu(vcpu, cpu);
	if (cpu->partition)
		join_partition(vcpu, cpu);
}

void vcpu_create_all(void)
{
	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		create_vcpu(i, &vm.config.cpus[i]);
}

void vcpu_start(const struct vm_boot *boot)
{
	mutex_lock(&vm.lock);
	arch_vcpu_on(&vm.vcpu[0], boot->entry, boot->fdt);
	mutex_unlock(&vm.lock);
}
