/* SPDX-License-Identifier: Apache-2.0 */
/* The system against the board and against what its VMs ask for. */
#include "internal.h"
#include <bulkhead.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void sys_vm_needs(struct sys_vm_needs *needs, const struct qvm_config *config)
{
	memset(needs, 0, sizeof(*needs));
	strncpy(needs->name, config->name, sizeof(needs->name) - 1);
	needs->name_given = config->name_given;
	needs->guest_bytes = qvmconf_memory_bytes(config);
	for (unsigned i = 0; i < config->cpu_count; i++) {
		const struct qvm_cpu *cpu = &config->cpus[i];

		if (cpu->sched_given && cpu->priority > needs->priority_max)
			needs->priority_max = cpu->priority;
		if (cpu->runmask_given)
			needs->runmask |= cpu->runmask;
	}
	for (unsigned i = 0; i < config->vdev_count; i++) {
		if (config->vdevs[i].priority > needs->priority_max)
			needs->priority_max = config->vdevs[i].priority;
	}
}

uint64_t sys_memory_bytes(const struct sys_config *config, const struct sys_vm_needs *needs)
{
	uint64_t sum = 0;

	/* No overflow: each part is at most 2^42 (sys_read(), QVM_IPA_LIMIT), and there are fewer than 100. */
	for (unsigned i = 0; i < config->process_count; i++)
		sum += config->processes[i].memory + config->processes[i].kernel_memory;
	for (unsigned i = 0; i < config->vm_count; i++)
		sum += config->vms[i].memory + config->vms[i].kernel_memory + (needs ? needs[i].guest_bytes : 0);
	return sum;
}

static void check_memory(const struct sys_config *config, const struct sys_board *board,
			 const struct sys_vm_needs *needs, struct sys_report *report)
{
	uint64_t wanted = sys_memory_bytes(config, needs);

	if (wanted > board->ram_bytes)
		sys_mistake(report, "", "",
			    "the system needs %" PRIu64 " bytes of RAM, the board has %" PRIu64 ": %" PRIu64
			    " bytes are missing; give less to the processes and VMs",
			    wanted, board->ram_bytes, wanted - board->ram_bytes);
}

static uint32_t present_cpus(const struct sys_board *board)
{
	return board->cpus >= CPU_MAX ? (1u << CPU_MAX) - 1 : (1u << board->cpus) - 1;
}

/* The default run mask names every CPU that could exist; a written one must name those that do. */
static void check_runmask(const struct sys_board *board, const struct sys_sched *sched, const char *folder,
			  const char *name, struct sys_report *report)
{
	uint32_t present = present_cpus(board);

	if (sched->runmask != 0xff && (sched->runmask & ~present))
		sys_mistake(report, folder, name,
			    "'runmask' 0x%x names CPUs that the board does not have; its %u CPUs are 0x%x",
			    (unsigned)sched->runmask, board->cpus, (unsigned)present);
}

static void check_vm(const struct sys_vm *vm, const struct sys_vm_needs *needs, const struct sys_board *board,
		     struct sys_report *report)
{
	if (needs->name_given && strcmp(needs->name, vm->name) != 0)
		sys_mistake(report, "vms", vm->name, "%.64s calls the VM '%s'; the two names must be equal", vm->config,
			    needs->name);
	if (needs->priority_max > vm->sched.max_priority)
		sys_mistake(
		    report, "vms", vm->name,
		    "%.64s has a CPU or vdev with priority %u, above 'max-priority' %u; raise one or lower the other",
		    vm->config, needs->priority_max, vm->sched.max_priority);
	if (needs->runmask & ~vm->sched.runmask)
		sys_mistake(report, "vms", vm->name, "%.64s binds CPUs to 0x%x, of which 'runmask' 0x%x lacks 0x%x",
			    vm->config, (unsigned)needs->runmask, (unsigned)vm->sched.runmask,
			    (unsigned)(needs->runmask & ~vm->sched.runmask));
	else if (board && (needs->runmask & ~present_cpus(board)))
		sys_mistake(report, "vms", vm->name, "%.64s binds CPUs to 0x%x, of which the board lacks 0x%x",
			    vm->config, (unsigned)needs->runmask, (unsigned)(needs->runmask & ~present_cpus(board)));
}

static const char *clash(const struct sys_device *a, const struct sys_device *b)
{
	if (strcmp(a->path, b->path) == 0)
		return "";
	for (unsigned i = 0; i < a->range_count; i++) {
		for (unsigned j = 0; j < b->range_count; j++) {
			if (sys_share_page(&a->ranges[i], &b->ranges[j]))
				return ", which has registers in the same page";
		}
	}
	for (unsigned i = 0; i < a->interrupt_count; i++) {
		for (unsigned j = 0; j < b->interrupt_count; j++) {
			if (a->interrupts[i].intid == b->interrupts[j].intid)
				return ", which has the same interrupt";
		}
	}
	return NULL;
}

