/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread-local storage, as the local-exec model of the AArch64 ELF ABI lays it out: TPIDR_EL0 points at a block whose
 * first 16 bytes (more, if the variables need a higher alignment) belong to the run-time system. The second eight are
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

/* Adds the program's base to the addresses in its data. Then the pages that are not to change again become read-only.
 */
void process_relocate(void);
void process_protect(void);

/* Called once the first thread has its block. */
void thread_init(void);

/* Hands a last, unfinished line of standard output out. */
void stdio_init(void);
void stdio_flush(void);

/* The heap, before malloc: takes `bytes` bytes, 16-byte aligned, for good. Returns NULL if there are none. */
void *heap_take(size_t bytes);
void heap_init(uint64_t start, uint64_t bytes);
