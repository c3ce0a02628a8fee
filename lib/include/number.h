/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as configurations have them. An address is hexadecimal and any other number decimal unless a prefix (0x, 0d)
 * says otherwise. Where K, M or G (binary) may follow, a number that carries one is decimal without a prefix, an
 * address too: `ram 4096M,2048M` means 4 GiB. `text` has `bytes` bytes and need not end with NUL. False: it is no such
 * number, or it is above 64 bits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool number_address(const char *text, size_t bytes, uint64_t *value); /* K, M or G may follow */
bool number_length(const char *text, size_t bytes, uint64_t *value);  /* the same */
bool number_plain(const char *text, size_t bytes, uint64_t *value);
/* on, yes, true, 1; off, no, false, 0. False: it is none of these. */
bool number_boolean(const char *text, bool *value);
