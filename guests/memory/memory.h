/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses that stage 2 stops, against what the CPU itself does with the same instruction on memory: each load and
 * store in holes, ROM and devices and across their edges, at EL1 and EL0, under tables of every granule and size; walks
 * that lead nowhere; permissions; watchpoints; an instruction that another virtual CPU changes.
 */
#pragma once

#include "guest.h"
#include "step.h"

/* The VM that it runs in: RAM 0x80000000,16M, ROM 0x40000000,64K, and nothing at HOLE. */
#define RAM_END 0x81000000ull
#define ROM     0x40000000ull
#define HOLE    0x50000000ull

extern bool ignores; /* boot argument ignore=1: `unsupported reference ignore`; else `fail` */

/* --- main.c: what was found, and what is right --- */

void begin(const char *group);
void check(const char *what, uint64_t where, uint64_t found, uint64_t right);
/* An access that counts as unsupported: the VM's description of itself has the sum. */
void counts(void);

/* --- words.S: instructions that access memory at X1; data in X2 to X5 and V0 to V3, X6 as an index --- */

#define WORD_STORE   1 /* writes, and does not read */
#define WORD_ATOMIC  2
#define WORD_ZERO    4 /* DC ZVA */
#define WORD_ORDERED 8 /* must be aligned */
struct word {
	uint32_t insn;
	uint8_t bytes, flags;
	int16_t offset; /* of the first byte from X1 */
};
extern const struct word plain_words[], plain_words_end[];
extern const struct word atomic_words[], atomic_words_end[]; /* LDXR and DC ZVA, too */
extern const struct word lse_words[], lse_words_end[];

/* --- run.c --- */

#define PSTATE_EL1 0x3c4
#define PSTATE_EL0 0x3c0
#define PSTATE_D   0x200
#define PSTATE_PAN (1ull << 22)
#define EC_DATA    0x24u
#define EC_FETCH   0x20u
#define ISS_WNR    0x40u

struct run {
	struct step step; /* registers before, and after */
	uint64_t v[4][2];
	uint64_t esr, far; /* of the exception; 0: it ran through */
};
/* Registers that tell which one was changed; X1 = address. */
void run_prepare(struct run *r, uint64_t pstate, uint64_t address);
void run(struct run *r, uint32_t insn);
void run_two(struct run *r, uint32_t first, uint32_t second);
void run_code(struct run *r); /* what has been written to `code` */
extern uint32_t code[];       /* a page */
extern uint64_t code_address; /* where it is executed */
/* It must end with an abort from its EL, FAR, and no register changed. */
void check_abort(const char *what, const struct run *r, const struct run *before, uint64_t ec, uint64_t iss,
		 uint64_t far);

/* --- map.c: translation tables --- */

#define MAP_USER     (1ull << 6)
#define MAP_READONLY (1ull << 7)
#define MAP_DEVICE   (1ull << 2)  /* MAIR index 1 */
#define MAP_CLEAN    (1ull << 51) /* DBM */
#define MAP_IDLE     (1ull << 55) /* of software: the access flag is left out */

struct map {
	unsigned int granule, bits; /* log2 of a page, of the addresses */
	uint64_t root;
	bool ds;
};
void map_reset(void); /* all tables are free again */
struct map map_new(unsigned int granule, unsigned int bits, bool ds);
uint64_t *map_entry(struct map *m, uint64_t va, int level); /* makes the tables above */
void map_set(struct map *m, uint64_t va, uint64_t pa, uint64_t attributes, int level);
int map_first_level(const struct map *m);
/* This program, and its devices, at their own addresses; `code` also for EL0, at code_address. */
struct map map_identity(unsigned int granule, bool ds);
/* WINDOW + n pages is free in it. */
#define WINDOW 0x10000000ull
void map_on(const struct map *lower, const struct map *upper, uint64_t tcr);
void map_off(void);
#define TCR_IPS(n) ((uint64_t)(n) << 32)
#define TCR_HA     (1ull << 39)
#define TCR_HD     (1ull << 40)
bool granule_there(unsigned int granule);

/* --- the groups --- */

void test_access(unsigned int granule);
void test_access_off(void);
void test_devices(void);
void test_settings(void);
void test_sizes(void);
void test_walks(void);
void test_rights(void);
void test_watchpoints(void);
void test_swap(void);
void swap_other(void);
