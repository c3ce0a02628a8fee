/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of one 8-byte message, read as a little-endian number. */
uint64_t random_siphash(const uint8_t key[16], uint64_t message);

/* A secret for one start of a process. It tells nothing of the key, nor of that of any other start. */
void random_guard(uint8_t guard[16], const uint8_t key[16], uint32_t slot, uint32_t starts);
