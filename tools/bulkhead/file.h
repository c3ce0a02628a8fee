/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the machine that the tool runs on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file {
	uint8_t *data; /* from malloc(), followed by a NUL */
	size_t bytes;
};

#define FILE_TEXT_MAX (1u << 20) /* of files that people write; none needs more */
#define FILE_DATA_MAX UINT32_MAX /* what the archive's format can hold */

/* Reads a regular file of at most `most` bytes. NULL, or what is wrong with it. */
const char *file_read(const char *path, size_t most, struct file *file);

#define FILE_OUTSIDE "it lies outside the system's folders; move it into one, or name its folder with --path"

/* Does the path, with all links followed, lie in one of the folders? What does not exist lies nowhere. */
bool file_is_within(const char *path, const char *const *folders, unsigned count);

/* A file that is to become `path`. */
struct file_output {
	const char *path;
	char temporary[4096]; /* beside it; empty: `path` is no file, and was written */
};

/*
 * Writes the whole file or nothing: `path` changes only with file_finish() and `keep`, when all of it is there. Without
 * `keep` it stays as it was. 0, or -1 with errno set; after a failure of file_prepare() there is nothing to finish.
 */
int file_prepare(struct file_output *output, const char *path, const void *data, size_t bytes);
int file_finish(struct file_output *output, bool keep);

/* Compiles a device tree source with dtc into a blob, and into text with positions (lines.h). What it includes must lie
 * within the folders. 0, or -1 after messages. */
int file_compile(const char *path, const char *const *folders, unsigned count, struct file *dtb,
		 struct file *annotated);

/* In a child process before exec: from now on it ends when its parent does. */
void file_die_with(pid_t parent);

/* Runs a command, whose first word is looked up in PATH, and reads its output. Its exit status, 127 if it cannot run,
 * FILE_RUN_SIGNAL and the signal's number if one ended it; what it prints on stderr is in `errors`. Both are to be
 * freed. */
#define FILE_RUN_SIGNAL 256
int file_run(const char *const *command, struct file *output, struct file *errors);
