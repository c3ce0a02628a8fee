/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of memory. Both ends of a block are handled by words that may overlap, so no loop goes by single bytes beyond
 * three of them.
 */
#include "lib/string/word.h"

/* Up to 32 bytes: everything is loaded before anything is stored, so the blocks may overlap. */
static inline void copy_short(unsigned char *d, const unsigned char *s, size_t n)
{
	if (n >= 16) {
		uint64_t a = load64(s), b = load64(s + 8), c = load64(s + n - 16), e = load64(s + n - 8);

		store64(d, a);
		store64(d + 8, b);
		store64(d + n - 16, c);
		store64(d + n - 8, e);
	} else if (n >= 8) {
		uint64_t a = load64(s), b = load64(s + n - 8);

		store64(d, a);
		store64(d + n - 8, b);
	} else if (n >= 4) {
		uint32_t a = load32(s), b = load32(s + n - 4);

		store32(d, a);
		store32(d + n - 4, b);
	} else if (n) {
		unsigned char a = s[0], b = s[n / 2], c = s[n - 1];

		d[0] = a;
		d[n / 2] = b;
		d[n - 1] = c;
	}
}

/*
 * More than 32 bytes, ascending; right also when d lies below s. The last 32 bytes are loaded first, since the loop may
 * overwrite them.
 */
static inline void copy_up(unsigned char *d, const unsigned char *s, size_t n)
{
	const unsigned char *tail = s + n - 32;
	unsigned char *end = d + n - 32;
	uint64_t t0 = load64(tail), t1 = load64(tail + 8), t2 = load64(tail + 16), t3 = load64(tail + 24);

	for (; n > 128; n -= 64, d += 64, s += 64) {
		pair64 a = load_pair(s), b = load_pair(s + 16), c = load_pair(s + 32), e = load_pair(s + 48);

		store_pair(d, a);
		store_pair(d + 16, b);
		store_pair(d + 32, c);
		store_pair(d + 48, e);
	}
	do {
		uint64_t a = load64(s), b = load64(s + 8), c = load64(s + 16), e = load64(s + 24);

		store64(d, a);
		store64(d + 8, b);
		store64(d + 16, c);
		store64(d + 24, e);
		d += 32;
		s += 32;
	} while (d < end);
	store64(end, t0);
	store64(end + 8, t1);
	store64(end + 16, t2);
	store64(end + 24, t3);
}

/* More than 32 bytes, descending: d lies above s. */
static void copy_down(unsigned char *d, const unsigned char *s, size_t n)
{
	uint64_t h0 = load64(s), h1 = load64(s + 8), h2 = load64(s + 16), h3 = load64(s + 24);
	size_t left = n;

	do {
		const unsigned char *from = s + left - 32;
		uint64_t a = load64(from), b = load64(from + 8), c = load64(from + 16), e = load64(from + 24);

		left -= 32;
		store64(d + left, a);
		store64(d + left + 8, b);
		store64(d + left + 16, c);
		store64(d + left + 24, e);
	} while (left > 32);
	store64(d, h0);
	store64(d + 8, h1);
	store64(d + 16, h2);
	store64(d + 24, h3);
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	if (bytes <= 32)
		copy_short(to, from, bytes);
	else
		copy_up(to, from, bytes);
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	if (bytes <= 32)
		copy_short(to, from, bytes);
	else if ((uintptr_t)to - (uintptr_t)from >= bytes)
		copy_up(to, from, bytes);
	else
		copy_down(to, from, bytes);
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	unsigned char *d = to;
	uint64_t v = (unsigned char)value * ONES;

	if (bytes < 8) {
		if (bytes >= 4) {
			store32(d, (uint32_t)v);
			store32(d + bytes - 4, (uint32_t)v);
		} else if (bytes) {
			d[0] = (unsigned char)v;
			d[bytes / 2] = (unsigned char)v;
			d[bytes - 1] = (unsigned char)v;
		}
		return to;
	}
	unsigned char *end = d + bytes;

	for (; end - d > 32; d += 32) {
		store64(d, v);
		store64(d + 8, v);
		store64(d + 16, v);
		store64(d + 24, v);
	}
	for (; end - d > 8; d += 8)
		store64(d, v);
	store64(end - 8, v);
	return to;
}

/* The order of two words is that of their first different bytes, which are the lowest of a little-endian word. */
static int order(uint64_t a, uint64_t b)
{
	return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *p = a, *q = b;

	for (; bytes >= 8; bytes -= 8, p += 8, q += 8) {
		uint64_t x = load64(p), y = load64(q);

		if (x != y)
			return order(x, y);
	}
	for (; bytes; bytes--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *in, int value, size_t bytes)
{
	const unsigned char *p = in;
	uint64_t pattern = (unsigned char)value * ONES;

	for (; bytes >= 8; bytes -= 8, p += 8) {
		uint64_t found = zero_bytes(load64(p) ^ pattern);

		if (found)
			return (void *)(uintptr_t)(p + (__builtin_ctzll(found) >> 3));
	}
	for (; bytes; bytes--, p++)
		if (*p == (unsigned char)value)
			return (void *)(uintptr_t)p;
	return NULL;
}
