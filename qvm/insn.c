/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder of A64 loads and stores, see insn.h. The encodings are those of Arm DDI 0487, "Loads and Stores" in C4.1. */
#include "qvm/insn.h"

static uint32_t field(uint32_t word, unsigned low, unsigned bits)
{
	return (word >> low) & ((1u << bits) - 1);
}

static int32_t signed_field(uint32_t word, unsigned low, unsigned bits)
{
	return (int32_t)(word << (32 - low - bits)) >> (32 - bits);
}

/*
 * size (31:30), V (26) and opc (23:22), which all forms for one register share. opc: for a general register 00 store,
 * 01 load, 10 load and sign-extend to 64 bits, 11 to 32 bits; for V registers bit 1 with size 0 means 128 bits.
 */
static bool decode_single(uint32_t word, struct insn_access *a)
{
	unsigned size = field(word, 30, 2), opc = field(word, 22, 2);

	a->count = 1;
	a->rt[0] = (uint8_t)field(word, 0, 5);
	a->rt[1] = INSN_NO_REGISTER;
	a->rn = (uint8_t)field(word, 5, 5);
	a->simd = field(word, 26, 1);
	if (a->simd) {
		if ((opc & 2) && size != 0)
			return false;
		a->bytes = (uint8_t)(opc & 2 ? 16 : 1u << size);
		a->store = !(opc & 1);
		return true;
	}
	if ((opc == 2 && size == 3) || (opc == 3 && size >= 2)) /* prefetches, and unallocated */
		return false;
	a->bytes = (uint8_t)(1u << size);
	a->store = opc == 0;
	a->sign_extend = opc >= 2;
	a->wide = opc == 2 || size == 3;
	return true;
}

/* With write-back, a base that is also transferred is CONSTRAINED UNPREDICTABLE. SP is no transfer register. */
static bool base_is_free(const struct insn_access *a)
{
	if (a->mode == INSN_OFFSET || a->simd || a->rn == INSN_ZR)
		return true;
	return a->rt[0] != a->rn && (a->count == 1 || a->rt[1] != a->rn);
}

static bool decode_unsigned(uint32_t word, struct insn_access *a)
{
	if (!decode_single(word, a))
		return false;
	a->offset = (int32_t)field(word, 10, 12) * a->bytes;
	return true;
}

static bool decode_unscaled(uint32_t word, struct insn_access *a)
{
	a->offset = signed_field(word, 12, 9);
	return decode_single(word, a);
}

/* LDTR, STTR: the stage 1 permissions of EL0 have been checked before the stage 2 fault; no V registers. */
static bool decode_unprivileged(uint32_t word, struct insn_access *a)
{
	return !field(word, 26, 1) && decode_unscaled(word, a);
}

static bool decode_post(uint32_t word, struct insn_access *a)
{
	a->mode = INSN_POST;
	return decode_unscaled(word, a) && base_is_free(a);
}

static bool decode_pre(uint32_t word, struct insn_access *a)
{
	a->mode = INSN_PRE;
	return decode_unscaled(word, a) && base_is_free(a);
}

static bool decode_index(uint32_t word, struct insn_access *a)
{
	unsigned option = field(word, 13, 3);

	if (!(option & 2) || !decode_single(word, a)) /* bytes and halfwords are no index */
		return false;
	a->rm = (uint8_t)field(word, 16, 5);
	a->extend = (uint8_t)(option & 5);
	a->shift = (uint8_t)(field(word, 12, 1) ? __builtin_ctz(a->bytes) : 0);
	return true;
}

/* LDLAR, LDAR, STLLR, STLR: bit 22 says load. The order is that of the exit itself. */
static bool decode_ordered(uint32_t word, struct insn_access *a)
{
	return decode_single(word & ~(1u << 23), a);
}

/* LDAPR: a load, though its opc field reads 10. */
static bool decode_ldapr(uint32_t word, struct insn_access *a)
{
	return decode_single((word & ~(3u << 22)) | (1u << 22), a);
}

/* Bits 24:23 of pairs: 0 is LDNP and STNP, 2 is an offset without write-back. */
static bool decode_pair(uint32_t word, struct insn_access *a)
{
	static const uint8_t modes[] = {INSN_OFFSET, INSN_POST, INSN_OFFSET, INSN_PRE};
	unsigned opc = field(word, 30, 2), kind = field(word, 23, 2);

	a->count = 2;
	a->store = !field(word, 22, 1);
	a->simd = field(word, 26, 1);
	a->rt[0] = (uint8_t)field(word, 0, 5);
	a->rt[1] = (uint8_t)field(word, 10, 5);
	a->rn = (uint8_t)field(word, 5, 5);
	a->mode = modes[kind];
	if (opc == 3 || (!a->simd && opc == 1 && (a->store || kind == 0))) /* opc 1 is LDPSW only, and not LDNP */
		return false;
	if (a->simd) {
		a->bytes = (uint8_t)(4u << opc);
	} else {
		a->bytes = opc == 2 ? 8 : 4;
		a->sign_extend = opc == 1;
		a->wide = opc != 0;
	}
	a->offset = signed_field(word, 15, 7) * a->bytes;
	if (!a->store && a->rt[0] == a->rt[1])
		return false;
	return base_is_free(a);
}

static const struct {
	uint32_t mask, value;
	bool (*decode)(uint32_t word, struct insn_access *a);
} forms[] = {
    {0x3a000000, 0x28000000, decode_pair},         {0x3b000000, 0x39000000, decode_unsigned},
    {0x3b200c00, 0x38000000, decode_unscaled},     {0x3b200c00, 0x38000400, decode_post},
    {0x3b200c00, 0x38000800, decode_unprivileged}, {0x3b200c00, 0x38000c00, decode_pre},
    {0x3b200c00, 0x38200800, decode_index},        {0x3fbf7c00, 0x089f7c00, decode_ordered},
    {0x3ffffc00, 0x38bfc000, decode_ldapr},        {0x3f200c00, 0x19000000, decode_unscaled}, /* LDAPUR, STLUR */
};

bool insn_decode(uint32_t word, struct insn_access *access)
{
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((word & forms[i].mask) != forms[i].value)
			continue;
		*access = (struct insn_access){.rm = INSN_NO_REGISTER};
		return forms[i].decode(word, access);
	}
	return false;
}

static uint64_t offset_of(const struct insn_access *a, uint64_t index)
{
	if (a->rm == INSN_NO_REGISTER)
		return (uint64_t)(int64_t)a->offset;
	if (!(a->extend & 1))
		index = a->extend & 4 ? (uint64_t)(int64_t)(int32_t)(uint32_t)index : (uint32_t)index;
	return index << a->shift;
}

uint64_t insn_address(const struct insn_access *access, uint64_t base, uint64_t index)
{
	return access->mode == INSN_POST ? base : base + offset_of(access, index);
}

bool insn_writeback(const struct insn_access *access, uint64_t base, uint64_t *value)
{
	if (access->mode == INSN_OFFSET)
		return false;
	*value = base + offset_of(access, 0);
	return true;
}

uint64_t insn_load_value(const struct insn_access *access, uint64_t raw)
{
	unsigned unused = access->bytes < 8 ? 64 - 8 * access->bytes : 0;

	raw = raw << unused >> unused;
	if (!access->sign_extend)
		return raw;
	raw = (uint64_t)((int64_t)(raw << unused) >> unused);
	return access->wide ? raw : (uint32_t)raw;
}
