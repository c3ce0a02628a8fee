/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the user: lines on stderr, or with --json one object on stdout at the end. */
#pragma once

#include <stdbool.h>

/* From now on messages are kept for message_finish(). */
void message_use_json(void);

/* One mistake, as one line: "[file:line] text", or "file: text". */
void message_send(const char *line);
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of the access matrix. */
void message_map_line(const char *line);

/* Without --json, prints the messages so far, in the order of files and lines. message_finish() does it, too. */
void message_flush(void);

/* A message that is no mistake, on stdout; none with --json. */
void message_good(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the output. With --json, prints the object: {"status", "messages": [{"file", "line", "text", "others"}], "map":
 * [lines]}
 */
void message_finish(int status);
