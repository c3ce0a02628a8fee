/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#pragma once

#define VERSION "0.1"

#include "sign.h"
#include "sysconf.h"
#include "vdevs.h"
#include <stdbool.h>

#define EXIT_GOOD    0
#define EXIT_USAGE   64
#define EXIT_MISTAKE 65

#define EXTRAS_MAX  64
#define PATHS_MAX   16
#define RECEIVE_MAX 16

/* Options that a command takes. */
#define OPTION_BOARD    (1u << 0) /* --board */
#define OPTION_JSON     (1u << 1)
#define OPTION_FILES    (1u << 2) /* -f, --path */
#define OPTION_OUTPUT   (1u << 3) /* -o, required */
#define OPTION_NO_CHECK (1u << 4)
#define OPTION_PLAN     (1u << 6)
#define OPTION_SIGN     (1u << 7) /* --key, and the other options of signing */
#define OPTION_VERIFY   (1u << 8) /* --public, --readonly */
#define OPTION_MACHINE  (1u << 5) /* --kernel, --board, --cpus, --cpu, --memory */
#define OPTION_RECEIVE  (1u << 9)
#define OPTION_LINE     (1u << 10) /* --console, --baud */

struct arguments;
struct system;

struct command {
	const char *name; /* NULL: after the last one */
	unsigned options;
	int (*run)(struct system *s, const struct arguments *a);
	const char *help;
};

struct arguments {
	const struct command *command; /* NULL: there is nothing to do */
	const char *input, *board, *output;
	const char *public_key;
	struct sign_options signing;
	const char *kernel, *cpus, *cpu, *memory;
	struct sys_range ranges[SYS_BOARD_RAM_MAX]; /* --memory of a board */
	unsigned range_count;
	struct extra_file extras[EXTRAS_MAX];
	unsigned extra_count;
	const char *paths[PATHS_MAX];
	unsigned path_count;
	const char *receive[RECEIVE_MAX]; /* NAME=FILE, or a folder */
	unsigned receive_count;
	const char *baud;
	bool json, no_check, plan, console;
	char home[4096]; /* the folder in which this tool is */
};

/* Reads the command line. Without a command to run: the exit status, after help or a message. */
int arguments_parse(struct arguments *a, const struct command *commands, int argc, char **argv);
