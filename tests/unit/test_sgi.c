/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: */
/* CFLAGS: -Ikernel/include -Ikernel */
/*
 * The codec of ICC_SGI1R_EL1 and ICC_SGI0R_EL1 (kernel/arch/aarch64/gic/sgi.h). What a value means is computed here
 * again, field by field, from Arm IHI 0069, 12.2.20 and 12.2.21.
 */
#include "kernel/arch/aarch64/gic/sgi.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Bits [high:low] of a value. */
static uint64_t field(uint64_t value, unsigned high, unsigned low)
{
	return value >> low & ((2ull << (high - low)) - 1);
}

/* Aff3.Aff2.Aff1.Aff0 as MPIDR_EL1 has them. */
static uint64_t mpidr(unsigned aff3, unsigned aff2, unsigned aff1, unsigned aff0)
{
	return (uint64_t)aff3 << 32 | aff2 << 16 | aff1 << 8 | aff0;
}

/* Is the CPU one of those that a value with IRM = 0 names? */
static bool means(uint64_t value, uint64_t cpu)
{
	unsigned aff0 = (unsigned)field(cpu, 7, 0);

	return field(value, 55, 48) == field(cpu, 39, 32) && field(value, 39, 32) == field(cpu, 23, 16) &&
	       field(value, 23, 16) == field(cpu, 15, 8) && field(value, 47, 44) == aff0 / 16 &&
	       (field(value, 15, 0) >> aff0 % 16 & 1) != 0;
}

static void test_a_target_names_its_own_cpu_and_no_other(void **state)
{
	static const unsigned affinities[] = {0, 1, 2, 15, 16, 17, 127, 128, 255};

	(void)state;
	for (unsigned a = 0; a < 9 * 9 * 9 * 9; a++) {
		uint64_t cpu =
		    mpidr(affinities[a % 9], affinities[a / 9 % 9], affinities[a / 81 % 9], affinities[a / 729]);
		uint64_t target = sgi_target(cpu);

		assert_true(means(target, cpu));
		assert_true(sgi_reaches(target, target));
		for (unsigned level = 0; level < 4; level++) {
			uint64_t other = cpu ^ 1ull << (level == 3 ? 32 : level * 8);

			assert_false(means(target, other));
			assert_false(sgi_reaches(target, sgi_target(other)));
		}
	}
}

static void test_a_value_reaches_the_cpus_that_it_names(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (unsigned n = 0; n < 2000000; n++) {
		uint64_t cpu, value;

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		cpu = mpidr(random >> 60 & 1, random >> 59 & 1, random >> 58 & 1, random >> 50 & 0xff);
		/* Near the CPU's own value: single bits differ, those that are reserved or the INTID among them. */
		value = sgi_target(cpu) ^ 1ull << (random >> 40 & 63);
		if (random & 1ull << 39)
			value ^= 1ull << (random >> 33 & 63);
		value &= ~SGI_ALL_OTHERS;
		assert_int_equal(sgi_reaches(value, sgi_target(cpu)), means(value, cpu));
	}
}

static void test_the_intid_and_the_mode_have_their_places(void **state)
{
	(void)state;
	for (unsigned intid = 0; intid < 16; intid++) {
		assert_int_equal(SGI_INTID((uint64_t)intid << 24), intid);
		assert_int_equal(SGI_INTID(~SGI_INTID_MASK | (uint64_t)intid << 24), intid);
	}
	assert_true(SGI_ALL_OTHERS == 1ull << 40);
	assert_int_equal(SGI_TARGETS(~0ull), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_target_names_its_own_cpu_and_no_other),
	    cmocka_unit_test(test_a_value_reaches_the_cpus_that_it_names),
	    cmocka_unit_test(test_the_intid_and_the_mode_have_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
