/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) with the processor's own instructions. Without them: libsodium's crypto_hash_sha256(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* Only where struct system_info has FEATURE_SHA256. Any length, any alignment. */
void sha256_accelerated(uint8_t hash[SHA256_BYTES], const void *data, size_t bytes);