/* What a process is given of the board, one after the other: its devices, then its ranges, which count as devices. */
static unsigned claim_count(const struct sys_process *process)
{
	return process->device_count + process->mmio_count;
}

static const char *claim(const struct sys_board *board, const struct sys_process *process, unsigned i,
			 struct sys_device *device)
{
	if (i < process->device_count)
		return sys_device_find(board, process->devices[i], device);
	return sys_mmio_device(board, &process->mmio[i - process->device_count], device);
}

/* Compares device `d` of process `p` with every device that was named before it. */
static void check_owner(const struct sys_config *config, const struct sys_board *board, unsigned p, unsigned d,
			const struct sys_device *device, struct sys_report *report)
{
	struct sys_device other;

	for (unsigned i = 0; i <= p; i++) {
		const struct sys_process *before = &config->processes[i];
		unsigned count = i < p ? claim_count(before) : d;

		for (unsigned j = 0; j < count; j++) {
			const char *how = NULL;

			if (!claim(board, before, j, &other))
				how = clash(device, &other);
			if (how)
				sys_mistake(report, "processes", config->processes[p].name,
					    "device %s: /processes/%s has %s%s; a device has one owner", device->path,
					    before->name, *how ? other.path : "it already", how);
		}
	}
}

static void check_devices(const struct sys_config *config, const struct sys_board *board, unsigned p,
			  struct sys_report *report)
{
	const struct sys_process *process = &config->processes[p];
	struct sys_device device;

	for (unsigned i = 0; i < claim_count(process); i++) {
		const char *wrong = claim(board, process, i, &device);

		if (wrong && i < process->device_count)
			sys_mistake(report, "processes", process->name, "device \"%.64s\": %s; choose another",
				    process->devices[i], wrong);
		else if (wrong)
			sys_mistake(report, "processes", process->name,
				    "'mmio' 0x%" PRIx64 " meets %s: %s; choose another range",
				    process->mmio[i - process->device_count].start, device.path, wrong);
		else
			check_owner(config, board, p, i, &device, report);
	}
}

/* What a VM is given, against all processes and against the VMs before it. */
static void check_vm_device(const struct sys_config *config, const struct sys_board *board, unsigned v, unsigned d,
			    const struct sys_device *device, struct sys_report *report)
{
	struct sys_device other;
	const char *how;

	for (unsigned i = 0; i < config->process_count; i++)
		for (unsigned j = 0; j < claim_count(&config->processes[i]); j++)
			if (!claim(board, &config->processes[i], j, &other) && (how = clash(device, &other)))
				sys_mistake(report, "vms", config->vms[v].name,
					    "device %s: /processes/%s has %s%s; a device has one owner", device->path,
					    config->processes[i].name, *how ? other.path : "it already", how);
	for (unsigned i = 0; i <= v; i++)
		for (unsigned j = 0; j < (i < v ? config->vms[i].device_count : d); j++)
			if (!sys_device_find(board, config->vms[i].devices[j], &other) && (how = clash(device, &other)))
				sys_mistake(report, "vms", config->vms[v].name,
					    "device %s: /vms/%s has %s%s; a device has one owner", device->path,
					    config->vms[i].name, *how ? other.path : "it already", how);
}

static void check_vm_devices(const struct sys_config *config, const struct sys_board *board, unsigned v,
			     struct sys_report *report)
{
	const struct sys_vm *vm = &config->vms[v];
	struct sys_device device;

	for (unsigned i = 0; i < vm->device_count; i++) {
		const char *wrong = sys_device_find(board, vm->devices[i], &device);

		if (wrong)
			sys_mistake(report, "vms", vm->name, "device \"%.64s\": %s; choose another", vm->devices[i],
				    wrong);
		else
			check_vm_device(config, board, v, i, &device, report);
	}
}

unsigned sys_check(const struct sys_config *config, const struct sys_board *board, const struct sys_vm_needs *needs,
		   struct sys_report *report)
{
	for (unsigned i = 0; board && i < config->process_count; i++) {
		check_runmask(board, &config->processes[i].sched, "processes", config->processes[i].name, report);
		check_devices(config, board, i, report);
	}
	for (unsigned i = 0; i < config->vm_count; i++) {
		if (board) {
			check_runmask(board, &config->vms[i].sched, "vms", config->vms[i].name, report);
			check_vm_devices(config, board, i, report);
		}
		if (needs)
			check_vm(&config->vms[i], &needs[i], board, report);
	}
	if (board)
		check_memory(config, board, needs, report);
	return report->mistakes;
}
