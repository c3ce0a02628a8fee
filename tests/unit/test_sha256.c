/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/arch/aarch64/sha256.c */
/* LIBS: sodium */
/* CFLAGS: -Itests/unit/sha256 */
/*
 * SHA-256 with the processor's instructions, on a model of them (tests/unit/sha256), beside libsodium's. The sanitizer
 * watches both ends of what is hashed. On the target: tests/el0/sha256.c.
 */
#include "answers.h"
#include "lib/include/sha256.h"
#include "unit.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MOST 300u

static void known_answers_are_given(void **state)
{
	uint8_t hash[SHA256_BYTES], *data = malloc(ANSWER_MOST);

	(void)state;
	answers_data(data, ANSWER_MOST);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		sha256_accelerated(hash, data, answers[i].bytes);
		assert_memory_equal(hash, answers[i].hash, sizeof(hash));
		crypto_hash_sha256(hash, data, answers[i].bytes);
		assert_memory_equal(hash, answers[i].hash, sizeof(hash));
	}
	free(data);
}

/* FIPS 180-4's examples, published with it: one block, two blocks. */
static void the_standards_examples_have_their_hashes(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const uint8_t one_hash[8] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
	static const uint8_t two_hash[8] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8};
	uint8_t hash[SHA256_BYTES];

	(void)state;
	sha256_accelerated(hash, "abc", 3);
	assert_memory_equal(hash, one_hash, 8);
	sha256_accelerated(hash, two, sizeof(two) - 1);
	assert_memory_equal(hash, two_hash, 8);
	sha256_accelerated(hash, NULL, 0);
	assert_memory_equal(hash, answers[0].hash, sizeof(hash));
}

static void every_length_and_alignment_has_libsodiums_hash(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes <= MOST; bytes++) {
		for (size_t at = 0; at < 17; at++) {
			uint8_t *data = malloc(at + bytes + (at + bytes == 0)), ours[SHA256_BYTES],
				theirs[SHA256_BYTES];

			randombytes_buf(data, at + bytes);
			sha256_accelerated(ours, data + at, bytes);
			crypto_hash_sha256(theirs, data + at, bytes);
			assert_memory_equal(ours, theirs, sizeof(ours));
			free(data);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_answers_are_given),
	    cmocka_unit_test(the_standards_examples_have_their_hashes),
	    cmocka_unit_test(every_length_and_alignment_has_libsodiums_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
