/* SPDX-License-Identifier: Apache-2.0 */
/* Names of shared memory, and shell wildcards for them: the patterns of `allow`, `deny` and of pools. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GLOB_NAME_BYTES 32 /* of a name or a pattern, NUL included */

/*
 * Does `text` match `pattern` as a whole? `*` is any text, `?` any character, `[abc]` and `[a-z]` one of these,
 * `[!abc]` one that is none of these; a `[` without its `]` is itself. Every other character is itself (POSIX.1-2017,
 * XCU 2.13).
 */
bool glob_match(const char *pattern, const char *text);

/*
 * Can these bytes be a name: 1 to 31 printable ASCII characters without blank, '/', ',' and, unless it is to be a
 * pattern, '*', '?', '['?
 */
bool glob_name(const char *text, size_t bytes, bool pattern);
