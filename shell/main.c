/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's prompt on the board's console. */
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "shell/edit.h"
#include "shell/shell.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS 100000000ull

struct console shell_console;

static void write_console(const char *text, size_t bytes)
{
	console_write(&shell_console, text, bytes);
}

static void write_edit(void *context, const char *text, size_t bytes)
{
	(void)context;
	fwrite(text, 1, bytes, stdout);
}

/* The driver may have died and been started again: then the console is opened anew. */
static void reopen(void)
{
	if (shell_console.coid > 0)
		ConnectDetach_r(shell_console.coid);
	while (console_open(&shell_console, "shell", PM_WAIT) < 0)
		thread_sleep(RETRY_NS);
}

int main(void)
{
	static struct edit edit;
	char typed[64];

	reopen();
	stdio_redirect(write_console);
	pm_ready();
	printf("\nBulkhead; 'help' lists the commands\n");
	edit_init(&edit, "bulkhead> ", write_edit, command_candidate, NULL);
	edit_start(&edit);
	for (;;) {
		fflush(stdout);
		int bytes = console_read(&shell_console, typed, sizeof(typed));

		if (bytes <= 0) {
			thread_sleep(RETRY_NS);
			reopen();
			continue;
		}
		for (int i = 0; i < bytes; i++) {
			enum edit_result result = edit_key(&edit, (uint8_t)typed[i]);

			if (result == EDIT_MORE)
				continue;
			if (result == EDIT_DONE)
				command_run(edit.line);
			edit_start(&edit);
		}
	}
}
