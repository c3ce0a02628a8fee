/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/vm.h"

#include <stdarg.h>
#include <stdio.h>

#define WAIT_NS 1000000000ull

struct vm vm;

static void stop_vcpus(void)
{
	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		if (vm.vcpu[i].tid > 0)
			VcpuKick_r(vm.vcpu[i].id);
}

_Noreturn void vm_end(enum vm_exit code, enum vm_cause cause)
{
	/* Two vCPUs and a signal may want to end it at once; the first one tells why. */
	if (__atomic_exchange_n(&vm.ending, 1, __ATOMIC_ACQ_REL) != 0)
		for (;;)
			thread_sleep(WAIT_NS);
	stop_vcpus();
	vdev_terminate();
	for (;;)
		ThreadDestroy_r(-1, (uint64_t)code | (uint64_t)cause << 8);
}

_Noreturn void vm_refuse(enum vm_exit code, const struct qvm_place *place, const char *format, ...)
{
	char text[256], line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (place != NULL)
		snprintf(line, sizeof(line), "[%s:%u] %s", place->file, (unsigned)place->line, text);
	else
		snprintf(line, sizeof(line), "%s", text);
	vm_logf(SLOG_FATAL, "%s", line);
	vm_end(code, CAUSE_ERROR);
}

void vm_awaits(const char *format, ...)
{
	char text[PROTO_NOTE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pm_note(text);
}

void vm_report(void)
{
	vm_logf(SLOG_INFO, "%s: %u vCPUs, %llu KiB of memory", vm.config.name, vm.config.cpu_count,
		(unsigned long long)(vm.memory.total >> 10));
	for (unsigned i = 0; i < vm.config.cpu_count; i++) {
		const struct vcpu *vcpu = &vm.vcpu[i];
		uint64_t pc = 0, exits = 0;

		/* Also while it runs. */
		VcpuGet_r(vcpu->id, VREG_PC, &pc);
		VcpuGet_r(vcpu->id, VREG_EXITS, &exits);
		if (__atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) != 0)
			vm_logf(SLOG_INFO, "vCPU %u: on, PC 0x%llx, %llu exits, %llu unsupported accesses", i,
				(unsigned long long)pc, (unsigned long long)exits,
				(unsigned long long)vcpu->unsupported);
		else
			vm_logf(SLOG_INFO, "vCPU %u: off", i);
	}
	vdev_status();
}
