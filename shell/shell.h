/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's prompt: what its commands share. Output goes through printf to the console "shell". */
#pragma once

#include "bulkhead/client.h"
#include <stdbool.h>
#include <stdint.h>

#define ARGS_MAX 8

extern struct console shell_console;

/* A command: argv[0] is its name. It reports mistakes by itself. */
struct command {
	const char *name;
	const char *arguments; /* for help */
	const char *text;      /* one line */
	void (*run)(int argc, char **argv);
};

/* Runs a line; it is cut into words in place. */
void command_run(char *line);

/* For the line editor. */
const char *command_candidate(void *context, unsigned index);

void cmd_vm(int argc, char **argv);
void cmd_console(int argc, char **argv);
void cmd_pidin(int argc, char **argv);
void cmd_slay(int argc, char **argv);
void cmd_slog2info(int argc, char **argv);
void cmd_sched(int argc, char **argv);
void cmd_process(int argc, char **argv);
void cmd_ls(int argc, char **argv);
void cmd_cat(int argc, char **argv);
void cmd_uptime(int argc, char **argv);
void cmd_shutdown(int argc, char **argv);
void cmd_help(int argc, char **argv);

/* What a process says of itself goes to a terminal, and the process need not be what it was: '?' for other characters.
 */
char printable(char c);

/* Says how a command is used. */
void usage(const char *name);

/* A whole number, decimal or 0x hexadecimal, of at most `max`. */
bool parse_number(const char *text, uint32_t max, uint32_t *value);

/* What a negative status means. */
const char *status_text(int status);
