/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Random words for a guest's first seeds, derived from the 16 random bytes that a process is given at its start. A
 * guest must not learn those bytes, as they guard this process's stack: so they are the key of a pseudo-random function
 * (SipHash-2-4, Aumasson and Bernstein 2012) whose output over a counter is handed out. That is 128 bits of entropy at
 * most, and no more than the board gave to procmgr.
 */
uint64_t seed_word(const uint8_t key[16], uint64_t counter);

/* All zero: the board had no entropy to give, and a guest must not be told otherwise. */
bool seed_available(const uint8_t key[16]);
