/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the machine that the tool runs on. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct file {
	uint8_t *data; /* from malloc(), with a NUL behind it */
	size_t bytes;
};

/* 0, or -1 with errno set. */
int file_read(const char *path, struct file *file);

/* Writes the whole file or nothing: `path` changes only when all of it is there. 0, or -1 with errno set. */
int file_write(const char *path, const void *data, size_t bytes);

/* Compiles a device tree source with dtc into a blob, and into text with positions (lines.h). 0, or -1 after messages.
 */
int file_compile(const char *path, struct file *dtb, struct file *annotated);

/* Runs a command, whose first word is looked up in PATH, and reads its output. Its exit status, 127 if it cannot run;
 * what it prints on stderr is in `errors`. Both are to be freed. */
int file_run(const char *const *command, struct file *output, struct file *errors);
