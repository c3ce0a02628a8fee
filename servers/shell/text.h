/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands read and print. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A whole number, decimal or 0x hexadecimal, of at most `max`. */
bool text_parse_number(const char *text, uint32_t max, uint32_t *value);

/* A decimal number with at most so many decimals, at most 3: "12.5" with 2 of them is 1250. At most `max`. */
bool text_parse_decimal(const char *text, unsigned decimals, uint32_t max, uint32_t *value);

/* A character of a text that came from a process, for the terminal: '?' if it is not printable. */
char text_printable(char c);

/* What a negative status means. */
const char *text_of_status(int status);
