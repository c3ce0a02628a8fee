/* SPDX-License-Identifier: Apache-2.0 */
/* Order of the groups. Boot arguments: ignore=1, see memory.h. The last line is `memory: done`, with three numbers. */
#include "memory.h"

#define FAILURES_SHOWN 40

bool ignores;
static const char *group_name;
static uint64_t checks, failures, counted;

void begin(const char *group)
{
	group_name = group;
	line_begin();
	put("memory: ");
	put(group);
	put(", after ms ");
	put_number(now() / (counter_hz() / 1000));
	put(" and accesses ");
	put_number(counted);
	line_end();
}

void check(const char *what, uint64_t where, uint64_t found, uint64_t right)
{
	checks++;
	if (found == right || ++failures > FAILURES_SHOWN)
		return;
	line_begin();
	put("memory: FAILED ");
	put(group_name);
	put(", ");
	put(what);
	put(" ");
	put_hex(where);
	put(": ");
	put_hex(found);
	put(", not ");
	put_hex(right);
	line_end();
}

void counts(void)
{
	counted++;
}

void guest_secondary(unsigned int cpu)
{
	(void)cpu;
	swap_other();
}

void guest_main(void)
{
	static const unsigned int granules[] = {12, 14, 16};

	ignores = bootarg("ignore", 0) != 0;
	test_access_off();
	for (unsigned int i = 0; i < 3; i++) {
		if (granule_there(granules[i]))
			test_access(granules[i]);
	}
	test_devices();
	test_settings();
	test_sizes();
	test_walks();
	test_rights();
	test_watchpoints();
	test_swap();
	line_begin();
	put("memory: done, checks ");
	put_number(checks);
	put(" failures ");
	put_number(failures);
	put(" unsupported ");
	put_number(counted);
	line_end();
	while (bootarg("idle", 0))
		__asm__ volatile("dsb sy; wfi" ::: "memory");
}
