/* SPDX-License-Identifier: Apache-2.0 */
/* Shell wildcards: the patterns of `allow`, `deny` and of pools of shared memory. */
#pragma once

#include <stdbool.h>

/*
 * Does `text` match `pattern` as a whole? `*` is any text, `?` any character, `[abc]` and `[a-z]` one of these,
 * `[!abc]` one that is none of these; a `[` without its `]` is itself. Every other character is itself (POSIX.1-2017,
 * XCU 2.13).
 */
bool glob_match(const char *pattern, const char *text);
