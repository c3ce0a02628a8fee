/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings, by aligned words where the length is not known: an aligned word never crosses a page, so the bytes after
 * the terminator that come along can always be read. Address sanitizers cannot know that.
 */
#include "lib/string/word.h"

#if defined(__clang__)
#define READS_WHOLE_WORDS __attribute__((no_sanitize("address")))
#else
#define READS_WHOLE_WORDS
#endif

READS_WHOLE_WORDS size_t strlen(const char *s)
{
	const char *p = s;
	uint64_t found;

	for (; (uintptr_t)p & 7; p++)
		if (*p == 0)
			return (size_t)(p - s);
	while (!(found = zero_bytes(*(const word64 *)(const void *)p)))
		p += 8;
	return (size_t)(p - s) + ((unsigned)__builtin_ctzll(found) >> 3);
}

size_t strnlen(const char *s, size_t limit)
{
	const char *end = memchr(s, 0, limit);

	return end ? (size_t)(end - s) : limit;
}

/* By words where both strings are aligned alike: names and paths mostly are. */
READS_WHOLE_WORDS int strcmp(const char *a, const char *b)
{
	if ((((uintptr_t)a ^ (uintptr_t)b) & 7) == 0) {
		for (; (uintptr_t)a & 7; a++, b++)
			if (*a != *b || *a == 0)
				return (unsigned char)*a - (unsigned char)*b;
		for (;; a += 8, b += 8) {
			uint64_t x = *(const word64 *)(const void *)a;

			if (x != *(const word64 *)(const void *)b || zero_bytes(x))
				break;
		}
	}
	for (; *a == *b && *a; a++, b++)
		;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit; limit--, a++, b++)
		if (*a != *b || *a == 0)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

READS_WHOLE_WORDS char *strchr(const char *s, int c)
{
	uint64_t pattern = (unsigned char)c * ONES;

	for (; (uintptr_t)s & 7; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == 0)
			return NULL;
	}
	for (;; s += 8) {
		uint64_t w = *(const word64 *)(const void *)s;

		if (zero_bytes(w) | zero_bytes(w ^ pattern))
			break;
	}
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == 0)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do
		if (*s == (char)c)
			last = s;
	while (*s++);
	return (char *)(uintptr_t)last;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	return memcpy(to, from, strlen(from) + 1);
}

char *strncpy(char *restrict to, const char *restrict from, size_t limit)
{
	size_t bytes = strnlen(from, limit);

	memcpy(to, from, bytes);
	memset(to + bytes, 0, limit - bytes);
	return to;
}
