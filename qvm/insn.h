/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoder of the A64 loads and stores that ESR_EL2 does not describe (ISV = 0): pairs, write-back forms and SIMD&FP
 * registers (Arm DDI 0487, ISV in ESR_EL2, and "Loads and Stores" in C4.1). A pure function of the instruction word:
 * the word comes from guest memory that may have changed since the fault, so the caller takes the address of the access
 * from HPFAR_EL2, compares, and never trusts the word for more than which registers are moved.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum insn_mode {
	INSN_OFFSET, /* [base, offset] */
	INSN_PRE,    /* [base, offset]!: base becomes base + offset, the access is there */
	INSN_POST,   /* [base], offset: the access is at base, then base becomes base + offset */
};

#define INSN_NO_REGISTER 32u
#define INSN_ZR          31u /* as a transfer or index register: XZR; as the base: SP */

struct insn_access {
	bool store;
	bool simd;        /* rt are V registers: a load clears the rest of the register */
	bool sign_extend; /* of a load */
	bool wide;        /* the general register is 64 bits; else a load clears bits 63:32 */
	uint8_t count;    /* 1 or 2 registers, one behind the other in memory */
	uint8_t bytes;    /* of each: 1, 2, 4, 8, 16 */
	uint8_t rt[2];
	uint8_t rn;     /* base */
	uint8_t rm;     /* index, or INSN_NO_REGISTER */
	uint8_t extend; /* of the index: bit 2 signed, bit 0 set = 64 bits, clear = 32 bits (UXTW, SXTW) */
	uint8_t shift;  /* of the extended index, to the left */
	uint8_t mode;   /* enum insn_mode */
	int32_t offset; /* if there is no index */
};

/*
 * False: not one of these, or one whose effect is CONSTRAINED UNPREDICTABLE (a base that is also transferred and
 * written back, a pair of loads into one register), or one that cannot be emulated with two accesses: exclusives,
 * atomics, literal loads, structure loads, DC ZVA.
 */
bool insn_decode(uint32_t word, struct insn_access *access);

/* Address of the first byte, and what the base register becomes. `base` and `index` are all 64 bits of the registers.
 */
uint64_t insn_address(const struct insn_access *access, uint64_t base, uint64_t index);
bool insn_writeback(const struct insn_access *access, uint64_t base, uint64_t *value);

/* What a general register becomes when `raw` (the low `bytes` count) was loaded. */
uint64_t insn_load_value(const struct insn_access *access, uint64_t raw);
