/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/insn.c */
/* The decoder against words that an assembler made; the text beside each is what it was given. */
#include "qvm/arch/aarch64/insn.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
	uint32_t word;
	const char *text;
	struct insn_access expected; /* rm or status 0: none; the second rt counts only for a pair */
} good[] = {
	{ 0x29400861, "ldp w1, w2, [x3]",
	  { .count = 2, .bytes = 4, .rt = { 1, 2 }, .rn = 3 } },
	{ 0xa97f0861, "ldp x1, x2, [x3, #-16]",
	  { .wide = true, .count = 2, .bytes = 8, .rt = { 1, 2 }, .rn = 3, .offset = -16 } },
	{ 0xa8df8be1, "ldp x1, x2, [sp], #504",
	  { .wide = true, .count = 2, .bytes = 8, .rt = { 1, 2 }, .rn = 31, .mode = INSN_POST, .offset = 504 } },
	{ 0xa9e0787d, "ldp x29, x30, [x3, #-512]!",
	  { .wide = true, .count = 2, .bytes = 8, .rt = { 29, 30 }, .rn = 3, .mode = INSN_PRE, .offset = -512 } },
	{ 0x291ffca4, "stp w4, wzr, [x5, #252]",
	  { .store = true, .count = 2, .bytes = 4, .rt = { 4, 31 }, .rn = 5, .offset = 252 } },
	{ 0xa8b018ff, "stp xzr, x6, [x7], #-256",
	  { .store = true, .wide = true, .count = 2, .bytes = 8,
	    .rt = { 31, 6 }, .rn = 7, .mode = INSN_POST, .offset = -256 } },
	{ 0xa98127e8, "stp x8, x9, [sp, #16]!",
	  { .store = true, .wide = true, .count = 2, .bytes = 8,
	    .rt = { 8, 9 }, .rn = 31, .mode = INSN_PRE, .offset = 16 } },
	{ 0x697f2d8a, "ldpsw x10, x11, [x12, #-8]",
	  { .sign_extend = true, .wide = true, .count = 2, .bytes = 4, .rt = { 10, 11 }, .rn = 12, .offset = -8 } },
	{ 0x68c12d8a, "ldpsw x10, x11, [x12], #8",
	  { .sign_extend = true, .wide = true, .count = 2, .bytes = 4,
	    .rt = { 10, 11 }, .rn = 12, .mode = INSN_POST, .offset = 8 } },
	{ 0xa8420861, "ldnp x1, x2, [x3, #32]",
	  { .wide = true, .count = 2, .bytes = 8, .rt = { 1, 2 }, .rn = 3, .offset = 32 } },
	{ 0x283f8861, "stnp w1, w2, [x3, #-4]",
	  { .store = true, .count = 2, .bytes = 4, .rt = { 1, 2 }, .rn = 3, .offset = -4 } },
	{ 0x2d408440, "ldp s0, s1, [x2, #4]",
	  { .simd = true, .count = 2, .bytes = 4, .rt = { 0, 1 }, .rn = 2, .offset = 4 } },
	{ 0x6cc10c82, "ldp d2, d3, [x4], #16",
	  { .simd = true, .count = 2, .bytes = 8, .rt = { 2, 3 }, .rn = 4, .mode = INSN_POST, .offset = 16 } },
	{ 0xada014c4, "stp q4, q5, [x6, #-1024]!",
	  { .store = true, .simd = true, .count = 2, .bytes = 16,
	    .rt = { 4, 5 }, .rn = 6, .mode = INSN_PRE, .offset = -1024 } },
	{ 0xad407c1e, "ldp q30, q31, [x0]",
	  { .simd = true, .count = 2, .bytes = 16, .rt = { 30, 31 }, .rn = 0 } },
	{ 0x6c009d06, "stnp d6, d7, [x8, #8]",
	  { .store = true, .simd = true, .count = 2, .bytes = 8, .rt = { 6, 7 }, .rn = 8, .offset = 8 } },
	{ 0xac408500, "ldnp q0, q1, [x8, #16]",
	  { .simd = true, .count = 2, .bytes = 16, .rt = { 0, 1 }, .rn = 8, .offset = 16 } },
	{ 0xf8408420, "ldr x0, [x1], #8",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .mode = INSN_POST, .offset = 8 } },
	{ 0xf8500c20, "ldr x0, [x1, #-256]!",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .mode = INSN_PRE, .offset = -256 } },
	{ 0xb84ff420, "ldr w0, [x1], #255",
	  { .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1, .mode = INSN_POST, .offset = 255 } },
	{ 0xf8008c62, "str x2, [x3, #8]!",
	  { .store = true, .wide = true, .count = 1, .bytes = 8,
	    .rt = { 2 }, .rn = 3, .mode = INSN_PRE, .offset = 8 } },
	{ 0xb81fc462, "str w2, [x3], #-4",
	  { .store = true, .count = 1, .bytes = 4, .rt = { 2 }, .rn = 3, .mode = INSN_POST, .offset = -4 } },
	{ 0x384014a4, "ldrb w4, [x5], #1",
	  { .count = 1, .bytes = 1, .rt = { 4 }, .rn = 5, .mode = INSN_POST, .offset = 1 } },
	{ 0x38001ca4, "strb w4, [x5, #1]!",
	  { .store = true, .count = 1, .bytes = 1, .rt = { 4 }, .rn = 5, .mode = INSN_PRE, .offset = 1 } },
	{ 0x784024e6, "ldrh w6, [x7], #2",
	  { .count = 1, .bytes = 2, .rt = { 6 }, .rn = 7, .mode = INSN_POST, .offset = 2 } },
	{ 0x781fece6, "strh w6, [x7, #-2]!",
	  { .store = true, .count = 1, .bytes = 2, .rt = { 6 }, .rn = 7, .mode = INSN_PRE, .offset = -2 } },
	{ 0x38c01528, "ldrsb w8, [x9], #1",
	  { .sign_extend = true, .count = 1, .bytes = 1, .rt = { 8 }, .rn = 9, .mode = INSN_POST, .offset = 1 } },
	{ 0x38801d28, "ldrsb x8, [x9, #1]!",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 1,
	    .rt = { 8 }, .rn = 9, .mode = INSN_PRE, .offset = 1 } },
	{ 0x78c0256a, "ldrsh w10, [x11], #2",
	  { .sign_extend = true, .count = 1, .bytes = 2, .rt = { 10 }, .rn = 11, .mode = INSN_POST, .offset = 2 } },
	{ 0x78802d6a, "ldrsh x10, [x11, #2]!",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 2,
	    .rt = { 10 }, .rn = 11, .mode = INSN_PRE, .offset = 2 } },
	{ 0xb88045ac, "ldrsw x12, [x13], #4",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 4,
	    .rt = { 12 }, .rn = 13, .mode = INSN_POST, .offset = 4 } },
	{ 0xf84107ee, "ldr x14, [sp], #16",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 14 }, .rn = 31, .mode = INSN_POST, .offset = 16 } },
	{ 0xf80085ff, "str xzr, [x15], #8",
	  { .store = true, .wide = true, .count = 1, .bytes = 8,
	    .rt = { 31 }, .rn = 15, .mode = INSN_POST, .offset = 8 } },
	{ 0xf97ffc20, "ldr x0, [x1, #32760]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .offset = 32760 } },
	{ 0xb97ffc20, "ldr w0, [x1, #16380]",
	  { .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1, .offset = 16380 } },
	{ 0x393ffc20, "strb w0, [x1, #4095]",
	  { .store = true, .count = 1, .bytes = 1, .rt = { 0 }, .rn = 1, .offset = 4095 } },
	{ 0x79bffc20, "ldrsh x0, [x1, #8190]",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 2, .rt = { 0 }, .rn = 1, .offset = 8190 } },
	{ 0xb9800420, "ldrsw x0, [x1, #4]",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1, .offset = 4 } },
	{ 0xf85ff020, "ldur x0, [x1, #-1]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .offset = -1 } },
	{ 0x78003020, "sturh w0, [x1, #3]",
	  { .store = true, .count = 1, .bytes = 2, .rt = { 0 }, .rn = 1, .offset = 3 } },
	{ 0x38d00020, "ldursb w0, [x1, #-256]",
	  { .sign_extend = true, .count = 1, .bytes = 1, .rt = { 0 }, .rn = 1, .offset = -256 } },
	{ 0xf8408820, "ldtr x0, [x1, #8]",
	  { .unprivileged = true, .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .offset = 8 } },
	{ 0x381f8820, "sttrb w0, [x1, #-8]",
	  { .unprivileged = true, .store = true, .count = 1, .bytes = 1, .rt = { 0 }, .rn = 1, .offset = -8 } },
	{ 0xb8804820, "ldtrsw x0, [x1, #4]",
	  { .unprivileged = true, .sign_extend = true, .wide = true, .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1, .offset = 4 } },
	{ 0xf8626820, "ldr x0, [x1, x2]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .rm = 2, .extend = 1 } },
	{ 0xf8627820, "ldr x0, [x1, x2, lsl #3]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .rm = 2, .extend = 1, .shift = 3 } },
	{ 0xb8624820, "ldr w0, [x1, w2, uxtw]",
	  { .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1, .rm = 2 } },
	{ 0xb822d820, "str w0, [x1, w2, sxtw #2]",
	  { .store = true, .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1, .rm = 2, .extend = 4, .shift = 2 } },
	{ 0x7862f820, "ldrh w0, [x1, x2, sxtx #1]",
	  { .count = 1, .bytes = 2, .rt = { 0 }, .rn = 1, .rm = 2, .extend = 5, .shift = 1 } },
	{ 0x38226820, "strb w0, [x1, x2]",
	  { .store = true, .count = 1, .bytes = 1, .rt = { 0 }, .rn = 1, .rm = 2, .extend = 1 } },
	{ 0x38a24820, "ldrsb x0, [x1, w2, uxtw]",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 1, .rt = { 0 }, .rn = 1, .rm = 2 } },
	{ 0x3ce27820, "ldr q0, [x1, x2, lsl #4]",
	  { .simd = true, .count = 1, .bytes = 16, .rt = { 0 }, .rn = 1, .rm = 2, .extend = 1, .shift = 4 } },
	{ 0x3d400020, "ldr b0, [x1]",
	  { .simd = true, .count = 1, .bytes = 1, .rt = { 0 }, .rn = 1 } },
	{ 0x7d400441, "ldr h1, [x2, #2]",
	  { .simd = true, .count = 1, .bytes = 2, .rt = { 1 }, .rn = 2, .offset = 2 } },
	{ 0xbc404462, "ldr s2, [x3], #4",
	  { .simd = true, .count = 1, .bytes = 4, .rt = { 2 }, .rn = 3, .mode = INSN_POST, .offset = 4 } },
	{ 0xfc008c83, "str d3, [x4, #8]!",
	  { .store = true, .simd = true, .count = 1, .bytes = 8,
	    .rt = { 3 }, .rn = 4, .mode = INSN_PRE, .offset = 8 } },
	{ 0x3dc004a4, "ldr q4, [x5, #16]",
	  { .simd = true, .count = 1, .bytes = 16, .rt = { 4 }, .rn = 5, .offset = 16 } },
	{ 0x3c9f04c5, "str q5, [x6], #-16",
	  { .store = true, .simd = true, .count = 1, .bytes = 16,
	    .rt = { 5 }, .rn = 6, .mode = INSN_POST, .offset = -16 } },
	{ 0x3cc050e6, "ldur q6, [x7, #5]",
	  { .simd = true, .count = 1, .bytes = 16, .rt = { 6 }, .rn = 7, .offset = 5 } },
	{ 0x3c1ff107, "stur b7, [x8, #-1]",
	  { .store = true, .simd = true, .count = 1, .bytes = 1, .rt = { 7 }, .rn = 8, .offset = -1 } },
	{ 0xbc2ad928, "str s8, [x9, w10, sxtw #2]",
	  { .store = true, .simd = true, .count = 1, .bytes = 4,
	    .rt = { 8 }, .rn = 9, .rm = 10, .extend = 4, .shift = 2 } },
	{ 0x88dffc20, "ldar w0, [x1]",
	  { .count = 1, .bytes = 4, .rt = { 0 }, .rn = 1 } },
	{ 0xc8dfffe2, "ldar x2, [sp]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 2 }, .rn = 31 } },
	{ 0x08dffc83, "ldarb w3, [x4]",
	  { .count = 1, .bytes = 1, .rt = { 3 }, .rn = 4 } },
	{ 0xc89ffcc5, "stlr x5, [x6]",
	  { .store = true, .wide = true, .count = 1, .bytes = 8, .rt = { 5 }, .rn = 6 } },
	{ 0x489ffd07, "stlrh w7, [x8]",
	  { .store = true, .count = 1, .bytes = 2, .rt = { 7 }, .rn = 8 } },
	{ 0x88df7d49, "ldlar w9, [x10]",
	  { .count = 1, .bytes = 4, .rt = { 9 }, .rn = 10 } },
	{ 0xc89f7d8b, "stllr x11, [x12]",
	  { .store = true, .wide = true, .count = 1, .bytes = 8, .rt = { 11 }, .rn = 12 } },
	{ 0xf8bfc1cd, "ldapr x13, [x14]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 13 }, .rn = 14 } },
	{ 0x38bfc20f, "ldaprb w15, [x16]",
	  { .count = 1, .bytes = 1, .rt = { 15 }, .rn = 16 } },
	{ 0xd95f8020, "ldapur x0, [x1, #-8]",
	  { .wide = true, .count = 1, .bytes = 8, .rt = { 0 }, .rn = 1, .offset = -8 } },
	{ 0x19007062, "stlurb w2, [x3, #7]",
	  { .store = true, .count = 1, .bytes = 1, .rt = { 2 }, .rn = 3, .offset = 7 } },
	{ 0x198010a4, "ldapursb x4, [x5, #1]",
	  { .sign_extend = true, .wide = true, .count = 1, .bytes = 1, .rt = { 4 }, .rn = 5, .offset = 1 } },
	{ 0x595000e6, "ldapurh w6, [x7, #-256]",
	  { .count = 1, .bytes = 2, .rt = { 6 }, .rn = 7, .offset = -256 } },
#include "insn/words.h"
};

static const struct {
	uint32_t word;
	const char *text;
} refused[] = {
	{ 0xf9800000, "prfm pldl1keep, [x0]" },
	{ 0xf8801000, "prfum pldl1keep, [x0, #1]" },
	{ 0xf8a16800, "prfm pldl1keep, [x0, x1]" },
	{ 0xf8200420, "ldraa x0, [x1]" },
	{ 0xd9200820, "stg x0, [x1]" },
	{ 0x69000440, "stgp x0, x1, [x2]" },
	{ 0xd503201f, "nop" },
	{ 0xd65f03c0, "ret" },
	{ 0x8b020020, "add x0, x1, x2" },
	{ 0xf8408421, "ldr x1, [x1], #8" },
	{ 0xf8008421, "str x1, [x1], #8" },
	{ 0xa8c10422, "ldp x2, x1, [x1], #16" },
	{ 0xa9400421, "ldp x1, x1, [x1]" },
	{ 0xad400401, "ldp q1, q1, [x0]" },
	{ 0xf8600820, "ldr x0, [x1, w0 as a halfword]" },
	{ 0xe9400420, "pair with opc 11" },
	{ 0xfcc00020, "V, size 3, opc 3" },
	{ 0xb8c00420, "size 2, opc 3" },
	{ 0xfc400820, "unprivileged form of a V register" },
	{ 0x68400420, "ldnp with opc 01" },
	{ 0x68800420, "stp with opc 01" },
	{ 0x0c408c00, "ld2 of doublewords in 64 bits" },
	{ 0x4d00c800, "a store that replicates" },
	{ 0x4d40d800, "ld1r with S" },
	{ 0x0d404400, "a lane of a halfword with size 1" },
	{ 0x0d408800, "a lane of a word with size 2" },
	{ 0x0d409400, "a lane of a doubleword with S" },
	{ 0x0d408c00, "a lane of a doubleword with size 3" },
	{ 0x48237cc4, "casp of an odd register" },
	{ 0x48227cc5, "casp to an odd register" },
	{ 0x482278c4, "casp without Rt2 31" },
	{ 0x4c607000, "ld1 of registers with R" },
	{ 0x4c417000, "ld1 without write-back, with Rm" },
	{ 0x4c401000, "structure opcode 1" },
	{ 0x4c40f000, "structure opcode 15" },
	{ 0x0d410c00, "ldap1 and the like" },
	{ 0xf8219062, "st64bv0 and the like" },
	{ 0xfc218062, "an atomic of V registers" },
	{ 0xd50b7440, "dc with another op2" },
	{ 0xd50b7460, "dc gva, x0" },
	{ 0xd50b7480, "dc gzva, x0" },
	{ 0xd50b7e20, "dc civac, x0" },
	{ 0xd8000005, "prfm literal" },
	{ 0x00000000, "unallocated" },
	{ 0xffffffff, "unallocated" },
};
/* clang-format on */

static void loads_and_stores_are_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct insn_access *e = &good[i].expected;
		const unsigned second = e->count == 2 && !e->structure ? e->rt[1] : INSN_NO_REGISTER;
		const unsigned status = e->status ? e->status : INSN_NO_REGISTER;
		const unsigned index = e->rm ? e->rm : INSN_NO_REGISTER;
		struct insn_access a;

		if (!insn_decode(good[i].word, &a))
			fail_msg("refused: %s", good[i].text);
		if (a.kind != e->kind || a.structure != e->structure || a.lane != e->lane || a.full != e->full ||
		    a.status != status || a.unprivileged != e->unprivileged)
			fail_msg("wrong form: %s", good[i].text);
		if (a.store != e->store || a.simd != e->simd || a.sign_extend != e->sign_extend || a.wide != e->wide ||
		    a.count != e->count || a.bytes != e->bytes)
			fail_msg("wrong kind: %s", good[i].text);
		if (a.rt[0] != e->rt[0] || a.rt[1] != second || a.rn != e->rn || a.rm != index)
			fail_msg("wrong registers: %s", good[i].text);
		if (a.extend != e->extend || a.shift != e->shift || a.mode != e->mode || a.offset != e->offset)
			fail_msg("wrong address: %s", good[i].text);
	}
}

static void everything_else_is_refused(void **state)
{
	struct insn_access a;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (insn_decode(refused[i].word, &a))
			fail_msg("taken: %s", refused[i].text);
	}
}

