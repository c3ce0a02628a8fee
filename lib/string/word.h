/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mem* and str* routines share. They use no floating-point register: the first use of one costs a process a
 * trap, and each switch afterwards a save.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Process memory is Normal memory (HCR_EL2.DC is 1 for processes), so unaligned loads and stores are allowed there; the
 * rest of the tree is compiled with strict alignment for the sake of devices. And a loop that copies must not become a
 * call of the function that it is in.
 */
#if defined(__GNUC__) && !defined(__clang__)
#ifdef __aarch64__
#pragma GCC target("no-strict-align")
#endif
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

/* Unit tests compile these files natively beside the C library's own. */
#ifdef STRING_OWN_NAMES
#define memcpy  own_memcpy
#define memmove own_memmove
#define memset  own_memset
#define memcmp  own_memcmp
#define memchr  own_memchr
#define strlen  own_strlen
#define strnlen own_strnlen
#define strcmp  own_strcmp
#define strncmp own_strncmp
#define strchr  own_strchr
#define strrchr own_strrchr
#define strcpy  own_strcpy
#define strncpy own_strncpy
#endif

/* As the C standard has them. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *in, int value, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t limit);

typedef uint64_t __attribute__((may_alias)) word64;
typedef struct {
	uint64_t v;
} __attribute__((packed, may_alias)) unaligned64;
typedef struct {
	uint32_t v;
} __attribute__((packed, may_alias)) unaligned32;
typedef struct {
	uint16_t v;
} __attribute__((packed, may_alias)) unaligned16;

static inline uint64_t load64(const void *p)
{
	return ((const unaligned64 *)p)->v;
}

static inline void store64(void *p, uint64_t v)
{
	((unaligned64 *)p)->v = v;
}

static inline uint32_t load32(const void *p)
{
	return ((const unaligned32 *)p)->v;
}

static inline void store32(void *p, uint32_t v)
{
	((unaligned32 *)p)->v = v;
}

static inline uint16_t load16(const void *p)
{
	return ((const unaligned16 *)p)->v;
}

static inline void store16(void *p, uint16_t v)
{
	((unaligned16 *)p)->v = v;
}

/* Two words, which a processor loads and stores by one instruction. */
typedef unsigned __int128 pair64;
typedef struct {
	pair64 v;
} __attribute__((packed, may_alias)) unaligned_pair64;

static inline pair64 load_pair(const void *p)
{
	return ((const unaligned_pair64 *)p)->v;
}

static inline void store_pair(void *p, pair64 v)
{
	((unaligned_pair64 *)p)->v = v;
}

#define ONES  0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

/* Nonzero if a byte of the word is zero; its lowest set bit is in the first such byte of a little-endian word. */
static inline uint64_t zero_bytes(uint64_t w)
{
	return (w - ONES) & ~w & HIGHS;
}
