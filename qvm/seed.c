/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/seed.h"

#include <string.h>

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(uint64_t v[4], unsigned count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t seed_word(const uint8_t key[16], uint64_t counter)
{
	/* The message is the eight bytes of the counter; the last block holds its length in the top byte. */
	const uint64_t block[2] = {counter, 8ull << 56};
	uint64_t k[2];

	memcpy(k, key, sizeof(k));
	uint64_t v[4] = {k[0] ^ 0x736f6d6570736575ull, k[1] ^ 0x646f72616e646f6dull, k[0] ^ 0x6c7967656e657261ull,
			 k[1] ^ 0x7465646279746573ull};

	for (unsigned i = 0; i < 2; i++) {
		v[3] ^= block[i];
		rounds(v, 2);
		v[0] ^= block[i];
	}
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool seed_available(const uint8_t key[16])
{
	uint8_t any = 0;

	for (unsigned i = 0; i < 16; i++)
		any |= key[i];
	return any != 0;
}