/* Every word of the encoding space of loads and stores, thinned out: what is accepted is always within bounds. */
static void what_is_accepted_is_within_bounds(void **state)
{
	uint32_t word = 1;
	unsigned accepted = 0, kinds = 0;

	(void)state;
	for (unsigned n = 0; n < 4000000; n++) {
		struct insn_access a;

		word = word * 1664525u + 1013904223u;
		if (!insn_decode(word ^ (word >> 15), &a))
			continue;
		accepted++;
		kinds |= 1u << a.kind;
		assert_true(a.rt[0] < 32 && a.rn <= INSN_PC && a.rm <= INSN_NO_REGISTER && a.rt[1] <= INSN_NO_REGISTER);
		assert_true(a.mode == INSN_OFFSET || a.rm == INSN_NO_REGISTER || a.structure != 0);
		assert_true(!a.simd || (!a.sign_extend && !a.wide));
		if (a.kind == INSN_ZERO)
			continue;
		assert_true(a.bytes && a.bytes <= 16 && !(a.bytes & (a.bytes - 1)));
		assert_true(a.count >= 1 && a.count * a.bytes <= INSN_BYTES_MAX);
		assert_true(a.shift <= 4 && a.mode <= INSN_POST);
		assert_true(a.simd || a.bytes <= 8);
		if (a.structure == 0) {
			assert_true(a.count == 1 ? a.rt[1] == INSN_NO_REGISTER : a.count == 2 && a.rt[1] < 32);
			continue;
		}
		for (unsigned e = 0; e < a.count; e++) {
			assert_true((insn_register(&a, e) - a.rt[0]) % 32 < 4);
			assert_true((insn_lane(&a, e) + 1) * a.bytes <= (a.full || a.kind == INSN_LANE ? 16 : 8));
		}
	}
	assert_int_equal(kinds | 1u << INSN_ZERO, 0x7f);
	assert_true(accepted > 100000);
}

