/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: */
/* CFLAGS: -iquote kernel/include -Wno-unused-parameter */
/*
 * Maintenance of stage 2 (kernel/arch/aarch64/tlb.c), instruction by instruction: each `__asm__ volatile` of that file
 * is recorded instead of executed. With the erratum each TLBI and its DSB come twice, without it once.
 */
#include "kernel/arch/aarch64/sysreg.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>
#undef sysreg_read
#undef sysreg_write
#undef isb
#undef dsb

static char record[1024];
static uint64_t vttbr_el2;

static void note(const char *text)
{
	assert_true(strlen(record) + strlen(text) + 2 < sizeof(record));
	strcat(strcat(record, text), ";");
}

/* Of `"tlbi " "vmalle1is" "\n\tdsb " "ish" : : : "memory"` what an assembler would see. */
static void instruction(const char *text)
{
	char seen[128] = "";
	bool quoted = false;

	for (size_t at = 0; *text != '\0' && (quoted || *text != ':'); text++) {
		assert_true(at < sizeof(seen) - 2);
		if (*text == '"') {
			quoted = !quoted;
		} else if (quoted && *text == '\\') {
			if (*++text == 'n')
				seen[at++] = '+';
		} else if (quoted) {
			seen[at++] = *text;
		}
	}
	note(seen);
}

static void write_vttbr(uint64_t value)
{
	char text[32];

	vttbr_el2 = value;
	(void)snprintf(text, sizeof(text), "vttbr %llx", (unsigned long long)value);
	note(text);
}

#define sysreg_read(name)         (name)
#define sysreg_write(name, value) write_##name(value)
#define write_vttbr_el2           write_vttbr
#define isb()                     note("isb")
#define dsb(domain)               note("dsb " #domain)
#define __asm__
#define volatile(...) instruction(#__VA_ARGS__)
#include "kernel/arch/aarch64/tlb.c"
#undef volatile
#undef __asm__

bool errata_repeat_tlbi;

static const struct space s3 = {.tag = 3, .root_pa = 0x90000000}, s1 = {.tag = 5, .root_pa = 0x40080000};

#define SPACE_1 "5000040080000"
#define IN      "dsb ishst;vttbr 3000090000000;isb;"
#define OUT     "vttbr " SPACE_1 ";isb;"
#define PAGE    "tlbi ipas2e1is, %0;"

static void assert_record(bool erratum, const char *expected)
{
	assert_string_equal(record, expected);
	assert_int_equal(vttbr_el2, 0x5000040080000);
	assert_int_equal(errata_repeat_tlbi, erratum);
	record[0] = '\0';
}

static void begin(bool erratum)
{
	errata_repeat_tlbi = erratum;
	vttbr_el2 = 0x5000040080000;
	record[0] = '\0';
}

static void without_the_erratum_each_tlbi_comes_once(void **state)
{
	const vaddr_t pages[] = {0x1000, 0x2000, 0x3000};

	(void)state;
	begin(false);
	arch_tlb_flush_pages(&s3, pages, 1);
	assert_record(false, IN PAGE "dsb ish;"
				     "tlbi vmalle1is+dsb ish;" OUT);
	arch_tlb_flush_pages(&s3, pages, 3);
	assert_record(false, IN PAGE PAGE PAGE "dsb ish;"
					       "tlbi vmalle1is+dsb ish;" OUT);
	arch_tlb_flush_space(&s3);
	assert_record(false, IN "tlbi vmalls12e1is+dsb ish;" OUT);
	arch_tlb_flush_cpu_space(&s3, false);
	assert_record(false, IN "tlbi vmalle1+dsb nsh;" OUT);
	arch_tlb_flush_cpu_space(&s3, true);
	assert_record(false, IN "tlbi vmalle1+dsb nsh;"
				"ic iallu+dsb nsh;" OUT);
}

static void with_the_erratum_each_tlbi_comes_twice(void **state)
{
	const vaddr_t pages[] = {0x1000, 0x2000, 0x3000};

	(void)state;
	begin(true);
	arch_tlb_flush_pages(&s3, pages, 1);
	assert_record(true, IN PAGE "dsb ish;" PAGE "dsb ish;"
				    "tlbi vmalle1is+dsb ish;tlbi vmalle1is+dsb ish;" OUT);
	arch_tlb_flush_pages(&s3, pages, 3);
	assert_record(true, IN PAGE PAGE PAGE "dsb ish;" PAGE PAGE PAGE "dsb ish;"
					      "tlbi vmalle1is+dsb ish;tlbi vmalle1is+dsb ish;" OUT);
	arch_tlb_flush_space(&s3);
	assert_record(true, IN "tlbi vmalls12e1is+dsb ish;tlbi vmalls12e1is+dsb ish;" OUT);
	arch_tlb_flush_cpu_space(&s3, false);
	assert_record(true, IN "tlbi vmalle1+dsb nsh;tlbi vmalle1+dsb nsh;" OUT);
	arch_tlb_flush_cpu_space(&s3, true);
	assert_record(true, IN "tlbi vmalle1+dsb nsh;tlbi vmalle1+dsb nsh;"
			       "ic iallu+dsb nsh;" OUT);
}

/* In the space that the CPU is in already, VTTBR_EL2 need not change first. */
static void the_current_space_needs_no_switch(void **state)
{
	(void)state;
	begin(true);
	arch_tlb_flush_space(&s1);
	assert_record(true, "dsb ishst;tlbi vmalls12e1is+dsb ish;tlbi vmalls12e1is+dsb ish;" OUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_the_erratum_each_tlbi_comes_once),
	    cmocka_unit_test(with_the_erratum_each_tlbi_comes_twice),
	    cmocka_unit_test(the_current_space_needs_no_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
