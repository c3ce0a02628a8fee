/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of one message of eight bytes, read as a little-endian number: words that
 * look random, of which none tells anything about the key or about another. The kernel and the processes make of the
 * board's randomness with it what each hands on.
 */
#pragma once

#include <stdint.h>

static inline uint64_t siphash_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void siphash_mix(uint64_t v[4], unsigned rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[1] = siphash_rotate(v[1], 13) ^ v[0];
		v[0] = siphash_rotate(v[0], 32);
		v[2] += v[3];
		v[3] = siphash_rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = siphash_rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = siphash_rotate(v[1], 17) ^ v[2];
		v[2] = siphash_rotate(v[2], 32);
	}
}

static inline uint64_t siphash(const uint8_t key[16], uint64_t message)
{
	/* The last block holds the message's length in its top byte. */
	const uint64_t block[2] = {message, 8ull << 56};
	uint64_t k[2];

	__builtin_memcpy(k, key, sizeof(k));
	/* The constants of the paper, section 2.1: "somepseudorandomlygeneratedbytes". */
	uint64_t v[4] = {k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d, k[0] ^ 0x6c7967656e657261,
			 k[1] ^ 0x7465646279746573};

	for (unsigned i = 0; i < 2; i++) {
		v[3] ^= block[i];
		siphash_mix(v, 2);
		v[0] ^= block[i];
	}
	v[2] ^= 0xff;
	siphash_mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
