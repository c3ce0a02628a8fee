/* SPDX-License-Identifier: Apache-2.0 */
/* The boards that the tool knows: see board.h. */
#include "board.h"
#include "message.h"
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".conf"

const char *board_file(const char *home, const char *name, const char *suffix, char *path, size_t bytes)
{
	int length = snprintf(path, bytes, "%s/boards/%s%s", home, name, suffix);

	return !strchr(name, '/') && length > 0 && (size_t)length < bytes && access(path, R_OK) == 0 ? path : NULL;
}

static int is_description(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, SUFFIX) == 0;
}

void board_names(const char *home, char *names, size_t bytes)
{
	struct dirent **entries;
	char path[4200];
	size_t at = 0;
	int count;

	snprintf(path, sizeof(path), "%s/boards", home);
	count = scandir(path, &entries, is_description, alphasort);
	names[0] = '\0';
	for (int i = 0; i < count; i++) {
		int length = (int)(strlen(entries[i]->d_name) - strlen(SUFFIX));

		if (at < bytes)
			at += (size_t)snprintf(names + at, bytes - at, "%s%.*s", i ? " " : "", length,
					       entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* The number of a line's words, or `most` + 1 if there are more than `most`. A comment has none. */
static unsigned split(char *line, const char **words, unsigned most)
{
	unsigned count = 0;
	char *rest;

	for (const char *word = strtok_r(line, " \t\r", &rest); word && (count > 0 || *word != '#');
	     word = strtok_r(NULL, " \t\r", &rest)) {
		if (count == most)
			return most + 1;
		words[count++] = word;
	}
	return count;
}

/* 0: it is no number from 1 to 999. */
static unsigned long count_of(const char *word)
{
	char *end;
	unsigned long count = strtoul(word, &end, 10);

	return *word >= '0' && *word <= '9' && *end == '\0' && count < 1000 ? count : 0;
}

static bool take_command(struct board *b, const char *const *words, unsigned count)
{
	memcpy(b->command, words, count * sizeof(*words));
	b->command[0] = "qemu-system-aarch64";
	b->words = count;
	for (unsigned i = 1; i + 1 < count; i++) {
		if (strcmp(words[i], "-M") == 0)
			return true;
	}
	return false;
}

/* NULL, or what is wrong with the line. */
static const char *take_line(struct board *b, char *line)
{
	const char *words[BOARD_WORDS_MAX];
	unsigned count = split(line, words, BOARD_WORDS_MAX);

	if (count == 0)
		return NULL;
	if (count > BOARD_WORDS_MAX)
		return "a line has at most 32 words";
	if (strcmp(words[0], "qemu") == 0)
		return take_command(b, words, count) ? NULL : "the line 'qemu' must name the machine with -M";
	if (strcmp(words[0], "cpus") == 0) {
		b->cpus = count > 1 ? words[1] : "";
		b->cpus_most = words[count - 1];
		return count <= 3 && count_of(b->cpus) != 0 && count_of(b->cpus) <= count_of(b->cpus_most)
			   ? NULL
			   : "write cpus and the default number of CPUs, and the highest one if it can be chosen: 1 to "
			     "999";
	}
	if (strcmp(words[0], "cpu") != 0 && strcmp(words[0], "memory") != 0)
		return "a line must begin with qemu, cpu, cpus or memory";
	if (count != 2)
		return "exactly one word must follow cpu and memory";
	*(strcmp(words[0], "cpu") == 0 ? &b->cpu : &b->memory) = words[1];
	return NULL;
}

/* Lines count from 1. NULL, or what is wrong with line *number. */
static const char *take_lines(struct board *b, char *text, unsigned *number)
{
	const char *wrong = NULL;

	for (*number = 1; text && !wrong; *number += !wrong)
		wrong = take_line(b, strsep(&text, "\n"));
	return wrong;
}

void board_unknown(const char *home, const char *name)
{
	char names[400];

	board_names(home, names, sizeof(names));
	message("there is no board '%s'; the boards are: %s", name, names);
}

int board_read(struct board *b, const char *home, const char *name)
{
	char path[4200];
	const char *wrong;
	unsigned line;

	*b = (struct board){.name = name};
	if (!board_file(home, name, SUFFIX, path, sizeof(path))) {
		board_unknown(home, name);
		return -1;
	}
	wrong = file_read(path, FILE_TEXT_MAX, &b->text);
	if (wrong) {
		message("%s: %s", path, wrong);
		return -1;
	}
	wrong = take_lines(b, (char *)b->text.data, &line);
	if (wrong) {
		message("[%s:%u] %s", path, line, wrong);
		return -1;
	}
	if (b->words && b->cpu && b->cpus && b->memory)
		return 0;
	message("%s: one of the lines qemu, cpu, cpus and memory is missing", path);
	return -1;
}

static bool is_chosen(const struct board *b, const char *name)
{
	for (unsigned i = 0; i < b->words; i++) {
		if (strcmp(b->command[i], name) == 0)
			return true;
	}
	return false;
}

int board_choose(struct board *b, const char *cpu, const char *cpus, const char *memory)
{
	char *end;
	unsigned long most = count_of(b->cpus_most), count = cpus ? strtoul(cpus, &end, 10) : most;

	if (cpu && strcmp(cpu, b->cpu) != 0 && !is_chosen(b, "CPU")) {
		message("--cpu %s: board %s has CPUs of the model %s; leave the option out", cpu, b->name, b->cpu);
		return -1;
	}
	if (cpus && strcmp(cpus, b->cpus) != 0 && !is_chosen(b, "CPUS")) {
		message("--cpus %s: board %s has %s CPUs; leave the option out", cpus, b->name, b->cpus);
		return -1;
	}
	if (cpus && (*end != '\0' || count < 1 || count > most)) {
		message("--cpus %s: board %s can have 1 to %lu CPUs", cpus, b->name, most);
		return -1;
	}
	b->cpu = cpu ? cpu : b->cpu;
	b->cpus = cpus ? cpus : b->cpus;
	b->memory = memory ? memory : b->memory;
	return 0;
}

unsigned board_command(const struct board *b, const char **words)
{
	for (unsigned i = 0; i < b->words; i++) {
		const char *word = b->command[i];

		words[i] = strcmp(word, "CPU") == 0      ? b->cpu
			   : strcmp(word, "CPUS") == 0   ? b->cpus
			   : strcmp(word, "MEMORY") == 0 ? b->memory
							 : word;
	}
	return b->words;
}
