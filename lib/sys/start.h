/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a start and of an end, in the order in which start.c takes them. Not for programs. */
#pragma once

#include "abi/bulkhead.h"
#include <stddef.h>
#include <stdint.h>

#define EXIT_ABORT 134 /* as a shell shows the end by SIGABRT */

/* Adds the program's base to the addresses in its data. Then the pages that are not to change again become read-only.
 */
void process_relocate(void);
void process_protect(void);

/* What process_args() returns from now on. It must stay. */
void process_args_set(const struct start_args *args);

/* The heap, before malloc: takes `bytes` bytes, 16-byte aligned, for good. Returns NULL if there are none. */
void heap_init(uint64_t start, uint64_t bytes);
void *heap_take(size_t bytes);

/* Called by each thread once it has its thread-local storage: what thread_self() returns. */
void thread_self_init(void);

/* Makes the standard streams; lines go to `write`, which gets at most 256 bytes. */
void stdio_init(void (*write)(const char *text, size_t bytes));

/* What is done by _exit() and abort(), before the process ends. */
void process_before_exit(void (*action)(void));
