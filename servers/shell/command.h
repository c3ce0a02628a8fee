/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the prompt. A command gets its words, argv[0] being its name, and reports mistakes by itself. It
 * returns false if it is not used like that: then its usage is printed.
 */
#pragma once

#include <stdbool.h>

#define ARGS_MAX 16

/* Runs a line; it is cut into words in place. */
void command_run(char *line);

/* The index-th line that Tab completes to; NULL after the last. `context` is not used. */
const char *command_candidate(void *context, unsigned index);

/* The commands of other files; their names and usage are in command.c. */
bool cmd_vm(int argc, char **argv);
bool cmd_console(int argc, char **argv);
bool cmd_pidin(int argc, char **argv);
bool cmd_top(int argc, char **argv);
bool cmd_hogs(int argc, char **argv);
bool cmd_aps(int argc, char **argv);
bool cmd_slay(int argc, char **argv);
bool cmd_slog2info(int argc, char **argv);
bool cmd_process(int argc, char **argv);
bool cmd_ls(int argc, char **argv);
bool cmd_cat(int argc, char **argv);
bool cmd_uptime(int argc, char **argv);
bool cmd_shutdown(int argc, char **argv);
