/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the VM, which is the end of this process. */
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/vm.h"
#include <stdarg.h>
#include <stdio.h>

#define WAIT_NS 1000000000ull

static void stop_vcpus(void)
{
	for (unsigned i = 0; i < vm.config.cpu_count; i++)
		if (vm.vcpu[i].tid > 0)
			VcpuKick_r(vm.vcpu[i].id);
}

/* In the opposite order: what was made last may rest on what was made first. */
static void terminate_vdevs(void)
{
	for (unsigned i = vm.vdev_count; i-- > 0;)
		vm.vdev[i].vdev.v_factory->control(&vm.vdev[i].vdev, VDEV_CTRL_TERMINATE, NULL);
}

_Noreturn void vm_end(enum vm_exit code, enum vm_cause cause)
{
	/* Two vCPUs and a signal may want to end it at once; the first one tells why. */
	if (__atomic_exchange_n(&vm.ending, 1, __ATOMIC_ACQ_REL) != 0)
		for (;;)
			thread_sleep(WAIT_NS);
	stop_vcpus();
	terminate_vdevs();
	for (;;)
		ThreadDestroy_r(-1, vm_exit_status(code, cause));
}

_Noreturn void vm_refuse(enum vm_exit code, const struct qvm_place *place, const char *format, ...)
{
	char text[256], line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (place)
		snprintf(line, sizeof(line), "[%s:%u] %s", place->file, (unsigned)place->line, text);
	else
		snprintf(line, sizeof(line), "%s", text);
	vm_logf(SLOG_FATAL, "%s", line);
	vm_end(code, CAUSE_ERROR);
}
