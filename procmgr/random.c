/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel gives procmgr 16 random bytes. Those of the other processes come out of them through a keyed function:
 * nobody who has one result can compute the key or another result.
 */
#include "random.h"

#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void mix(struct state *s, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s, 2);
	s->v0 ^= word;
}

uint64_t random_siphash(const uint8_t key[16], uint64_t message)
{
	uint64_t k0, k1;
	struct state s;

	memcpy(&k0, key, 8);
	memcpy(&k1, key + 8, 8);
	/* The constants of the paper, section 2.1: "somepseudorandomlygeneratedbytes". */
	s.v0 = k0 ^ 0x736f6d6570736575u;
	s.v1 = k1 ^ 0x646f72616e646f6du;
	s.v2 = k0 ^ 0x6c7967656e657261u;
	s.v3 = k1 ^ 0x7465646279746573u;
	absorb(&s, message);
	absorb(&s, 8ull << 56); /* the message's length in the last block's top byte */
	s.v2 ^= 0xff;
	mix(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void random_guard(uint8_t guard[16], const uint8_t key[16], uint32_t slot, uint32_t starts)
{
	for (uint32_t half = 0; half < 2; half++) {
		uint64_t word = random_siphash(key, (uint64_t)starts << 32 | half << 16 | slot);

		memcpy(guard + 8 * half, &word, sizeof word);
	}
}
