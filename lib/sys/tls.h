/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread-local storage, as the local-exec model of the AArch64 ELF ABI lays it out: TPIDR_EL0 points at a block whose
 * first 16 bytes (more, if the variables need a higher alignment) belong to the run-time system. The first four are the
 * thread's tid (bulkhead/mutex.h). The second eight are
 * the stack protector's guard, a copy for each thread (-mstack-protector-guard-offset in mk/processes.mk). picolibc was
 * compiled to look for it in this variable.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TLS_ALIGN_MIN 16u
#define GUARD_OFFSET  8

extern uintptr_t __stack_chk_guard;

/* Bytes that a block takes, room for its alignment included. */
size_t tls_bytes(void);

/* Makes a block in `memory` of tls_bytes() bytes. Returns the value for TPIDR_EL0. */
void *tls_make(void *memory);
