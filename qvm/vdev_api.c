/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of what a vdev may call: log, threads, memory, the VM's end. */
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/vdev.h"
#include "qvm/vm.h"
#include <errno.h>
#include <number.h>
#include <qvm/gasp.h>
#include <stdio.h>
#include <string.h>

#define STACK_MIN 8192u

uint64_t vdev_number(const char *text)
{
	uint64_t value;

	return number_length(text, strlen(text), &value) ? value : 0;
}

bool vdev_boolean(const char *text)
{
	bool value = false;

	return number_boolean(text, &value) && value;
}

void vdev_logf(enum vdev_log_level level, const vdev_t *vdp, const char *format, ...)
{
	static const enum slog_severity severities[] = {SLOG_FATAL, SLOG_INTERNAL, SLOG_ERROR,  SLOG_WARN,
							SLOG_INFO,  SLOG_DEBUG,    SLOG_VERBOSE};
	const enum slog_severity severity = severities[level <= QL_QVM_VERBOSE ? level : QL_QVM_ERROR];
	const struct vdev_instance *v = (const void *)vdp;
	const uint32_t index = v ? (uint32_t)(v->config - vm.config.vdevs) : QVM_LOGGER_VM;
	const char *name = vdp ? vdp->v_name : "vdev";
	/* Read once: another thread goes on with the next vdev, and ends it when the guest starts. */
	const struct qvm_place *place = __atomic_load_n(&vm.place, __ATOMIC_RELAXED);
	char text[200], line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (place && v && v->configured)
		place = &v->config->place;
	if (place)
		snprintf(line, sizeof(line), "[%s:%u] %s: %s", place->file, (unsigned)place->line, name, text);
	else
		snprintf(line, sizeof(line), "%s: %s", name, text);
	vm_log_text(index, severity, line);
}

int vdev_thread_create(vdev_t *vdp, void (*entry)(void *arg), void *arg, size_t stack_bytes, const char *name)
{
	char full[NAME_MAX_];

	if (!((struct vdev_instance *)(void *)vdp)->configured)
		return -EINVAL;
	snprintf(full, sizeof(full), "%.22s %s", vdp->v_name, name);
	return thread_create(entry, arg, stack_bytes > STACK_MIN ? stack_bytes : STACK_MIN, vdp->v_sched, 0, full);
}

void guest_terminate(guest_termination_cause_t cause)
{
	const bool system = cause == GTC_NORMAL_EXIT || (cause >= GTC_POWER_CUT && cause <= GTC_ERROR);
	const bool custom = cause >= GTC_CUSTOM_MIN && cause <= GTC_MAX;

	/* The first thread ends the VM: the caller may hold locks that the vdevs' TERMINATE takes. */
	MsgSendPulse_r(vm.control, -1, CONTROL_TERMINATE,
		       system || custom ? (uint64_t)cause : (uint64_t)GTC_VDEV_ERROR);
}

void *gasp_pointer(uint64_t address, uint64_t bytes)
{
	return guest_memory_ptr(&vm.memory, address, bytes);
}
