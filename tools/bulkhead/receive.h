/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead receive`. */
#pragma once

#include "arguments.h"
#include "streams.h"
#include <sys/types.h>

#define RECEIVE_LINES 2 /* that of the streams, and the console's */

/* Pipes into which a process writes what comes over its lines. */
struct receive_pipes {
	char path[RECEIVE_LINES][64];
	int fd[RECEIVE_LINES];
};

/* Makes and opens the pipes in a folder. 0, or -1 after a message. */
int receive_open(struct receive_pipes *pipes, const char *folder);

/* Receives the streams that --receive names until the process ends. 0, or -1 after messages. *status: as of waitpid().
 */
int receive_process(const struct arguments *a, const struct receive_pipes *pipes, pid_t child, int *status);

/* Receives streams from a file, a pipe or a serial port, until its end or Ctrl-C. 0, or -1 after messages. */
int receive_line(const struct arguments *a);