static struct insn_access decoded(uint32_t word)
{
	struct insn_access a;

	assert_true(insn_decode(word, &a));
	return a;
}

static void addresses_and_write_back_are_computed(void **state)
{
	struct insn_access a = decoded(0xf8408420); /* ldr x0, [x1], #8 */
	uint64_t value = 0;

	(void)state;
	assert_int_equal(insn_address(&a, 0x1000, 0), 0x1000);
	assert_true(insn_writeback(&a, 0x1000, 0, &value));
	assert_int_equal(value, 0x1008);
	a = decoded(0xf8500c20); /* ldr x0, [x1, #-256]! */
	assert_int_equal(insn_address(&a, 0x1000, 0), 0xf00);
	assert_true(insn_writeback(&a, 0x80, 0, &value));
	assert_int_equal(value, (uint64_t)-0x80);
	a = decoded(0xb820d820); /* str w0, [x1, w0, sxtw #2] */
	assert_int_equal(insn_address(&a, 0x1000, 0xabcdfffffffful), 0xffc);
	assert_false(insn_writeback(&a, 0x1000, 0, &value));
	a = decoded(0xb8624820); /* ldr w0, [x1, w2, uxtw] */
	assert_int_equal(insn_address(&a, 0x1000, 0xabcdfffffffful), 0x100000fff);
	a = decoded(0xf8627820); /* ldr x0, [x1, x2, lsl #3] */
	assert_int_equal(insn_address(&a, 0x1000, (uint64_t)-1), 0xff8);
	a = decoded(0x3ce27820); /* ldr q0, [x1, x2, lsl #4] */
	assert_int_equal(insn_address(&a, 0x1000, 3), 0x1030);
}

