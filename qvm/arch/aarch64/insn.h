/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoder of the A64 instructions that access memory (Arm DDI 0487, "Loads and Stores" in C4.1, and DC ZVA). A pure
 * function of the instruction word: the word comes from guest memory that may have changed since the fault, so the
 * caller compares it with the syndrome, and walks the guest's tables for the access that it makes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum insn_kind {
	INSN_PLAIN,     /* one or two registers, or what follows a program counter */
	INSN_MULTIPLE,  /* LD1 to LD4, ST1 to ST4 of whole V registers */
	INSN_LANE,      /* the same of one lane in each register */
	INSN_REPLICATE, /* LD1R to LD4R */
	INSN_EXCLUSIVE, /* LDXR, LDXP, STXR, STXP and their ordered forms */
	INSN_ATOMIC,    /* FEAT_LSE: reads and writes */
	INSN_ZERO,      /* DC ZVA: a block around the address */
};

enum insn_mode {
	INSN_OFFSET, /* [base, offset] */
	INSN_PRE,    /* [base, offset]!: base becomes base + offset, the access is there */
	INSN_POST,   /* [base], offset: the access is at base, then base becomes base + offset */
};

#define INSN_NO_REGISTER 32u
#define INSN_ZR          31u /* as a transfer or index register: XZR; as the base: SP */
#define INSN_PC          33u /* as the base: the address of the instruction */
#define INSN_BYTES_MAX   64u /* of an access, except DC ZVA */

struct insn_access {
	uint8_t kind; /* enum insn_kind */
	bool store;
	bool simd;         /* rt are V registers: a load clears the rest of the register */
	bool sign_extend;  /* of a load */
	bool wide;         /* the general register is 64 bits; else a load clears bits 63:32 */
	bool unprivileged; /* LDTR, STTR: with the rights of EL0 */
	uint8_t count;     /* elements, one after the other in memory: at most 64 */
	uint8_t bytes;     /* of each: 1, 2, 4, 8, 16 */
	uint8_t rt[2];     /* of an atomic instruction: what gets the old value */
	uint8_t status;    /* of an exclusive store, or INSN_NO_REGISTER */
	uint8_t rn;        /* base */
	uint8_t rm;        /* index, or INSN_NO_REGISTER */
	uint8_t extend;    /* of the index: bit 2 signed, bit 0 set = 64 bits, clear = 32 bits (UXTW, SXTW) */
	uint8_t shift;     /* of the extended index, to the left */
	uint8_t mode;      /* enum insn_mode */
	uint8_t structure; /* 1 to 4: registers that take turns, from rt[0] on */
	uint8_t lane;      /* INSN_LANE: which one */
	bool full;         /* structures: all 128 bits of each register */
	int32_t offset;    /* if there is no index */
};

/*
 * False: not one of these, or one whose effect is CONSTRAINED UNPREDICTABLE (a base that is also transferred and
 * written back, a pair of loads into one register). Prefetches are not among them: they never fault.
 */
bool insn_decode(uint32_t word, struct insn_access *access);

/* Address of the first byte, and what the base register becomes. `base` and `index` are all 64 bits of the registers.
 */
uint64_t insn_address(const struct insn_access *access, uint64_t base, uint64_t index);
bool insn_writeback(const struct insn_access *access, uint64_t base, uint64_t index, uint64_t *value);

/* Where the element `n` of a structure goes: register, and lane within it. */
unsigned insn_register(const struct insn_access *access, unsigned n);
unsigned insn_lane(const struct insn_access *access, unsigned n);

/* What a general register becomes when `raw` (the low `bytes` count) was loaded. */
uint64_t insn_load_value(const struct insn_access *access, uint64_t raw);
