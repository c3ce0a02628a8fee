/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_owner share: procmgr with an interrupt of its own, and processes that get memory. */
#pragma once

#include "machine.h"

#define ALL   0xfu
#define RANGE (HOST_RAM_START + (8ull << 20)) /* RAM that is nobody's when a test begins */
#define BYTES (256ull << 10)
#define SPI   40u

#define CASE(test) cmocka_unit_test_setup_teardown(test, owner_setup, owner_teardown)

extern int64_t interrupt; /* procmgr's, of SPI */

int owner_setup(void **state);
int owner_teardown(void **state);
int64_t owner_define(unsigned slot, paddr_t kmem); /* what ProcessCreate returns */
int64_t owner_make(unsigned slot);                 /* the same, of a slot that is defined */
paddr_t owner_kmem(unsigned slot);                 /* a range for each slot, below RANGE */
bool is_filled(paddr_t at, uint64_t bytes, uint8_t with);

int grant_tests(void);
int seal_tests(void);
int end_tests(void);
int execute_tests(void);
