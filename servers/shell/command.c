/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and what turns a line into a call. */
#include "command.h"
#include <stdio.h>
#include <string.h>

static bool cmd_help(int argc, char **argv);

static const struct command {
	const char *name;
	const char *arguments; /* for help */
	const char *text;      /* one line */
	bool (*run)(int argc, char **argv);
} commands[] = {
    {"vm", "list | status [NAME] | start|stop|restart|reset|pause|resume|destroy NAME", "virtual machines", cmd_vm},
    {"console", "NAME", "use the console of a virtual machine; Ctrl-] leaves it, twice is typed once", cmd_console},
    {"pidin", "[-l] [-d TENTHS] [-p NAME] [-F FORMAT|-f LETTERS|threads|sched|rmasks|times|mem|irqs|info]",
     "processes, threads, memory, interrupts; -l: again and again until Ctrl-C", cmd_pidin},
    {"top", "[-b] [-i TIMES] [-s SECONDS]", "threads that use the CPUs most, every 5 s until Ctrl-C; -b: not in place",
     cmd_top},
    {"hogs", "[-i TIMES] [-s SECONDS]", "processes that use the CPUs most, every 3 s until Ctrl-C", cmd_hogs},
    {"aps",
     "create [-B CRITICAL_MS] -b PERCENT [-m MAX] [-p PARENT] [NAME] | join -p PID [-t TID] NAME | modify [-b PERCENT] "
     "[-B CRITICAL_MS] [-m MAX] NAME | modify [-S POLICY] [-s SECURITY] [-w WINDOW_MS] | show [-l] [-d TENTHS] [-v] "
     "[-f usage|partitions|scheduler|overall_stats|all] [NAME...]",
     "adaptive partitions: guaranteed shares of the CPUs' time; show -l: again and again until Ctrl-C", cmd_aps},
    {"slay", "[-s SIGNAL | -P PRIORITY[r|f] -R MASK -C CPU -T TID] NAME|SLOT",
     "signal to a process (default SIGTERM), or priority and CPUs of its threads", cmd_slay},
    {"process", "start NAME", "start a process that has ended", cmd_process},
    {"slog2info", "[-b NAME] [-w] [-c]", "show the log, of NAME; -w: and what comes (Ctrl-C ends it); -c: clear it",
     cmd_slog2info},
    {"ls", "[/dev/qvm[/NAME]]", "running virtual machines", cmd_ls},
    {"cat", "/dev/qvm/NAME/env", "what a virtual machine is at run time, as JSON", cmd_cat},
    {"uptime", "", "time since power-on", cmd_uptime},
    {"shutdown", "[-r]", "stop all guests, then power off (-r: reset)", cmd_shutdown},
    {"help", "[COMMAND]", "this list; of COMMAND: how it is used", cmd_help},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *command_candidate(void *context, unsigned index)
{
	static const char *const candidates[] = {
	    "vm list",     "vm status",     "vm start ",   "vm stop ",       "vm restart ",  "vm reset ",
	    "vm pause ",   "vm resume ",    "vm destroy ", "console ",       "pidin",        "pidin threads",
	    "pidin info",  "pidin mem",     "pidin irqs",  "pidin sched",    "pidin rmasks", "pidin times",
	    "top",         "hogs",          "slay ",       "process start ", "slog2info",    "uptime",
	    "aps show",    "aps create ",   "aps join ",   "aps modify ",    "shutdown",     "help",
	    "ls /dev/qvm", "cat /dev/qvm/",
	};

	(void)context;
	return index < sizeof(candidates) / sizeof(candidates[0]) ? candidates[index] : NULL;
}

static const struct command *find_command(const char *name)
{
	for (unsigned i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void print_usage(const struct command *command)
{
	printf("usage: %s %s\n", command->name, command->arguments);
}

static bool cmd_help(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

	if (argc > 2)
		return false;
	if (argc == 2 && !command) {
		printf("help: there is no command '%s'\n", argv[1]);
	} else if (command) {
		print_usage(command);
		printf("%s\n", command->text);
	} else {
		for (unsigned i = 0; i < COMMANDS; i++)
			printf("  %-9s %s\n", commands[i].name, commands[i].text);
	}
	return true;
}

/* The next word, in place; NULL after the last. Blanks between double quotes are part of it. */
static char *next_word(char **rest, bool *quoted)
{
	char *from = *rest + strspn(*rest, " "), *word = from, *to = from;

	*quoted = false;
	if (!*from)
		return NULL;
	for (; *from && (*quoted || *from != ' '); from++)
		if (*from == '"')
			*quoted = !*quoted;
		else
			*to++ = *from;
	*rest = *from ? from + 1 : from;
	*to = 0;
	return word;
}

void command_run(char *line)
{
	char *argv[ARGS_MAX + 1];
	char *rest = line;
	bool quoted;
	int argc = 0;

	for (char *word; (word = next_word(&rest, &quoted)) != NULL;) {
		if (quoted) {
			printf("a quotation mark is not closed\n");
			return;
		}
		if (argc == ARGS_MAX) {
			printf("too many arguments\n");
			return;
		}
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	if (argc == 0)
		return;
	const struct command *command = find_command(argv[0]);

	if (!command)
		printf("%s: not found; try 'help'\n", argv[0]);
	else if (!command->run(argc, argv))
		print_usage(command);
}
