/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/string/mem.c lib/string/str.c */
/* CFLAGS: -DSTRING_OWN_NAMES */
/*
 * The library's mem* and str* routines against the C library's, for every alignment and all the lengths at which they
 * change their way.
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>

void *own_memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *own_memmove(void *to, const void *from, size_t bytes);
void *own_memset(void *to, int value, size_t bytes);
int own_memcmp(const void *a, const void *b, size_t bytes);
void *own_memchr(const void *in, int value, size_t bytes);
size_t own_strlen(const char *s);
size_t own_strnlen(const char *s, size_t limit);
int own_strcmp(const char *a, const char *b);
int own_strncmp(const char *a, const char *b, size_t limit);
char *own_strchr(const char *s, int c);
char *own_strrchr(const char *s, int c);
char *own_strcpy(char *restrict to, const char *restrict from);
char *own_strncpy(char *restrict to, const char *restrict from, size_t limit);

#define AREA      512
#define BYTES_MAX 200

static unsigned char area[AREA], expected[AREA];

static void fill(unsigned char *p, unsigned seed)
{
	for (unsigned i = 0; i < AREA; i++)
		p[i] = (unsigned char)(i * 37 + seed);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void memcpy_copies_at_every_alignment(void **state)
{
	(void)state;
	unsigned char from[AREA];

	fill(from, 5);
	for (unsigned to_at = 0; to_at < 9; to_at++)
		for (unsigned from_at = 0; from_at < 9; from_at++)
			for (unsigned n = 0; n <= BYTES_MAX; n++) {
				fill(area, 1);
				fill(expected, 1);
				memcpy(expected + to_at, from + from_at, n);
				assert_ptr_equal(own_memcpy(area + to_at, from + from_at, n), area + to_at);
				assert_memory_equal(area, expected, AREA);
			}
}

static void memmove_copies_overlapping_blocks(void **state)
{
	(void)state;
	static const unsigned starts[] = {0, 1, 7, 8, 15, 31, 32, 33, 40, 64, 65, 100, 131};

	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (unsigned j = 0; j < sizeof(starts) / sizeof(starts[0]); j++)
			for (unsigned n = 0; n <= BYTES_MAX; n++) {
				fill(area, 9);
				fill(expected, 9);
				memmove(expected + starts[i], expected + starts[j], n);
				assert_ptr_equal(own_memmove(area + starts[i], area + starts[j], n), area + starts[i]);
				assert_memory_equal(area, expected, AREA);
			}
}

static void memset_fills_the_block_alone(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 9; at++)
		for (unsigned n = 0; n <= BYTES_MAX; n++) {
			fill(area, 3);
			fill(expected, 3);
			memset(expected + at, 0xa5, n);
			assert_ptr_equal(own_memset(area + at, 0x7a5, n), area + at);
			assert_memory_equal(area, expected, AREA);
		}
}

static void memcmp_finds_the_first_difference(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++)
		for (unsigned differs = 0; differs < n; differs++)
			for (unsigned at = 0; at < 8; at++) {
				fill(area, 2);
				memcpy(expected, area + at, n);
				assert_int_equal(own_memcmp(area + at, expected, n), 0);
				expected[differs] ^= 0x80;
				if (differs + 1 < n) /* a later difference the other way must not count */
					expected[n - 1] = (unsigned char)(area[at + n - 1] ^ 0xff);
				assert_int_equal(sign(own_memcmp(area + at, expected, n)),
						 sign(memcmp(area + at, expected, n)));
			}
}

/* The block ends where its allocation does, so that the address sanitizer sees a read beyond it. */
static void memchr_stays_within_its_block(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 40; n++) {
		unsigned char *block = malloc(n);

		memset(block, 'x', n);
		assert_null(own_memchr(block, 'y', n));
		for (unsigned at = 0; at < n; at++) {
			memset(block, 'x', n);
			block[n - 1] = 0xff;
			block[at] = 0xff;
			assert_ptr_equal(own_memchr(block, 0x1ff, n), block + at);
			assert_ptr_equal(own_memchr(block, 'x', n), memchr(block, 'x', n));
		}
		free(block);
	}
	assert_null(own_memchr(area, area[0], 0));
}

static void strlen_stops_at_the_end(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 9; at++)
		for (unsigned n = 0; n < 70; n++) {
			memset(area, 0x80, AREA);
			area[at + n] = 0;
			const char *s = (const char *)area + at;

			assert_int_equal(own_strlen(s), n);
			assert_int_equal(own_strnlen(s, n), n);
			assert_int_equal(own_strnlen(s, n + 20), n);
			if (n)
				assert_int_equal(own_strnlen(s, n - 1), n - 1);
			area[at + n] = 1; /* 0x01 below 0x00: the word trick's false positive */
			area[at + n + 1] = 0;
			assert_int_equal(own_strlen(s), n + 1);
		}
}

static void strcmp_compares_bytes(void **state)
{
	(void)state;
	static const char *const words[] = {"",
					    "a",
					    "b",
					    "ab",
					    "shutdown",
					    "shutdowns",
					    "shutdown -r",
					    "shutdown -q",
					    "\xff",
					    "0123456789abcdef",
					    "0123456789ab",
					    "0123456789abcdeg"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (unsigned j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			for (unsigned shift = 0; shift < 64; shift++) {
				char *a = (char *)area + shift % 8, *b = (char *)expected + shift / 8;

				memset(area, 'j', AREA);
				memset(expected, 'k', AREA);
				strcpy(a, words[i]);
				strcpy(b, words[j]);
				assert_int_equal(sign(own_strcmp(a, b)), sign(strcmp(words[i], words[j])));
				for (unsigned n = 0; n < 18; n++)
					assert_int_equal(sign(own_strncmp(a, b, n)),
							 sign(strncmp(words[i], words[j], n)));
			}
}

static void strchr_finds_the_first(void **state)
{
	(void)state;
	const char text[] = "console guest-1\xff and \xff guest-2";

	for (unsigned at = 0; at < 8; at++) {
		char *s = (char *)area + at;

		strcpy(s, text);
		for (int c = 0; c < 256; c++) {
			assert_ptr_equal(own_strchr(s, c), strchr(s, c));
			assert_ptr_equal(own_strrchr(s, c), strrchr(s, c));
		}
	}
}

static void strcpy_copies_with_the_end(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		char from[64], to[64], same[64];

		memset(from, 'f', sizeof(from));
		from[n] = 0;
		memset(to, 't', sizeof(to));
		memset(same, 't', sizeof(same));
		assert_ptr_equal(own_strcpy(to, from), to);
		strcpy(same, from);
		assert_memory_equal(to, same, sizeof(to));
		for (unsigned limit = 0; limit < 50; limit++) {
			memset(to, 't', sizeof(to));
			memset(same, 't', sizeof(same));
			own_strncpy(to, from, limit);
			for (unsigned i = 0; i < limit; i++)
				same[i] = i < n ? 'f' : 0;
			assert_memory_equal(to, same, sizeof(to));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memcpy_copies_at_every_alignment),
	    cmocka_unit_test(memmove_copies_overlapping_blocks),
	    cmocka_unit_test(memset_fills_the_block_alone),
	    cmocka_unit_test(memcmp_finds_the_first_difference),
	    cmocka_unit_test(memchr_stays_within_its_block),
	    cmocka_unit_test(strlen_stops_at_the_end),
	    cmocka_unit_test(strcmp_compares_bytes),
	    cmocka_unit_test(strchr_finds_the_first),
	    cmocka_unit_test(strcpy_copies_with_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