/* Elements in the order of memory: which register, which lane. */
static void elements_come_in_the_order_of_memory(void **state)
{
	static const struct {
		uint32_t word;
		uint8_t n, reg, lane;
	} expected[] = {
	    {0x4c40083f, 0, 31, 0}, {0x4c40083f, 1, 0, 0}, {0x4c40083f, 3, 2, 0},  {0x4c40083f, 15, 2, 3}, /* ld4 4s */
	    {0x4c40283f, 3, 31, 3}, {0x4c40283f, 4, 0, 0}, {0x4c40283f, 15, 2, 3}, /* ld1 of four 4s */
	    {0x0c40a020, 7, 0, 7},  {0x0c40a020, 8, 1, 0},                         /* ld1 of two 8b */
	    {0x0d605020, 0, 0, 2},  {0x0d605020, 1, 1, 2},                         /* ld2 h[2] */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct insn_access a;

		if (!insn_decode(expected[i].word, &a))
			fail_msg("refused: row %zu", i);
		assert_int_equal(insn_register(&a, expected[i].n), expected[i].reg);
		assert_int_equal(insn_lane(&a, expected[i].n), expected[i].lane);
	}
}

static void loaded_values_are_extended(void **state)
{
	struct insn_access a = decoded(0x38c01528); /* ldrsb w8, [x9], #1 */

	(void)state;
	assert_int_equal(insn_load_value(&a, 0x1280), 0xffffff80);
	assert_int_equal(insn_load_value(&a, 0x7f), 0x7f);
	a = decoded(0x38801d28); /* ldrsb x8, [x9, #1]! */
	assert_int_equal(insn_load_value(&a, 0x80), 0xffffffffffffff80);
	a = decoded(0x69ff2d8a); /* ldpsw x10, x11, [x12, #-8]! */
	assert_int_equal(insn_load_value(&a, 0x80000000), 0xffffffff80000000);
	a = decoded(0xf8408420); /* ldr x0, [x1], #8 */
	assert_int_equal(insn_load_value(&a, 0x8123456789abcdef), 0x8123456789abcdef);
	a = decoded(0x784024e6); /* ldrh w6, [x7], #2 */
	assert_int_equal(insn_load_value(&a, 0xdeadbeef), 0xbeef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(loads_and_stores_are_decoded),
	    cmocka_unit_test(everything_else_is_refused),
	    cmocka_unit_test(what_is_accepted_is_within_bounds),
	    cmocka_unit_test(addresses_and_write_back_are_computed),
	    cmocka_unit_test(elements_come_in_the_order_of_memory),
	    cmocka_unit_test(loaded_values_are_extended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
