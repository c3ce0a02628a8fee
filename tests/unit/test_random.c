/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: procmgr/random.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "procmgr/random.h"

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* The paper's reference vectors: key 00 to 0f, message 00 to 07. */
static void siphash_gives_the_reference_value(void **state)
{
	(void)state;
	assert_int_equal(random_siphash(key, 0x0706050403020100), 0x93f5f5799a932462);
}

static void every_start_gets_another_guard(void **state)
{
	uint8_t guard[32][16];
	unsigned count = 0;

	(void)state;
	for (uint32_t slot = 1; slot <= 8; slot++)
		for (uint32_t starts = 0; starts < 4; starts++)
			random_guard(guard[count++], key, slot, starts);
	for (unsigned i = 0; i < count; i++) {
		assert_memory_not_equal(guard[i], guard[i] + 8, 8);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(guard[i], guard[j], 8);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(siphash_gives_the_reference_value),
	    cmocka_unit_test(every_start_gets_another_guard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
