/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's console: polled, for what is printed at start and in the global design safe state. */
#pragma once

#include "types.h"
#include <stdarg.h>

void printk(const char *format, ...) __attribute__((format(printf, 1, 2))); /* %s %c %d %u %x %lx %lu %p %zu %% */
/* How much of it was written, or lost since nothing may be: it does not wait for a transmitter that has no room. */
size_t console_try_write(const char *text, size_t bytes);
void console_off(bool driver); /* a driver owns the UART: print only in panic() */
/* Somebody has these registers from now on: off, if the UART's are among them. */
void console_given(paddr_t start, uint64_t bytes);
/* Of panic.c. */
void console_vprint(const char *format, va_list args);
void console_seize(void); /* print whoever holds the lock or owns the UART */
