/* SPDX-License-Identifier: Apache-2.0 */
/* Names of shared memory, and patterns of them: see glob.h. */
#include "glob.h"
#include <string.h>

/* Compares by code, not by locale. */
bool glob_name(const char *text, size_t bytes, bool pattern)
{
	if (bytes == 0 || bytes >= GLOB_NAME_BYTES)
		return false;
	for (size_t i = 0; i < bytes; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr(pattern ? "/," : "/,*?[", text[i]) != NULL)
			return false;
	return true;
}

/* The end of a set whose `[` was at set[-1], after its `]`; or NULL. A `]` that comes first belongs to the set. */
static const char *set_end(const char *set)
{
	const char *end;

	if (*set == '!')
		set++;
	end = *set != '\0' ? strchr(set + 1, ']') : NULL;
	return end ? end + 1 : NULL;
}

static bool in_set(const char *set, const char *end, char c)
{
	bool inverted = *set == '!', found = false;

	for (set += inverted ? 1 : 0; set < end - 1; set++) {
		if (set[1] == '-' && set + 2 < end - 1) {
			found |= set[0] <= c && c <= set[2];
			set += 2;
		} else {
			found |= *set == c;
		}
	}
	return found != inverted;
}

/* Matches one character of the text; returns where the pattern goes on, or NULL. */
static const char *match_one(const char *pattern, char c)
{
	if (*pattern == '[') {
		const char *end = set_end(pattern + 1);

		if (end)
			return in_set(pattern + 1, end, c) ? end : NULL;
	}
	return *pattern == c || (*pattern == '?') ? pattern + 1 : NULL;
}

/* After a `*` only the last one counts: if what follows it does not match here, it takes one more character. */
bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
			continue;
		}
		next = *pattern != '\0' ? match_one(pattern, *text) : NULL;
		if (next) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
