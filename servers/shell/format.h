/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of pidin -F and -f: lines of columns. A column is '%', a width if the usual one does not suit, and a
 * letter. */
#pragma once

#include "bulkhead.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORMAT_WIDTH 64 /* widest column */

/* What a line is about. `thread` is NULL in a format that asks for nothing of a thread. */
struct format_row {
	unsigned slot;
	const struct process_info *process;
	const struct thread_info *thread;
};

/* NULL, or what is wrong; at *letter then. */
const char *format_check(const char *format, char *letter);

/* pidin -f: the format with these letters' columns, "mbe" becomes "%m %b %e"; cut off at `bytes`. */
void format_of_letters(char *format, size_t bytes, const char *letters);

/* Does it ask for something that each thread has of its own? */
bool format_of_threads(const char *format);

/* The line with the columns' names, if `row` is NULL, or a row; without a newline. Cut off at `bytes`. */
void format_line(char *text, size_t bytes, const char *format, const struct format_row *row);

/* The letters and what they mean, a line each; NULL after the last. */
const char *format_help(unsigned index);
