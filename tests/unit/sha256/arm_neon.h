/* SPDX-License-Identifier: Apache-2.0 */
/* The vector instructions that lib/arch/aarch64/sha256.c uses, in C: Arm ARM, C7.2, SHA256H to SHA256SU1. */
#pragma once

#include <stdint.h>
#include <string.h>

typedef struct {
	uint32_t e[4];
} uint32x4_t;

typedef struct {
	uint8_t e[16];
} uint8x16_t;

typedef struct {
	uint8x16_t val[4];
} uint8x16x4_t;

#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))

static inline uint8x16x4_t vld1q_u8_x4(const uint8_t *at)
{
	uint8x16x4_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32x4_t vld1q_u32(const uint32_t *at)
{
	uint32x4_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline void vst1q_u8(uint8_t *at, uint8x16_t v)
{
	memcpy(at, &v, sizeof(v));
}

static inline uint8x16_t vrev32q_u8(uint8x16_t v)
{
	uint8x16_t r;

	for (unsigned i = 0; i < 16; i++)
		r.e[i] = v.e[i ^ 3];
	return r;
}

static inline uint32x4_t vreinterpretq_u32_u8(uint8x16_t v)
{
	return vld1q_u32((const uint32_t *)(const void *)&v);
}

static inline uint8x16_t vreinterpretq_u8_u32(uint32x4_t v)
{
	uint8x16_t r;

	memcpy(&r, &v, sizeof(r));
	return r;
}

static inline uint32x4_t vaddq_u32(uint32x4_t a, uint32x4_t b)
{
	for (unsigned i = 0; i < 4; i++)
		a.e[i] += b.e[i];
	return a;
}

/* SHA256hash(): four rounds of both halves of the state. */
static inline void hash_four(uint32_t x[4], uint32_t y[4], uint32x4_t w)
{
	for (unsigned i = 0; i < 4; i++) {
		uint32_t sum1 = ROR(y[0], 6) ^ ROR(y[0], 11) ^ ROR(y[0], 25);
		uint32_t sum0 = ROR(x[0], 2) ^ ROR(x[0], 13) ^ ROR(x[0], 22);
		uint32_t t = y[3] + sum1 + (((y[1] ^ y[2]) & y[0]) ^ y[2]) + w.e[i];
		uint32_t a = t + sum0 + ((x[0] & x[1]) | ((x[0] | x[1]) & x[2])), e = t + x[3];

		memmove(x + 1, x, 12);
		memmove(y + 1, y, 12);
		x[0] = a;
		y[0] = e;
	}
}

static inline uint32x4_t vsha256hq_u32(uint32x4_t abcd, uint32x4_t efgh, uint32x4_t w)
{
	hash_four(abcd.e, efgh.e, w);
	return abcd;
}

static inline uint32x4_t vsha256h2q_u32(uint32x4_t efgh, uint32x4_t abcd, uint32x4_t w)
{
	hash_four(abcd.e, efgh.e, w);
	return efgh;
}

static inline uint32x4_t vsha256su0q_u32(uint32x4_t w0, uint32x4_t w4)
{
	for (unsigned i = 0; i < 4; i++) {
		uint32_t next = i < 3 ? w0.e[i + 1] : w4.e[0];

		w0.e[i] += ROR(next, 7) ^ ROR(next, 18) ^ next >> 3;
	}
	return w0;
}

static inline uint32x4_t vsha256su1q_u32(uint32x4_t w0, uint32x4_t w8, uint32x4_t w12)
{
	for (unsigned i = 0; i < 4; i++) {
		uint32_t last = i < 2 ? w12.e[i + 2] : w0.e[i - 2];

		w0.e[i] += (ROR(last, 17) ^ ROR(last, 19) ^ last >> 10) + (i < 3 ? w8.e[i + 1] : w12.e[0]);
	}
	return w0;
}
