/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about the system description. */
#include "internal.h"
#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 512

static bool locate_text(const struct sys_report *report, const struct sys_place *place, char *text, size_t bytes)
{
	return report->locate && report->locate(report->context, place, text, bytes);
}

const char *sys_where(const struct sys_report *report, const struct sys_place *place, char text[SYS_WHERE_MAX])
{
	char where[SYS_WHERE_MAX - 4];

	text[0] = '\0';
	if (locate_text(report, place, where, sizeof(where)))
		snprintf(text, SYS_WHERE_MAX, " [%s]", where);
	return text;
}

/* A message is one line of text, whatever bytes the strings of a tree hold. */
static void send_line(struct sys_report *report, char *line)
{
	report->mistakes++;
	for (char *c = line; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	if (report->message)
		report->message(report->context, line);
}

void sys_mistake(struct sys_report *report, const struct sys_place *place, const char *format, ...)
{
	const char *between = *place->folder && *place->name ? "/" : "";
	char line[LINE_BYTES], where[SYS_WHERE_MAX];
	va_list args;
	int used;

	if (!locate_text(report, place, where, sizeof(where)))
		snprintf(where, sizeof(where), "%.64s", report->file);
	used = snprintf(line, sizeof(line), "[%s] /%.64s%s%.64s: ", where, place->folder, between, place->name);
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	send_line(report, line);
}

void sys_mistake_at(struct sys_report *report, const struct qvm_place *place, const char *format, ...)
{
	char line[LINE_BYTES];
	int used = snprintf(line, sizeof(line), "[%.64s:%u] ", place->file, (unsigned)place->line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	send_line(report, line);
}
