/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both implementations of SHA-256 that procmgr has, on the target: with the processor's instructions and without. Known
 * answers, then every short length at every alignment. Needs the ability `log`, and 2 MiB of memory.
 */
#include "sha256.h"
#include "check.h"
#include "tests/unit/sha256/answers.h"
#include <sodium/crypto_hash_sha256.h>

#define ALIGNMENTS 16u
#define LENGTHS    200u

static uint8_t data[ANSWER_MOST + ALIGNMENTS] __attribute__((aligned(16)));

static void check_answer(const char *name, const uint8_t hash[SHA256_BYTES], unsigned i)
{
	check_that(memcmp(hash, answers[i].hash, SHA256_BYTES) == 0, name, (int64_t)answers[i].bytes);
}

static void test_answers(bool accelerated)
{
	uint8_t hash[SHA256_BYTES];

	for (unsigned at = 0; at < ALIGNMENTS; at++) {
		answers_data(data + at, ANSWER_MOST);
		for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
			if (answers[i].bytes == ANSWER_MOST && at > 1)
				continue;
			crypto_hash_sha256(hash, data + at, answers[i].bytes);
			check_answer("known answer without instructions", hash, i);
			if (!accelerated)
				continue;
			sha256_accelerated(hash, data + at, answers[i].bytes);
			check_answer("known answer with instructions", hash, i);
		}
	}
}

static void test_lengths(void)
{
	uint8_t one[SHA256_BYTES], other[SHA256_BYTES];
	unsigned differ = 0;

	for (unsigned at = 0; at < ALIGNMENTS; at++) {
		for (unsigned bytes = 0; bytes < LENGTHS; bytes++) {
			sha256_accelerated(one, data + at, bytes);
			crypto_hash_sha256(other, data + at, bytes);
			differ += memcmp(one, other, SHA256_BYTES) != 0;
		}
	}
	check_equal("hashes that differ", differ, 0);
}

int main(void)
{
	struct system_info system;
	bool accelerated;

	check_equal("SystemInfo", SystemInfo_r(&system), 0);
	check_equal("features that nobody knows", (int64_t)(system.features & ~(uint64_t)FEATURE_SHA256), 0);
	accelerated = (system.features & FEATURE_SHA256) != 0;
	test_answers(accelerated);
	if (accelerated)
		test_lengths();
	print("sha256: the CPUs have %s instructions for it", accelerated ? "their" : "no");
	return check_report("sha256");
}
