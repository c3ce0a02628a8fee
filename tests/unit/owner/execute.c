/* SPDX-License-Identifier: Apache-2.0 */
/* What may be executed. */
#include "owner.h"

static int64_t try_map(unsigned region, unsigned prot)
{
	static uint64_t va = 0x10000000;

	va += PAGE_SIZE;
	return sys_ProcessMap(procmgr, 1, va, region, 0, PAGE_SIZE, prot);
}

enum { X_CODE, X_ROM, X_RAM, X_DEVICE };
#define ARCHIVE (RANGE + BYTES)

/* In a process's space only code of the archive, given as such, is executable; and none of that is writable. */
static void only_code_is_executable(void **state)
{
	(void)state;
	board.initrd = (struct range){ARCHIVE, 4 * PAGE_SIZE};
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(owner_define(2, owner_kmem(2)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_CODE, ARCHIVE + 4 * PAGE_SIZE, PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_CODE, ARCHIVE, 2 * PAGE_SIZE), X_CODE);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_CODE, ARCHIVE, 2 * PAGE_SIZE), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_ROM, ARCHIVE, 4 * PAGE_SIZE), X_ROM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, PAGE_SIZE), X_RAM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_DEVICE, 0x1000, 0x1000), X_DEVICE);
	assert_int_equal(owner_make(1), 0);
	for (unsigned region = X_CODE; region <= X_DEVICE; region++) {
		for (unsigned prot = PROT_R; prot <= (PROT_R | PROT_W | PROT_X); prot++) {
			bool good = prot & PROT_X   ? region == X_CODE && prot == (PROT_R | PROT_X)
				    : prot & PROT_W ? region >= X_RAM
						    : true;

			assert_int_equal(try_map(region, prot), good ? 0 : -KE_PERM);
		}
	}
}

static void no_process_makes_itself_executable(void **state)
{
	static const uint32_t flags[] = {REGION_RAM, REGION_DEVICE, REGION_RAM | REGION_RO,
					 REGION_RAM | REGION_RO | REGION_X};
	struct thread *t = machine_process(1, 10, 1, ABLE_VCPU, true);
	uint64_t va = 0x20000000;

	(void)state;
	for (unsigned i = 0; i < 4; i++, va += PAGE_SIZE) {
		struct region *r = &t->process->regions[8 + i];

		*r = (struct region){.start = RANGE, .bytes = PAGE_SIZE, .flags = flags[i]};
		for (unsigned prot = PROT_X; prot <= (PROT_R | PROT_W | PROT_X); prot++)
			assert_int_equal(sys_MemMap(t, SPACE_SELF, va, 8 + i, 0, PAGE_SIZE, prot), -KE_PERM);
		assert_int_equal(sys_MemMap(t, SPACE_SELF, va, 8 + i, 0, PAGE_SIZE, PROT_R), 0);
		assert_int_equal(sys_MemProtect(t, SPACE_SELF, va, PAGE_SIZE, PROT_R | PROT_X), -KE_PERM);
		/* What a guest executes is the guest's affair; what is read-only stays so. */
		assert_int_equal(sys_MemMap(t, SPACE_GUEST, va, 8 + i, 0, PAGE_SIZE, PROT_R | PROT_W | PROT_X),
				 flags[i] == REGION_RAM ? 0 : -KE_PERM);
		r->flags = 0;
	}
}

int execute_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(only_code_is_executable),
	    CASE(no_process_makes_itself_executable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
