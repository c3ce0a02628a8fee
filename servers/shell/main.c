/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's prompt on the board's console: reads lines, runs them as commands, and prints what procmgr reports. */
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "command.h"
#include "edit.h"
#include "terminal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS   100000000ull
#define NEWS_STACK 8192

static void write_edit(void *context, const char *text, size_t bytes)
{
	(void)context;
	fwrite(text, 1, bytes, stdout);
}

static struct edit edit;
static struct mutex line_lock =
    MUTEX_INIT; /* of the line and what stands on the screen; not held while keys are awaited */

/* What procmgr has to say is printed when the line is empty, above the prompt. */
static void news_thread(void *arg)
{
	char text[256];

	(void)arg;
	for (;;) {
		memset(text, 0, sizeof(text));
		if (pm_request(PM_NEWS, NULL, 0, 0, text, sizeof(text) - 1) < 0)
			return;
		mutex_lock(&line_lock);
		while (edit.length != 0) {
			mutex_unlock(&line_lock);
			thread_sleep(RETRY_NS);
			mutex_lock(&line_lock);
		}
		printf("\r\x1b[K%s\n", text);
		edit_start(&edit);
		fflush(stdout);
		mutex_unlock(&line_lock);
	}
}

int main(void)
{
	char typed[TERMINAL_KEYS];

	terminal_open();
	pm_ready();
	printf("\nBulkhead; 'help' lists the commands\n");
	edit_init(&edit, "bulkhead> ", write_edit, command_candidate, NULL);
	edit_start(&edit);
	thread_create(news_thread, NULL, NEWS_STACK, 0, 0, "news");
	for (;;) {
		fflush(stdout);
		int bytes = terminal_read(typed, sizeof(typed));

		if (bytes <= 0) {
			thread_sleep(RETRY_NS);
			terminal_open();
			continue;
		}
		mutex_lock(&line_lock);
		for (int i = 0; i < bytes; i++) {
			enum edit_result result = edit_key(&edit, (uint8_t)typed[i]);

			if (result == EDIT_MORE)
				continue;
			if (result == EDIT_DONE)
				command_run(edit.line);
			edit_start(&edit);
		}
		mutex_unlock(&line_lock);
	}
}
