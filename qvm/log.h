/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log, to where the configuration says. */
#pragma once

#include <bulkhead/client.h>
#include <stdint.h>

/*
 * `vdev` is an index of the configuration, or QVM_LOGGER_VM. The first error before the guest begins is shown to the
 * operator as the reason why it does not.
 */
void vm_log_text(uint32_t vdev, enum slog_severity severity, const char *text);

/* A line of the VM itself, at most 320 characters. */
void vm_logf(enum slog_severity severity, const char *format, ...) __attribute__((format(printf, 2, 3)));
