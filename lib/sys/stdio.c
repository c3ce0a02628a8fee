/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output and standard error: characters are collected to lines, which go to the log ring, or where
 * stdio_redirect() says. There is no standard input.
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "lib/sys/tls.h"
#include <stdio.h>

#define LINE_MAX_ 256 /* what SystemLog takes at once */

static struct mutex line_lock = MUTEX_INIT;
static char line[LINE_MAX_];
static size_t line_bytes;
static void (*line_write)(const char *text, size_t bytes);

/* procmgr (slot 0) has nobody to ask for the log ring's name, and must not wait for the log ring. */
static void write_default(const char *text, size_t bytes)
{
	if (process_args()->slot != 0 && slog_write(SLOG_INFO, text, text[bytes - 1] == '\n' ? bytes - 1 : bytes) >= 0)
		return;
	SystemLog_r(text, bytes);
}

static void flush_locked(void)
{
	if (line_bytes)
		(line_write ? line_write : write_default)(line, line_bytes);
	line_bytes = 0;
}

static int put(char c, FILE *file)
{
	(void)file;
	mutex_lock(&line_lock);
	line[line_bytes++] = c;
	if (c == '\n' || line_bytes == sizeof(line))
		flush_locked();
	mutex_unlock(&line_lock);
	return (unsigned char)c;
}

static int flush(FILE *file)
{
	(void)file;
	mutex_lock(&line_lock);
	flush_locked();
	mutex_unlock(&line_lock);
	return 0;
}

/* On the way out, when another thread may have been stopped with the lock held. */
void stdio_flush(void)
{
	if (!mutex_trylock(&line_lock))
		return;
	flush_locked();
	mutex_unlock(&line_lock);
}

void stdio_redirect(void (*write)(const char *text, size_t bytes))
{
	mutex_lock(&line_lock);
	flush_locked();
	line_write = write;
	mutex_unlock(&line_lock);
}

/*
 * picolibc has the streams defined by the program, as objects: <stdio.h>, FDEV_SETUP_STREAM. They are made when the
 * program starts: data that is not zero would be a page of the file, which is hashed before each start.
 */
static FILE output, input; /* NOLINT(cert-fio38-c) */

FILE *const stdin = &input;
FILE *const stdout = &output;
FILE *const stderr = &output;

void stdio_init(void)
{
	output = (FILE)FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE);
	input = (FILE)FDEV_SETUP_STREAM(NULL, NULL, NULL, 0);
}
