/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's console: formatted text, polled, for what is printed at start and in the global design safe state. The
 * architecture provides its transmitter: arch_console_*. Native tests have functions of their own (kernel/arch/host).
 */
#pragma once

#include "types.h"
#include <stdarg.h>

void printk(const char *format, ...) __attribute__((format(printf, 1, 2))); /* %s %u %lu %x %lx */
/* How much of it was written, or lost since nothing may be: it does not wait for a transmitter that has no room. */
size_t console_try_write(const char *text, size_t bytes);
void console_off(bool driver); /* a driver owns the UART: print only in panic() */
/* Somebody has these registers from now on: off, if the UART's are among them. */
void console_given(paddr_t start, uint64_t bytes);
void console_vprint(const char *format, va_list args); /* for the architecture's panic() */
