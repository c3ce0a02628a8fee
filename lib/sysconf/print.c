/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the access matrix. */
#include "internal.h"
#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 192

void sys_print_line(const struct sys_printer *p, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->line(p->context, text);
}
