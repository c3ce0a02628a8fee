/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's terminal: the console "shell". What is printed goes there, and keys come from there. */
#pragma once

#include "bulkhead/client.h"
#include <stdbool.h>
#include <stdint.h>

#define TERMINAL_KEYS 64

extern struct console terminal_console;

/* Opens the console, waiting for its driver, and anew if that has died and been started again. */
void terminal_open(void);

/* Keys, at most `room` bytes, which is TERMINAL_KEYS or more. Waits for them. 0 or less: the console is gone. */
int terminal_read(char *typed, size_t room);

/* Waits for `ns` nanoseconds. True at once if Ctrl-C is typed or the console is gone. Other keys are kept for
 * terminal_read(), as far as there is room. */
bool terminal_wait(uint64_t ns);
