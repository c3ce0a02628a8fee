/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's stage 1 in software, as the CPU walks it (Arm DDI 0487, D8): from a virtual address of EL1&0 to an
 * intermediate physical one, or to the fault that the access deserves.
 */
#pragma once

#include "qvm/memory.h"

/* The most that ID_AA64MMFR0_EL1 shows: an address beyond that is an address size fault. */
#define WALK_PA_BITS 40

/* What TCR_EL1 says of one half of the address space. */
struct walk_half {
	uint64_t above;       /* bits of an address that must be alike, */
	uint64_t sign;        /* and as here */
	uint8_t size_bits;    /* 64 - TnSZ */
	uint8_t granule_bits; /* 12, 14, 16 */
	uint8_t shift;        /* of the index into the first table */
	uint8_t out;          /* bits that addresses of tables and memory may have */
	int8_t level;         /* of the first table */
	bool used;            /* else every address of it is a translation fault */
	bool tagged, flat;    /* flat: tables limit no permission */
	bool user_disabled;   /* E0PDn */
	bool ds;              /* FEAT_LPA2 for granules of 4 and 16 KiB */
	bool wide;            /* 52 bits of output address, in one of two layouts */
};

/* Both, of that TCR_EL1: who keeps it from one walk to the next has it computed only when the register changes. */
struct walk_layout {
	uint64_t tcr;
	bool known;
	struct walk_half half[2];
};

struct walk_regs {
	uint64_t sctlr, tcr, ttbr0, ttbr1; /* of EL1 */
	struct walk_layout *layout;        /* of the virtual CPU, whose thread alone uses it */
};

/* What the access is. Reads at EL1 with PSTATE.PAN clear are 0. */
#define WALK_WRITE 1u
#define WALK_USER  2u /* EL0's permissions count: EL0 itself, or LDTR and STTR */
#define WALK_PAN   4u /* PSTATE.PAN holds for it */
#define WALK_ANY   8u /* no permission counts, and nothing is marked as accessed: where do these tables lead? */

/* Fault status codes of ESR_ELx, at level 0; FSC_AT() has the others, -1 too. */
#define FSC_ADDRESS_SIZE  0x00u
#define FSC_TRANSLATION   0x04u
#define FSC_ACCESS_FLAG   0x08u
#define FSC_PERMISSION    0x0cu
#define FSC_EXTERNAL_WALK 0x14u /* the table is not memory */
#define FSC_AT(kind, level)                                         \
	((level) >= 0                  ? (kind) + (unsigned)(level) \
	 : (kind) == FSC_EXTERNAL_WALK ? 0x13u                      \
	 : (kind) == FSC_TRANSLATION   ? 0x2bu                      \
				       : 0x29u)

struct walk {
	uint64_t ipa;
	uint8_t fsc;  /* if there is no translation */
	int8_t level; /* of the descriptor that was read last; without an MMU 0 */
};

/* False: the access faults in stage 1 with `fsc`. */
bool walk_translate(const struct guest_memory *m, const struct walk_regs *regs, uint64_t va, unsigned access,
		    struct walk *w);
