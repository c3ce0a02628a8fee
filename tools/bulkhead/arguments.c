/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, and the help: see arguments.h. */
#include "arguments.h"
#include "board.h"
#include "frame.h"
#include "message.h"
#include "number.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char overview[] = "usage: bulkhead COMMAND DIR [OPTION]...\n"
			       "       bulkhead help [COMMAND]      (or: bulkhead COMMAND --help)\n"
			       "       bulkhead --version\n"
			       "\n"
			       "check   says what is wrong with a system directory, or with one VM's configuration\n"
			       "image   checks a system directory and writes the boot archive\n"
			       "run     checks a system directory and boots it in QEMU\n"
			       "receive writes traces and dumps that come over a serial line into files\n"
			       "map     prints the access matrix: who has which memory, device and interrupt\n"
			       "keygen  makes a pair of keys\n"
			       "sign    signs a boot archive again\n"
			       "verify  checks the signature of a boot archive, and all its files\n"
			       "\n";

static const struct {
	const char *name;
	unsigned option;
	bool value;
	const char *help;
} options[] = {
    {"--board", OPTION_BOARD, true,
     "BOARD     the board's device tree blob, or the name of a board: its memory, CPUs and devices"},
    {"--board", OPTION_MACHINE, true, "BOARD     the name of a board; default " BOARD_DEFAULT},
    {"--json", OPTION_JSON, false, "          messages as one object on standard output"},
    {"-f", OPTION_FILES, true,
     "PATH[=NAME]     a file for the archive; NAME is its name there, by default the file's own"},
    {"--path", OPTION_FILES, true, "DIR        a folder with more files; may be given again"},
    {"-o", OPTION_OUTPUT, true,
     "ARCHIVE         the file to write: a cpio archive (newc), the data of each file begin on a page"},
    {"--plan", OPTION_PLAN, false, "          also prints what each VM gets, one line for each thing"},
    {"--no-check", OPTION_NO_CHECK, false,
     "      FOR TESTS ONLY: nothing is checked; the target has to refuse what is wrong"},
    {"--key", OPTION_SIGN, true, "KEY         sign with this secret key"},
    {"--signature", OPTION_SIGN, true, "FILE  use this signature of the manifest (Ed25519, 64 bytes)"},
    {"--manifest", OPTION_SIGN, true, "FILE   write the manifest there as well, to be signed elsewhere"},
    {"--certified", OPTION_SIGN, true, "FILE  names of certified components, one a line"},
    {"--readonly", OPTION_SIGN | OPTION_VERIFY, true,
     "FILE   Image.readonly of the kernel that is to start this archive"},
    {"--public", OPTION_VERIFY, true, "KEY      the public key to check with"},
    {"--kernel", OPTION_MACHINE, true, "IMAGE    the hypervisor"},
    {"--cpus", OPTION_MACHINE, true, "N          number of CPUs, if the board allows a choice"},
    {"--cpu", OPTION_MACHINE, true, "MODEL       QEMU's name of the CPU, if the board allows a choice"},
    {"--memory", OPTION_MACHINE, true, "SIZE     the board's memory"},
    {"--receive", OPTION_RECEIVE, true,
     "STREAM=FILE|DIR  where to write a stream (docs/frames.md), or all others; may be given again"},
    {"--console", OPTION_LINE, false, "       the line is the console's: find the frames among its text"},
    {"--baud", OPTION_LINE, true, "N          the serial port's speed; default 115200"},
    {"--memory", OPTION_BOARD, true,
     "START,SIZE  memory, if the firmware fills in that of the board's tree, as in 0x80000000,2G; may be given again"},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static int usage(struct arguments *a, const char *text, const char *word)
{
	message("bulkhead: %s%s; see bulkhead %s%s--help", text, word, a->command ? a->command->name : "",
		a->command ? " " : "");
	a->command = NULL;
	return EXIT_USAGE;
}

static int help(struct arguments *a)
{
	char names[400];

	fputs(a->command ? a->command->help : overview, stdout);
	if (a->command)
		puts("");
	for (unsigned i = 0; i < OPTIONS && a->command; i++) {
		if (a->command->options & options[i].option)
			printf("%s %s\n", options[i].name, options[i].help);
	}
	if (a->command && (a->command->options & (OPTION_BOARD | OPTION_MACHINE))) {
		board_names(a->home, names, sizeof(names));
		printf("\nBoards that come with this tool: %s\n", names);
	}
	puts(a->command ? "\nExit status: 0 success, 64 wrong use of this command, 65 a mistake in the input."
			: "Exit status: 0 success, 64 wrong use, 65 a mistake in the input.");
	a->command = NULL;
	return EXIT_GOOD;
}

static int add_extra(struct arguments *a, char *text)
{
	char *equals = strrchr(text, '='), *slash;

	if (a->extra_count == EXTRAS_MAX)
		return usage(a, "too many files with ", "-f");
	if (equals)
		*equals = '\0';
	slash = strrchr(text, '/');
	a->extras[a->extra_count++] = (struct extra_file){text, equals ? equals + 1 : slash ? slash + 1 : text, false};
	return EXIT_GOOD;
}

static int add_path(struct arguments *a, const char *text)
{
	if (a->path_count == PATHS_MAX)
		return usage(a, "too many folders with ", "--path");
	a->paths[a->path_count++] = text;
	return EXIT_GOOD;
}

static int add_receive(struct arguments *a, const char *text)
{
	const char *equals = strchr(text, '=');

	if (a->receive_count == RECEIVE_MAX)
		return usage(a, "too many places with ", "--receive");
	if (!*text || (equals && (!equals[1] || !frame_name_is_valid(text, (size_t)(equals - text)))))
		return usage(a, "STREAM=FILE or a folder must follow --receive, not ", text);
	a->receive[a->receive_count++] = text;
	return EXIT_GOOD;
}

static int add_range(struct arguments *a, const char *text)
{
	struct sys_range *range = &a->ranges[a->range_count];
	size_t comma = strcspn(text, ",");

	if (a->range_count == SYS_BOARD_RAM_MAX)
		return usage(a, "too many ranges with ", "--memory");
	if (text[comma] != ',' || !number_length(text, comma, &range->start) ||
	    !number_length(text + comma + 1, strlen(text + comma + 1), &range->bytes) || range->bytes == 0 ||
	    range->bytes > UINT64_MAX - range->start)
		return usage(a, "START,SIZE must follow --memory, as in 0x80000000,2G, not ", text);
	a->range_count++;
	return EXIT_GOOD;
}

static int take_value(struct arguments *a, const char *option, char *value)
{
	const struct {
		const char *name, **to;
	} plain[] = {{"--board", &a->board},
		     {"-o", &a->output},
		     {"--kernel", &a->kernel},
		     {"--cpus", &a->cpus},
		     {"--cpu", &a->cpu},
		     {"--memory", &a->memory},
		     {"--key", &a->signing.key},
		     {"--signature", &a->signing.signature},
		     {"--manifest", &a->signing.manifest},
		     {"--certified", &a->signing.certified},
		     {"--readonly", &a->signing.kernel},
		     {"--public", &a->public_key},
		     {"--baud", &a->baud}};

	if (value && strcmp(option, "-f") == 0)
		return add_extra(a, value);
	if (strcmp(option, "--path") == 0)
		return add_path(a, value);
	if (value && strcmp(option, "--memory") == 0 && (a->command->options & OPTION_BOARD))
		return add_range(a, value);
	if (value && strcmp(option, "--receive") == 0)
		return add_receive(a, value);
	a->json |= strcmp(option, "--json") == 0;
	a->console |= strcmp(option, "--console") == 0;
	a->plan |= strcmp(option, "--plan") == 0;
	a->no_check |= strcmp(option, "--no-check") == 0;
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(option, plain[i].name) == 0)
			*plain[i].to = value;
	}
	return EXIT_GOOD;
}

