/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output and standard error: characters are collected to lines, which go where stdio_init() or
 * stdio_redirect() says. There is no standard input.
 */
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "lib/sys/start.h"
#include <stdio.h>

#define LINE_MAX_ 256 /* what SystemLog takes at once */

static struct mutex line_lock = MUTEX_INIT;
static char line[LINE_MAX_];
static size_t line_bytes;
static void (*line_write)(const char *text, size_t bytes);
static void (*default_write)(const char *text, size_t bytes);

static void flush_locked(void)
{
	if (line_bytes)
		line_write(line, line_bytes);
	line_bytes = 0;
}

static int put_char(char c, FILE *file)
{
	(void)file;
	mutex_lock(&line_lock);
	line[line_bytes++] = c;
	if (c == '\n' || line_bytes == sizeof(line))
		flush_locked();
	mutex_unlock(&line_lock);
	return (unsigned char)c;
}

static int flush_line(FILE *file)
{
	(void)file;
	mutex_lock(&line_lock);
	flush_locked();
	mutex_unlock(&line_lock);
	return 0;
}

/* On the way out, when another thread may have been stopped with the lock held. */
static void flush_at_exit(void)
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
	line_write = write ? write : default_write;
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

void stdio_init(void (*write)(const char *text, size_t bytes))
{
	line_write = default_write = write;
	output = (FILE)FDEV_SETUP_STREAM(put_char, NULL, flush_line, _FDEV_SETUP_WRITE);
	input = (FILE)FDEV_SETUP_STREAM(NULL, NULL, NULL, 0);
	process_before_exit(flush_at_exit);
}
