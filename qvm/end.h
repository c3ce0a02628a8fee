/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the VM, which is the end of this process. */
#pragma once

#include <bulkhead/vm_end.h>
#include <qvmconf.h>

/* Pulse on the first thread's channel: ends the VM with the exit code `value`. Beside CONTROL_SIGNAL of proto.h. */
#define CONTROL_TERMINATE 101

/* Stops the guest, lets its vdevs end what they do, takes all threads along. The first call counts. */
_Noreturn void vm_end(enum vm_exit code, enum vm_cause cause);

/* The same before the guest has started: what is wrong goes to the log first. `place` may be null. */
_Noreturn void vm_refuse(enum vm_exit code, const struct qvm_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
