/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/manifest.c lib/cpio.c */
/* LIBS: sodium */
#include "manifest.h"
#include "unit.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZEROS_32 "00000000000000000000000000000000"
#define HASH     ZEROS_32 ZEROS_32
#define GOOD     MANIFEST_TITLE HASH " certified @kernel\n" HASH " - a\n" HASH " certified a.b\n" HASH " - b/c\n"

static struct manifest manifest;

/* The sanitizer watches both ends of a copy that is exactly as long as the text. */
static const char *read_copy(const char *text, size_t bytes, unsigned *line)
{
	char *copy = malloc(bytes ? bytes : 1);
	const char *wrong;

	memcpy(copy, text, bytes);
	wrong = manifest_read(&manifest, copy, bytes, line);
	free(copy);
	return wrong;
}

static void a_good_one_is_read(void **state)
{
	static const char text[] = GOOD;
	unsigned line;

	(void)state;
	assert_null(manifest_read(&manifest, text, sizeof(text) - 1, &line));
	assert_int_equal(manifest.count, 4);
	assert_true(manifest_find(&manifest, MANIFEST_KERNEL)->certified);
	assert_false(manifest_find(&manifest, "a")->certified);
	assert_true(manifest_find(&manifest, "./a.b")->certified);
	assert_ptr_equal(manifest_find(&manifest, "/b/c"), &manifest.lines[3]);
	assert_null(manifest_find(&manifest, "b"));
	assert_null(manifest_find(&manifest, "b/cd"));
	assert_null(manifest_find(&manifest, ""));
	/* No file at all is a manifest too. */
	assert_null(read_copy(MANIFEST_TITLE, strlen(MANIFEST_TITLE), &line));
	assert_int_equal(manifest.count, 0);
}

static void mistakes_are_found(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *wrong;
	} cases[] = {
	    {"", 1, "not a manifest"},
	    {"bulkhead-manifest 2", 1, "not a manifest of version 2"},
	    {"bulkhead-manifest 3\n", 1, "not a manifest of version 2"},
	    {"bulkhead-manifest 2\r\n", 1, "not a manifest of version 2"},
	    {"bulkhead-manifest 1", 1, "not a manifest of version 2"},
	    {"bulkhead-manifest 1\n", 1, "a manifest of version 1, which has SHA-512: sign the archive anew"},
	    {"bulkhead-manifest 1\n" HASH HASH " - a\n", 1, "a manifest of version 1"},
	    {MANIFEST_TITLE "\n", 2, "no SHA-256"},
	    {MANIFEST_TITLE ZEROS_32 " - a\n", 2, "no SHA-256"},
	    {MANIFEST_TITLE ZEROS_32 "0000000000000000000000000000000A - a\n", 2, "no SHA-256"},
	    {MANIFEST_TITLE HASH HASH " - a\n", 2, "no SHA-256"}, /* a line of version 1 */
	    {MANIFEST_TITLE HASH "0 - a\n", 2, "no SHA-256"},
	    {MANIFEST_TITLE HASH "  - a\n", 2, "flags"},
	    {MANIFEST_TITLE HASH " Certified a\n", 2, "flags"},
	    {MANIFEST_TITLE HASH " certifieda\n", 2, "flags"},
	    {MANIFEST_TITLE HASH " - \n", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - /a\n", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - ./a\n", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - a b\n", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - a\t\n", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - a\200\n", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - a", 2, "no valid file name"},
	    {MANIFEST_TITLE HASH " - a\n" HASH " - a\n", 3, "ascending"},
	    {MANIFEST_TITLE HASH " - a\n" HASH " certified a\n", 3, "ascending"},
	    {MANIFEST_TITLE HASH " - b\n" HASH " - a\n", 3, "ascending"},
	    {MANIFEST_TITLE HASH " - ab\n" HASH " - a\n", 3, "ascending"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned line = 0;
		const char *wrong = read_copy(cases[i].text, strlen(cases[i].text), &line);

		if (!wrong || strstr(wrong, cases[i].wrong) == NULL || line != cases[i].line)
			fail_msg("case %zu: %s, line %u", i, wrong ? wrong : "no mistake", line);
	}
}

static void limits_hold(void **state)
{
	size_t room = (MANIFEST_LINES_MAX + 2) * 512;
	char *text = malloc(room), name[MANIFEST_NAME_MAX + 2];
	unsigned line;
	int used = sprintf(text, "%s", MANIFEST_TITLE);

	(void)state;
	for (unsigned i = 0; i <= MANIFEST_LINES_MAX; i++) {
		if (i == MANIFEST_LINES_MAX) {
			assert_null(read_copy(text, (size_t)used, &line));
			assert_int_equal(manifest.count, MANIFEST_LINES_MAX);
		}
		used += sprintf(text + used, "%s - file%03u\n", HASH, i);
	}
	assert_string_equal(read_copy(text, (size_t)used, &line), "more files than a manifest may have");
	for (unsigned bytes = MANIFEST_NAME_MAX; bytes <= MANIFEST_NAME_MAX + 1; bytes++) {
		memset(name, 'n', bytes);
		name[bytes] = '\0';
		used = sprintf(text, "%s%s - %s\n", MANIFEST_TITLE, HASH, name);
		assert_int_equal(read_copy(text, (size_t)used, &line) == NULL, bytes == MANIFEST_NAME_MAX);
	}
	free(text);
}

static void every_length_and_every_byte_is_survived(void **state)
{
	static const char text[] = GOOD;
	char copy[sizeof(text)];
	unsigned line, good = 0;

	(void)state;
	for (size_t bytes = 0; bytes < sizeof(text); bytes++)
		good += read_copy(text, bytes, &line) == NULL;
	assert_int_equal(good, 5); /* the title, and after each line */
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, text, sizeof(text));
			copy[at] = (char)(copy[at] ^ 1 << bit);
			if (read_copy(copy, sizeof(text) - 1, &line) == NULL)
				assert_int_equal(manifest.count, 4);
		}
	}
}

static void a_hash_is_compared_in_full(void **state)
{
	uint8_t hash[MANIFEST_HASH_BYTES];
	char hex[2 * MANIFEST_HASH_BYTES + 1], text[512];
	unsigned line;

	(void)state;
	assert_int_equal(crypto_hash_sha256(hash, (const unsigned char *)"abc", 3), 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	assert_int_equal(strncmp(hex, "ba7816bf8f01cfea", 16), 0); /* FIPS 180-4's example */
	snprintf(text, sizeof(text), "%s%s - abc\n", MANIFEST_TITLE, hex);
	assert_null(manifest_read(&manifest, text, strlen(text), &line));
	assert_true(manifest_hash_is(manifest_find(&manifest, "abc"), hash));
	for (unsigned bit = 0; bit < 8 * MANIFEST_HASH_BYTES; bit++) {
		hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(manifest_hash_is(manifest_find(&manifest, "abc"), hash));
		hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_one_is_read),
	    cmocka_unit_test(mistakes_are_found),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(every_length_and_every_byte_is_survived),
	    cmocka_unit_test(a_hash_is_compared_in_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
