/* SPDX-License-Identifier: Apache-2.0 */
/* LIBS: sodium */
/* Our SHA-512 beside libsodium's. Both have the same names, so ours is compiled under others. */
#include "unit.h"
#include <sodium.h>
#include <string.h>

#define crypto_hash_sha512        own
#define crypto_hash_sha512_init   own_init
#define crypto_hash_sha512_update own_update
#define crypto_hash_sha512_final  own_final
int own_init(crypto_hash_sha512_state *state);
int own_update(crypto_hash_sha512_state *state, const unsigned char *in, unsigned long long bytes);
int own_final(crypto_hash_sha512_state *state, unsigned char *out);
int own(unsigned char *out, const unsigned char *in, unsigned long long bytes);
#include "lib/sha512.c"
#undef crypto_hash_sha512

#define MOST 700

static void assert_same(const uint8_t *in, size_t bytes)
{
	uint8_t ours[64], theirs[64];

	own(ours, in, bytes);
	crypto_hash_sha512(theirs, in, bytes);
	assert_memory_equal(ours, theirs, 64);
}

static void every_length_has_libsodiums_hash(void **state)
{
	uint8_t data[MOST + 16];

	(void)state;
	randombytes_buf(data, sizeof(data));
	for (size_t bytes = 0; bytes <= MOST; bytes++)
		for (size_t at = 0; at < 9; at++)
			assert_same(data + at, bytes);
}

static void pieces_do_not_change_the_hash(void **state)
{
	uint8_t data[MOST], ours[64], theirs[64];

	(void)state;
	randombytes_buf(data, sizeof(data));
	crypto_hash_sha512(theirs, data, sizeof(data));
	for (size_t piece = 1; piece < 300; piece++) {
		crypto_hash_sha512_state s;

		own_init(&s);
		for (size_t at = 0; at < sizeof(data); at += piece)
			own_update(&s, data + at, piece < sizeof(data) - at ? piece : sizeof(data) - at);
		own_final(&s, ours);
		assert_memory_equal(ours, theirs, 64);
	}
}

/* FIPS 180-4's examples, published with it: one block, two blocks. */
static void the_standards_examples_have_their_hashes(void **state)
{
	static const char two[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
				  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
	static const uint8_t one_hash[8] = {0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba};
	static const uint8_t two_hash[8] = {0x8e, 0x95, 0x9b, 0x75, 0xda, 0xe3, 0x13, 0xda};
	uint8_t hash[64];

	(void)state;
	own(hash, (const uint8_t *)"abc", 3);
	assert_memory_equal(hash, one_hash, 8);
	own(hash, (const uint8_t *)two, sizeof(two) - 1);
	assert_memory_equal(hash, two_hash, 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_has_libsodiums_hash),
	    cmocka_unit_test(pieces_do_not_change_the_hash),
	    cmocka_unit_test(the_standards_examples_have_their_hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
