/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 with the instructions of FEAT_SHA256 (FIPS 180-4, section 6.2; Arm ARM, SHA256H): see sha256.h. */
#include "sha256.h"
#include <arm_neon.h>
#include <string.h>

#define BLOCK        64u
#define LENGTH_BYTES 8u /* at the end of the last block */

struct state {
	uint32x4_t abcd, efgh;
};

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Sixteen times four rounds. The next words of the schedule take the places of those that were used. */
static struct state hash_block(struct state s, const uint8_t *block)
{
	const uint8x16x4_t bytes = vld1q_u8_x4(block); /* LD1 of bytes needs no alignment */
	const struct state before = s;
	uint32x4_t w[4];

#pragma GCC unroll 4
	for (unsigned i = 0; i < 4; i++)
		w[i] = vreinterpretq_u32_u8(vrev32q_u8(bytes.val[i]));
#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++) {
		const uint32x4_t abcd = s.abcd, word = vaddq_u32(w[i % 4], vld1q_u32(constants + 4 * i));

		s.abcd = vsha256hq_u32(abcd, s.efgh, word);
		s.efgh = vsha256h2q_u32(s.efgh, abcd, word);
		if (i < 12)
			w[i % 4] =
			    vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
	}
	s.abcd = vaddq_u32(s.abcd, before.abcd);
	s.efgh = vaddq_u32(s.efgh, before.efgh);
	return s;
}

static struct state hash_blocks(struct state s, const uint8_t *data, size_t count)
{
	for (; count > 0; count--, data += BLOCK)
		s = hash_block(s, data);
	return s;
}

void sha256_accelerated(uint8_t hash[SHA256_BYTES], const void *data, size_t bytes)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const size_t rest = bytes % BLOCK;
	const size_t padded = rest < BLOCK - LENGTH_BYTES ? BLOCK : 2 * BLOCK;
	const uint64_t bits = __builtin_bswap64((uint64_t)bytes * 8);
	struct state s = {vld1q_u32(initial), vld1q_u32(initial + 4)};
	uint8_t last[2 * BLOCK] = {0};

	s = hash_blocks(s, data, bytes / BLOCK);
	if (rest > 0)
		memcpy(last, (const uint8_t *)data + (bytes - rest), rest);
	last[rest] = 0x80;
	memcpy(last + padded - LENGTH_BYTES, &bits, LENGTH_BYTES);
	s = hash_blocks(s, last, padded / BLOCK);
	vst1q_u8(hash, vrev32q_u8(vreinterpretq_u8_u32(s.abcd)));
	vst1q_u8(hash + SHA256_BYTES / 2, vrev32q_u8(vreinterpretq_u8_u32(s.efgh)));
}