static int parse_option(struct arguments *a, int argc, char **argv, int *at)
{
	unsigned i = 0, known = 0;

	/* One name may be different options of two commands. */
	for (; i < OPTIONS; i++) {
		if (strcmp(options[i].name, argv[*at]) != 0)
			continue;
		known++;
		if (a->command->options & options[i].option)
			break;
	}
	if (i == OPTIONS)
		return usage(a, known ? "this command does not take " : "unknown option ", argv[*at]);
	if (!options[i].value)
		return take_value(a, argv[*at], NULL);
	if (*at + 1 == argc)
		return usage(a, "a value must follow ", argv[*at]);
	(*at)++;
	return take_value(a, argv[*at - 1], argv[*at]);
}

static void find_home(struct arguments *a)
{
	ssize_t bytes = readlink("/proc/self/exe", a->home, sizeof(a->home) - 1);
	char *slash;

	a->home[bytes > 0 ? bytes : 0] = '\0';
	slash = strrchr(a->home, '/');
	if (slash)
		*slash = '\0';
}

static const struct command *find_command(const struct command *commands, const char *word)
{
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, word) == 0)
			return c;
	}
	return NULL;
}

/* `help [COMMAND]` and `--version`, which need no other argument. */
static bool is_answered(struct arguments *a, const struct command *commands, int argc, char **argv, int *status)
{
	const char *word = argc > 1 ? argv[1] : "", *more = argc > 2 ? argv[2] : "";

	if (argc == 2 && strcmp(word, "--version") == 0) {
		puts("bulkhead " VERSION);
		*status = EXIT_GOOD;
		return true;
	}
	if (strcmp(word, "help") != 0 || argc > 3)
		return false;
	a->command = find_command(commands, more);
	*status = !*more || a->command ? help(a) : usage(a, "unknown command ", more);
	return true;
}

int arguments_parse(struct arguments *a, const struct command *commands, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	int answered;

	find_home(a);
	if (is_answered(a, commands, argc, argv, &answered))
		return answered;
	a->command = find_command(commands, word);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return help(a);
	}
	/* --json counts even if the rest of the line is wrong. */
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			message_use_json();
	}
	if (!a->command)
		return usage(a, *word ? "unknown command " : "no command was given", word);
	for (int i = 2; i < argc; i++) {
		int status = EXIT_GOOD;

		if (argv[i][0] == '-')
			status = parse_option(a, argc, argv, &i);
		else if (!a->input)
			a->input = argv[i];
		else
			status = usage(a, "unexpected word: ", argv[i]);
		if (status != EXIT_GOOD)
			return status;
	}
	if (!a->input)
		return usage(a, "no input was given", "");
	if (a->range_count && !a->board)
		return usage(a, "--memory needs ", "--board BOARD");
	if ((a->command->options & OPTION_VERIFY) && !a->public_key)
		return usage(a, "give the public key: ", "--public KEY");
	if (a->signing.key && a->signing.signature)
		return usage(a, "--key cannot be combined with ", "--signature");
	if (a->plan && a->json)
		return usage(a, "--plan cannot be combined with ", "--json");
	if ((a->command->options & OPTION_OUTPUT) && !a->output)
		return usage(a, "give the output file: ", "-o ARCHIVE");
	return EXIT_GOOD;
}
