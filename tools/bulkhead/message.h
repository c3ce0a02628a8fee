/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool says about its input: lines on stderr, or with --json one object on stdout when it ends. */
#pragma once

#include <stdbool.h>

/* From now on messages are kept for message_finish(). */
void message_use_json(void);

/* One mistake, as one line: "[file:line] text", or "file: text". */
void message_send(const char *line);
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of the access matrix. */
void message_map_line(const char *line);

/* Prints what was said so far, unless with --json, in the order of files and lines. message_finish() does it too. */
void message_flush(void);

/* What is said when all is well. */
void message_good(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the object, if it is to be one: {"status", "messages": [{"file", "line", "text", "others"}], "map": [lines]}
 */
void message_finish(int status);
