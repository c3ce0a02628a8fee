/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands read and print. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A whole number, decimal or 0x hexadecimal, of at most `max`. */
bool parse_number(const char *text, uint32_t max, uint32_t *value);

/* A character of a text that came from a process, for the terminal: '?' if it is not printable. */
char printable(char c);

/* What a negative status means. */
const char *status_text(int status);
