/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include <string.h>

#define RETRY_NS 100000000ull
#define CTRL_C   3

struct console terminal_console;

static void write_console(const char *text, size_t bytes)
{
	console_write(&terminal_console, text, bytes);
}

void terminal_open(void)
{
	if (terminal_console.coid > 0)
		ConnectDetach_r(terminal_console.coid);
	while (console_open(&terminal_console, "shell", PM_WAIT) < 0)
		thread_sleep(RETRY_NS);
	stdio_redirect(write_console);
}

/* What was typed while a command waited. */
static char ahead[64];
static unsigned ahead_bytes;

/* False: Ctrl-C was typed, or the console is gone. */
static bool take_keys(uint64_t ns)
{
	char keys[16];
	int bytes = console_poll(&terminal_console, keys, sizeof(keys), ns);

	for (int i = 0; i < bytes; i++) {
		if (keys[i] == CTRL_C)
			ahead_bytes = 0;
		else if (ahead_bytes < sizeof(ahead))
			ahead[ahead_bytes++] = keys[i];
	}
	return bytes == 0 || (bytes > 0 && !memchr(keys, CTRL_C, (size_t)bytes));
}

bool terminal_wait(uint64_t ns)
{
	uint64_t now = ClockTime();
	const uint64_t end = now + ns;

	for (; now < end; now = ClockTime())
		if (!take_keys(end - now))
			return true;
	return false;
}

int terminal_read(char *typed, size_t room)
{
	int bytes = (int)ahead_bytes;

	_Static_assert(sizeof(ahead) <= TERMINAL_KEYS, "all of it");
	if (bytes == 0)
		return console_read(&terminal_console, typed, room);
	memcpy(typed, ahead, ahead_bytes);
	ahead_bytes = 0;
	return bytes;
}
