/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdarg.h>

void console_vprint(const char *format, va_list args);
void console_seize(void); /* panic: print whoever holds the lock or owns the UART */
