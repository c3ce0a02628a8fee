/* SPDX-License-Identifier: Apache-2.0 */
/* The boards that come with this tool: the files NAME.conf and NAME.dtb in the folder `boards` beside it. */
#pragma once

#include "file.h"

#define BOARD_DEFAULT   "qemu-virt"
#define BOARD_WORDS_MAX 32

/* A board in QEMU. The strings lie in the file's text, or are the user's. */
struct board {
	const char *name;
	struct file text;                     /* NAME.conf, to be freed */
	const char *command[BOARD_WORDS_MAX]; /* QEMU's; the words CPU, CPUS and MEMORY stand for the choices */
	unsigned words;
	const char *cpu, *cpus, *cpus_most, *memory;
};

/* Writes the path of a board's file, `suffix` being ".conf" or ".dtb". NULL: no board of this name has one. */
const char *board_file(const char *home, const char *name, const char *suffix, char *path, size_t bytes);

/* Writes the names of all boards, in alphabetical order with blanks between them. */
void board_names(const char *home, char *names, size_t bytes);

/* Says that there is no such board, and which there are. */
void board_unknown(const char *home, const char *name);

/* Reads a board's description. 0, or -1 after a message. */
int board_read(struct board *b, const char *home, const char *name);

/* Takes the user's choices; NULL: the board's default. 0, or -1 after a message: the board cannot have that. */
int board_choose(struct board *b, const char *cpu, const char *cpus, const char *memory);

/* Writes QEMU's command, without what is to be booted, and returns its number of words: at most BOARD_WORDS_MAX. */
unsigned board_command(const struct board *b, const char **words);
