/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about the system description. */
#include "internal.h"
#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 512

/* One mistake, at /folder/name, or at /folder if `name` is empty. */
void sys_mistake(struct sys_report *report, const char *folder, const char *name, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int used = snprintf(line, sizeof(line), "%.64s: /%s%s%.64s: ", report->file, folder, *name ? "/" : "", name);

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	report->mistakes++;
	/* A tree may hold any byte in a string: a message is one line of text all the same. */
	for (char *c = line; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	if (report->message)
		report->message(report->context, line);
}
