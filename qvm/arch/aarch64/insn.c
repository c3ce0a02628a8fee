/* SPDX-License-Identifier: Apache-2.0 */
/* See insn.h. The encodings are those of Arm DDI 0487, "Loads and Stores" in C4.1. */
#include "qvm/arch/aarch64/insn.h"

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

/* LDTR, STTR: no V registers. */
static bool decode_unprivileged(uint32_t word, struct insn_access *a)
{
	a->unprivileged = true;
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

/* Literals: opc (31:30) is 00 32 bits, 01 64, 10 LDRSW, 11 a prefetch; of V registers 32, 64, 128 bits. */
static bool decode_literal(uint32_t word, struct insn_access *a)
{
	const unsigned opc = field(word, 30, 2);

	a->count = 1;
	a->rt[0] = (uint8_t)field(word, 0, 5);
	a->rn = INSN_PC;
	a->simd = field(word, 26, 1);
	a->offset = signed_field(word, 5, 19) * 4;
	a->bytes = (uint8_t)(a->simd ? 4u << opc : opc == 1 ? 8 : 4);
	a->sign_extend = !a->simd && opc == 2;
	a->wide = !a->simd && opc != 0;
	return opc != 3;
}

/* Bits 15:12 of structures that fill registers: how many take turns, and how many there are. */
static bool decode_multiple(uint32_t word, struct insn_access *a)
{
	static const uint8_t structures[16] = {4, 0, 1, 0, 3, 0, 1, 1, 2, 0, 1},
			     registers[16] = {4, 0, 4, 0, 3, 0, 3, 1, 2, 0, 2};
	const unsigned opcode = field(word, 12, 4), size = field(word, 10, 2);

	a->kind = INSN_MULTIPLE;
	a->full = field(word, 30, 1);
	a->structure = structures[opcode];
	a->bytes = (uint8_t)(1u << size);
	a->count = (uint8_t)(registers[opcode] * (a->full ? 16 : 8) >> size);
	return a->structure != 0 && !field(word, 21, 1) && (size != 3 || a->full || a->structure == 1);
}

/* Bits 15:14 say the size of a lane, 3 that it goes to all; what of Q, S and size is not the lane's number is 0. */
static bool decode_one(uint32_t word, struct insn_access *a)
{
	unsigned scale = field(word, 14, 2), size = field(word, 10, 2), s = field(word, 12, 1);
	bool good;

	a->kind = scale == 3 ? INSN_REPLICATE : INSN_LANE;
	a->full = field(word, 30, 1);
	a->structure = (uint8_t)((field(word, 13, 1) << 1 | field(word, 21, 1)) + 1);
	a->count = a->structure;
	a->lane = (uint8_t)((unsigned)a->full << 3 | s << 2 | size);
	if (scale == 3) {
		good = !a->store && !s;
		scale = size;
	} else if (scale == 2 && (size & 1)) {
		good = size == 1 && !s;
		scale = 3;
	} else {
		good = (size & ((1u << scale) - 1)) == 0;
	}
	a->lane = (uint8_t)(a->kind == INSN_LANE ? a->lane >> scale : 0);
	a->bytes = (uint8_t)(1u << scale);
	return good;
}

/* Bits 24 and 23: one lane, and write-back by the size (Rm 31) or a register. */
static bool decode_structure(uint32_t word, struct insn_access *a)
{
	const unsigned rm = field(word, 16, 5);

	a->simd = true;
	a->store = !field(word, 22, 1);
	a->rt[0] = (uint8_t)field(word, 0, 5);
	a->rn = (uint8_t)field(word, 5, 5);
	if (!(field(word, 24, 1) ? decode_one(word, a) : decode_multiple(word, a)))
		return false;
	if (!field(word, 23, 1))
		return rm == 0;
	a->mode = INSN_POST;
	a->extend = 1;
	if (rm == INSN_ZR)
		a->offset = a->count * a->bytes;
	else
		a->rm = (uint8_t)rm;
	return true;
}

/* What exclusives and atomics share: size (31:30), and no write-back. */
static void decode_swap(uint32_t word, unsigned size, struct insn_access *a)
{
	a->count = 1;
	a->bytes = (uint8_t)(1u << size);
	a->wide = size == 3;
	a->rt[0] = (uint8_t)field(word, 0, 5);
	a->rn = (uint8_t)field(word, 5, 5);
}

/* Bits 22 and 21: load, pair. A pair of bytes or halfwords is CASP, and 30 its size. */
static bool decode_exclusive(uint32_t word, struct insn_access *a)
{
	const bool pair = field(word, 21, 1), casp = pair && !field(word, 31, 1);
	const uint8_t rs = (uint8_t)field(word, 16, 5);

	decode_swap(word, casp ? 2 + field(word, 30, 1) : field(word, 30, 2), a);
	a->count = pair ? 2 : 1;
	if (casp) {
		a->kind = INSN_ATOMIC;
		a->rt[0] = rs;
		a->rt[1] = rs + 1;
		return field(word, 10, 5) == 31 && !((rs | word) & 1);
	}
	a->kind = INSN_EXCLUSIVE;
	a->store = !field(word, 22, 1);
	a->rt[1] = pair ? (uint8_t)field(word, 10, 5) : INSN_NO_REGISTER;
	a->status = a->store ? rs : INSN_NO_REGISTER;
	return true;
}

static bool decode_cas(uint32_t word, struct insn_access *a)
{
	decode_swap(word, field(word, 30, 2), a);
	a->kind = INSN_ATOMIC;
	a->rt[0] = (uint8_t)field(word, 16, 5);
	return true;
}

/* LDADD to LDUMIN, and SWP as o3 (15) with opc (14:12) 0. */
static bool decode_atomic(uint32_t word, struct insn_access *a)
{
	decode_swap(word, field(word, 30, 2), a);
	a->kind = INSN_ATOMIC;
	return field(word, 12, 4) <= 8;
}

static bool decode_zero(uint32_t word, struct insn_access *a)
{
	a->kind = INSN_ZERO;
	a->store = true;
	a->rn = INSN_NO_REGISTER;
	a->rt[0] = (uint8_t)field(word, 0, 5);
	return true;
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
    {0x3b000000, 0x18000000, decode_literal},      {0xbe000000, 0x0c000000, decode_structure},
    {0x3f800000, 0x08000000, decode_exclusive},    {0x3fa07c00, 0x08a07c00, decode_cas},
    {0x3f200c00, 0x38200000, decode_atomic},       {0xffffffe0, 0xd50b7420, decode_zero},
};

bool insn_decode(uint32_t word, struct insn_access *access)
{
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((word & forms[i].mask) != forms[i].value)
			continue;
		*access =
		    (struct insn_access){.rm = INSN_NO_REGISTER, .status = INSN_NO_REGISTER, .rt[1] = INSN_NO_REGISTER};
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

bool insn_writeback(const struct insn_access *access, uint64_t base, uint64_t index, uint64_t *value)
{
	if (access->mode == INSN_OFFSET)
		return false;
	*value = base + offset_of(access, index);
	return true;
}

/* Registers that take turns, then the next lane; or one register after the other. */
unsigned insn_register(const struct insn_access *access, unsigned n)
{
	const unsigned lanes = (access->full ? 16u : 8u) / access->bytes;

	if (access->kind != INSN_MULTIPLE)
		return (access->rt[0] + n) % 32;
	return (access->rt[0] + (access->structure == 1 ? n / lanes : n % access->structure)) % 32;
}

unsigned insn_lane(const struct insn_access *access, unsigned n)
{
	const unsigned lanes = (access->full ? 16u : 8u) / access->bytes;

	if (access->kind != INSN_MULTIPLE)
		return access->kind == INSN_LANE ? access->lane : 0;
	return access->structure == 1 ? n % lanes : n / access->structure;
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
