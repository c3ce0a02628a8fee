/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What qvm and its vdevs report, and where `logger` and `log` send it. Standard output, standard error and `slog` are
 * all the log ring: a qvm has no right to the kernel's console.
 */
#include "qvm/log.h"
#include "qvm/vm.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first error before the guest begins is why it will not. */
static void tell_operator(const char *text)
{
	if (__atomic_exchange_n(&vm.told, 1, __ATOMIC_RELAXED) == 0)
		pm_note(text);
}

void vm_log_text(uint32_t vdev, enum slog_severity severity, const char *text)
{
	const unsigned dests = qvmconf_log_dests(&vm.config, vdev, (enum qvm_log_filter)(1u << severity));

	if (severity <= SLOG_ERROR)
		tell_operator(text);
	if (dests & (QVM_LOG_STDOUT | QVM_LOG_STDERR))
		slogf(severity, "%s", text);
	else if (dests & QVM_LOG_SLOG)
		slog_write(severity, text, strlen(text));
}

void vm_logf(enum slog_severity severity, const char *format, ...)
{
	char text[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	vm_log_text(QVM_LOGGER_VM, severity, text);
}
