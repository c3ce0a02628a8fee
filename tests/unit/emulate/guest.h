/* SPDX-License-Identifier: Apache-2.0 */
/* The guest of test_emulate: memory, registers, one device, and a log of what reaches it. */
#pragma once

#include "abi/bulkhead.h"
#include "qvm/arch/aarch64/emulate.h"
#include "qvm/mmio.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define RAM      0x40000000ull
#define RAM_SIZE 0x20000ull
#define RAM_END  (RAM + RAM_SIZE)
#define ROM      0x48000000ull
#define DEVICE   0x09000000ull
#define HOLE     0x0a000000ull
#define TABLES   (RAM + 0x8000)
#define CODE     RAM
#define EL1H     5ull
#define PAN      (1ull << 22)
#define UAO      (1ull << 23)

/* ESR_EL2 of a data abort. */
#define ISV       (1ull << 24)
#define SAS(n)    ((uint64_t)(n) << 22)
#define SSE       (1ull << 21)
#define SRT(n)    ((uint64_t)(n) << 16)
#define SF        (1ull << 15)
#define CM        (1ull << 8)
#define S1PTW     (1ull << 7)
#define WNR       0x40ull
#define TRANSLATE 0x07ull
#define PERMIT    0x0full

/* Attributes of a page. */
#define USER     (1ull << 6)
#define READONLY (1ull << 7)

#define STP_W1_W2_X0  0x29000801 /* stp w1, w2, [x0] */
#define LDP_W1_W2_X0  0x29400801 /* ldp w1, w2, [x0] */
#define STP_X1_X2_PRE 0xa9810801 /* stp x1, x2, [x0, #16]! */
#define LDTR_X3_X0    0xf8400803 /* ldtr x3, [x0] */
#define STTR_X3_X0    0xf8000803 /* sttr x3, [x0] */

#define CASE(test) cmocka_unit_test_setup(test, set_up)

extern struct guest_memory memory;
extern uint8_t ram[RAM_SIZE + 0x1000]; /* the window: RAM, then ROM */
extern uint64_t vreg[VREG_COUNT];
extern const struct emulate_ops ops;
extern struct emulate_result result; /* of the last access */
extern unsigned logged;              /* accesses that have reached the device */
extern unsigned refuse_at;           /* which of them fails */
extern bool tolerant;                /* whether accesses to nothing are let pass */
extern unsigned nothing;             /* how many there were, and the last one */
extern unsigned nothing_size;
extern uint64_t nothing_at;
extern bool nothing_write;

int set_up(void **state);

void put_value(uint64_t ipa, uint64_t value);
void put_word(uint32_t word); /* the instruction, at CODE */
void map_page(unsigned page, uint64_t ipa, uint64_t attributes);

/* An access with that syndrome; of run_load() and run_store() it has only the direction. */
void take_registers(struct emulate_exit *exit);
enum emulate_outcome run_exit(struct emulate_exit exit);
enum emulate_outcome run(uint32_t word, uint64_t address, bool write);
enum emulate_outcome run_load(uint32_t word, uint64_t address);
enum emulate_outcome run_store(uint32_t word, uint64_t address);

void expect_abort(uint64_t iss, uint64_t offset);
/* The n-th access of the log. */
void expect(unsigned n, bool is_store, uint64_t ipa, unsigned size, uint64_t value);

int register_tests(void);
int edge_tests(void);
int right_tests(void);
