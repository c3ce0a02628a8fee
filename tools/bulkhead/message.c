/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the user: see message.h. */
#include "message.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
	char **lines;
	size_t count;
};

static bool json;
static struct list messages, map;

void message_use_json(void)
{
	json = true;
}

static void keep_line(struct list *list, const char *line)
{
	char **more = realloc(list->lines, (list->count + 1) * sizeof(*more)), *copy = strdup(line);

	if (!more || !copy) {
		fprintf(stderr, "bulkhead: no memory\n");
		abort();
	}
	list->lines = more;
	list->lines[list->count++] = copy;
}

void message_send(const char *line)
{
	keep_line(&messages, line);
}

void message(const char *format, ...)
{
	char line[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	message_send(line);
}

void message_map_line(const char *line)
{
	if (json)
		keep_line(&map, line);
	else
		printf("%s\n", line);
}

void message_good(const char *format, ...)
{
	va_list args;

	if (json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

/* ---- sorted: messages without a place first, then by file, in the order of their first messages, and by line ---- */

/* Bytes of the file's name in "[file:line]" at the beginning; 0: there is no place. */
static size_t file_bytes(const char *line, unsigned long *number)
{
	const char *end = *line == '[' ? strchr(line, ']') : NULL, *colon = end;
	char *behind;

	while (colon && colon > line && *colon != ':')
		colon--;
	if (!colon || colon == line)
		return 0;
	*number = strtoul(colon + 1, &behind, 10);
	return behind == end ? (size_t)(colon - line - 1) : 0;
}

/* Where a message is sorted to: the number of its file, from 1 in the order of first messages, and its line. */
struct place {
	size_t file;
	unsigned long line;
	char *text;
};

static void find_places(struct place *places)
{
	for (size_t i = 0; i < messages.count; i++) {
		char *text = messages.lines[i];
		size_t bytes, other = 0;

		places[i] = (struct place){0, 0, text};
		bytes = file_bytes(text, &places[i].line);
		if (bytes == 0)
			continue;
		while (other < i && (places[other].file == 0 || strncmp(places[other].text, text, bytes + 2) != 0))
			other++;
		places[i].file = other < i ? places[other].file : i + 1;
	}
}

static bool comes_before(const struct place *a, const struct place *b)
{
	return a->file != b->file ? a->file < b->file : a->line < b->line;
}

/* By insertion, which keeps the order of equal ones. */
static void sort_messages(void)
{
	struct place *places = calloc(messages.count ? messages.count : 1, sizeof(*places));

	if (!places)
		return;
	find_places(places);
	for (size_t i = 1; i < messages.count; i++) {
		const struct place moved = places[i];
		size_t at = i;

		for (; at > 0 && comes_before(&moved, &places[at - 1]); at--)
			places[at] = places[at - 1];
		places[at] = moved;
	}
	for (size_t i = 0; i < messages.count; i++)
		messages.lines[i] = places[i].text;
	free(places);
}

void message_flush(void)
{
	if (json)
		return;
	sort_messages();
	for (size_t i = 0; i < messages.count; i++) {
		fprintf(stderr, "%s\n", messages.lines[i]);
		free(messages.lines[i]);
	}
	messages.count = 0;
}

/* ---- JSON (RFC 8259) ---- */

static void print_string(const char *text, size_t bytes)
{
	putchar('"');
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c > '~')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* If `text` begins with "[file:line]", prints it as two members and returns the rest; else NULL. */
static const char *print_place(const char *text)
{
	const char *end = *text == '[' ? strchr(text, ']') : NULL, *colon = end;

	while (colon && colon > text && *colon != ':')
		colon--;
	if (!end || colon == text || colon + 1 == end)
		return NULL;
	for (const char *c = colon + 1; c < end; c++) {
		if (!isdigit((unsigned char)*c))
			return NULL;
	}
	printf("\"file\": ");
	print_string(text + 1, (size_t)(colon - text - 1));
	printf(", \"line\": %.*s", (int)(end - colon - 1), colon + 1);
	return end + 1;
}

static void print_message(const char *line)
{
	const char *text, *separator = "";

	printf("{");
	text = print_place(line);
	printf("%s\"text\": ", text ? ", " : "");
	text = text ? text + strspn(text, " ") : line;
	print_string(text, strlen(text));
	printf(", \"others\": [");
	for (const char *at = text; (at = strchr(at, '[')) != NULL; at++) {
		const char *end = strchr(at, ']');

		/* Checked first, as print_place() prints while it reads. */
		if (!end || end == at + 1 || !isdigit((unsigned char)end[-1]) || !memchr(at, ':', (size_t)(end - at)))
			continue;
		printf("%s{", separator);
		print_place(at);
		printf("}");
		separator = ", ";
	}
	printf("]}");
}

void message_finish(int status)
{
	message_flush();
	if (!json)
		return;
	sort_messages();
	printf("{\"status\": %d, \"messages\": [", status);
	for (size_t i = 0; i < messages.count; i++) {
		printf("%s\n  ", i ? "," : "");
		print_message(messages.lines[i]);
	}
	printf("], \"map\": [");
	for (size_t i = 0; i < map.count; i++) {
		printf("%s\n  ", i ? "," : "");
		print_string(map.lines[i], strlen(map.lines[i]));
	}
	printf("]}\n");
}
