/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's prompt: what its commands share. Output goes through printf to the console "shell". */
#pragma once

#include "bulkhead/client.h"
#include <stdbool.h>
#include <stdint.h>

#define ARGS_MAX     8
#define VM_INDEX_MAX 256u /* ends a loop over VMs whatever procmgr answers */

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

/* Waits so long, or until Ctrl-C is typed or the console is gone: true. Other keys are for the prompt, as far as there
 * is room. */
bool shell_wait(uint64_t ns);

/* vm.c: PM_VM_INFO of the VM with that index, or of that name. 0, or a negative status; -ESRCH: there is none. */
int vm_by_index(unsigned index, struct pm_vm *vm);
int vm_by_name(const char *name, struct pm_vm *vm);
/* "off, exit 0": how it ended last. */
void vm_end_text(const struct pm_vm *vm, char *text, size_t bytes);
#define VM_END_TEXT 32

/* order.c: one of the operator's orders to a VM, by its word; false: there is no such word. */
bool vm_order(const char *verb, const char *name);

/* What a process says of itself goes to a terminal, and the process need not be what it was: '?' for other characters.
 */
char printable(char c);

/* Says how a command is used. */
void usage(const char *name);

/* A whole number, decimal or 0x hexadecimal, of at most `max`. */
bool parse_number(const char *text, uint32_t max, uint32_t *value);

/* What a negative status means. */
const char *status_text(int status);
