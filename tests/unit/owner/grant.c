/* SPDX-License-Identifier: Apache-2.0 */
/* What is given to processes: by whom, how often, in which state. */
#include "owner.h"

static void what_is_given_is_given_once(void **state)
{
	(void)state;
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(owner_define(1, owner_kmem(2)), -KE_BUSY);
	assert_int_equal(owner_define(2, owner_kmem(1) + PAGE_SIZE), -KE_PERM);
	assert_int_equal(owner_define(2, owner_kmem(2)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE + BYTES - PAGE_SIZE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, owner_kmem(1), PAGE_SIZE), -KE_PERM);
	assert_int_equal(owner_define(3, RANGE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_DEVICE, 0x1000, 0x2000), 1);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_DEVICE, 0x2000, 0x1000), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_IRQ, 50, 4), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_IRQ, 53, 1), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_IRQ, 54, 1), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_IRQ, 60, 1), -KE_SRCH);
	assert_int_equal(sys_ProcessGrant(procmgr, 0, GRANT_RAM, RANGE + BYTES, PAGE_SIZE), -KE_SRCH);
	/* What was taken by a process that has ended is still its slot's. */
	assert_int_equal(owner_make(1), 0);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	process_sealed = false;
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE, BYTES), -KE_PERM);
}

/* Whoever has the UART, even among other registers, has it alone. */
static void the_kernel_leaves_the_uart_to_its_owner(void **state)
{
	static const struct {
		uint64_t start, bytes;
		bool off;
	} cases[] = {
	    {HOST_CONSOLE, PAGE_SIZE, true},
	    {HOST_CONSOLE - PAGE_SIZE, 3 * PAGE_SIZE, true},
	    {HOST_CONSOLE - PAGE_SIZE, PAGE_SIZE, false},
	    {HOST_CONSOLE + PAGE_SIZE, PAGE_SIZE, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		process_sealed = false;
		assert_int_equal(owner_define(1, owner_kmem(1)), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_DEVICE, cases[i].start, cases[i].bytes), 0);
		assert_int_equal(sys_SystemCtl(procmgr, SYSTEM_CONSOLE_ON, 0), 0);
		for (unsigned lives = 0; lives < 2; lives++) {
			assert_false(host_console_is_off());
			assert_int_equal(owner_make(1), 0);
			assert_int_equal(host_console_is_off(), cases[i].off);
			assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
			assert_int_equal(sys_SystemCtl(procmgr, SYSTEM_CONSOLE_ON, 0), 0);
		}
		machine_undefine(1);
	}
}

/* Text goes out as the transmitter has room, in steps between which others run. */
static void text_goes_out_in_steps(void **state)
{
	size_t before = host_console_taken();

	(void)state;
	assert_int_equal(sys_SystemLog(procmgr, procmgr_page, 100), 0);
	assert_int_equal(host_console_taken() - before, 100);
}

/* An interrupt at each place where the calls look for one. */
static void an_interrupt_at_any_step_changes_nothing(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 60; n++) {
		host_raise_after(n, SPI);
		assert_int_equal(owner_define(1, owner_kmem(1)), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE + BYTES, BYTES), 1);
		assert_int_equal(processes[1].ram_bytes, 2 * BYTES);
		for (unsigned lives = 0; lives < 2; lives++) {
			if (lives == 0)
				memset(arch_pa_to_va(RANGE), 0xee, 2 * BYTES);
			assert_int_equal(owner_make(1), 0);
			assert_true(is_filled(RANGE, 2 * BYTES, 0));
			memset(arch_pa_to_va(RANGE), 0xee, 2 * BYTES);
			assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
			assert_int_equal(sys_ProcessZero(procmgr, 1), 0);
			assert_true(is_filled(RANGE, 2 * BYTES, 0));
			assert_true(is_filled(owner_kmem(1), 4 * PAGE_SIZE, 0));
		}
		machine_undefine(1);
		host_raise_after(0, SPI);
		assert_int_equal(sys_InterruptUnmask(procmgr, (uint64_t)interrupt), 0);
	}
}

/* Between two steps of a definition the memory is given to another. */
static void memory_given_to_another_meanwhile_is_refused(void **state)
{
	struct thread *other = machine_process(4, 100, ALL, ABLE_PROCESS, false);

	(void)state;
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(owner_define(2, owner_kmem(2)), 0);
	host_raise_after(PROCESS_MAX / 2, SPI); /* while it is being looked for */
	call_alone(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES);
	assert_int_equal(processes[1].ram_bytes, 0);
	assert_int_equal(sys_ProcessGrant(other, 2, GRANT_RAM, RANGE + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(call_result(&procmgr->frame), (uint64_t)-KE_PERM);
	assert_int_equal(processes[1].ram_bytes, 0);
	assert_int_equal(processes[2].ram_bytes, PAGE_SIZE);
	host_raise_after(0, SPI);
	assert_int_equal(sys_InterruptUnmask(procmgr, (uint64_t)interrupt), 0);
}

/* So does the search for an owner: one slot for each hold. */
static void a_search_for_an_owner_gives_way_after_each_slot(void **state)
{
	(void)state;
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	host_lock_wanted(true);
	call_alone(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES);
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++) {
		assert_int_equal(processes[1].check.slot, slot);
		machine_step(procmgr->cpu);
	}
	machine_settle();
	assert_int_equal(call_result(&procmgr->frame), 0);
	assert_int_equal(processes[1].ram_bytes, BYTES);
}

/* What was zeroed when a process ended is not zeroed again for the next one of its slot. */
static void clean_memory_is_not_zeroed_again(void **state)
{
	uint8_t *byte = arch_pa_to_va(RANGE);

	(void)state;
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
	*byte = 2;
	assert_int_equal(owner_make(1), 0);
	assert_int_equal(*byte, 0);
	*byte = 3;
	assert_int_equal(sys_ProcessZero(procmgr, 1), 0); /* a process has it */
	assert_int_equal(*byte, 3);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(sys_ProcessZero(procmgr, 1), 0);
	assert_int_equal(*byte, 0);
	*byte = 1; /* nobody has it, so only the test can do this: it shows who zeroes */
	assert_int_equal(sys_ProcessZero(procmgr, 1), 0);
	assert_int_equal(owner_make(1), 0);
	assert_int_equal(*byte, 1);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(owner_make(1), 0);
	assert_int_equal(*byte, 0);
	assert_int_equal(sys_ProcessZero(procmgr, PROCESS_MAX), -KE_INVAL);
	assert_int_equal(sys_ProcessZero(procmgr, 2), 0); /* it has none */
}

/* A region that is not a multiple of what is zeroed at once: all of it, and no page more. */
static void each_page_is_zeroed_and_none_after_the_last(void **state)
{
	(void)state;
	for (uint64_t pages = 1; pages <= 9; pages++) {
		machine_undefine(1);
		assert_int_equal(owner_define(1, owner_kmem(1)), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, pages * PAGE_SIZE), 0);
		memset(arch_pa_to_va(RANGE), 7, (pages + 8) * PAGE_SIZE);
		assert_int_equal(sys_ProcessZero(procmgr, 1), 0);
		assert_true(is_filled(RANGE, pages * PAGE_SIZE, 0));
		assert_true(is_filled(RANGE + pages * PAGE_SIZE, 8 * PAGE_SIZE, 7));
		assert_int_equal(region_zeroed(&processes[1].regions[0]), pages * PAGE_SIZE);
	}
}

/* Another CPU is still at the last pages: a process gets them when it has done its part, and not before. */
static void memory_that_another_cpu_zeroes_is_waited_for(void **state)
{
	struct region *r = &processes[1].regions[0];

	(void)state;
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(sys_ProcessZero(procmgr, 1), 0);
	process_sealed = true;
	r->busy = 1;
	call_alone(procmgr, ProcessCreate, 1, 0);
	for (unsigned i = 0; i < 20; i++)
		machine_step(procmgr->cpu);
	assert_int_equal(processes[1].state, PROCESS_DEFINED);
	r->busy = 0;
	machine_settle();
	assert_int_equal(call_result(&procmgr->frame), 0);
	assert_int_equal(processes[1].state, PROCESS_NEW);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
}

static void shared_memory_is_zeroed_before_the_first_and_after_the_last(void **state)
{
	uint8_t *byte = arch_pa_to_va(RANGE);

	(void)state;
	for (unsigned slot = 1; slot <= 3; slot++)
		assert_int_equal(owner_define(slot, owner_kmem(slot)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_SHARED, RANGE, BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE + BYTES, BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_SHARED, RANGE, BYTES), 1);
	/* All of it or none, and by nothing else. */
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, RANGE, BYTES / 2), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, RANGE + PAGE_SIZE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, RANGE + BYTES, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, owner_kmem(1), 4 * PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_RAM, RANGE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, 0x9000000, PAGE_SIZE), -KE_PERM);
	assert_int_equal(owner_define(4, RANGE), -KE_PERM);
	assert_int_equal(processes[1].ram_bytes, BYTES);
	assert_int_equal(processes[2].ram_bytes, BYTES);
	assert_int_equal(processes[1].regions[0].flags, REGION_RAM | REGION_SHARED);
	/* Zero for the first user; the second finds what the first has written. */
	*byte = 1;
	assert_int_equal(owner_make(1), 0);
	assert_int_equal(*byte, 0);
	*byte = 2;
	assert_int_equal(owner_make(2), 0);
	assert_int_equal(*byte, 2);
	/* Filled by message only: it may be in use. Never executable. */
	assert_int_equal(sys_ProcessCopy(procmgr, 2, 1, 0, MEM_VA, 16), -KE_INVAL);
	assert_int_equal(sys_ProcessMap(procmgr, 2, 0x200000, 1, 0, PAGE_SIZE, PROT_R | PROT_X), -KE_PERM);
	assert_int_equal(sys_ProcessMap(procmgr, 2, 0x200000, 1, 0, PAGE_SIZE, PROT_R | PROT_W), 0);
	/* The end of one leaves it to the other; that of the last leaves nothing. */
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(owner_make(1), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(sys_ProcessDestroy(procmgr, 2), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(sys_ProcessZero(procmgr, 2), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(sys_ProcessZero(procmgr, 2), 0);
	assert_true(is_filled(RANGE, BYTES, 0));
	*byte = 3; /* nobody has it: see clean_memory_is_not_zeroed_again() */
	assert_int_equal(owner_make(2), 0);
	assert_int_equal(*byte, 3);
}

/* Memory that firmware has reserved keeps what is in it, and is nobody's RAM. */
static void reserved_memory_keeps_its_content(void **state)
{
	const struct range reserved = {RANGE, 4 * BYTES};

	(void)state;
	board.reserved[board.reserved_count++] = reserved;
	board.reserved[board.reserved_count++] = (struct range){HOST_RAM_START + HOST_RAM_BYTES, BYTES};
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE - PAGE_SIZE, 2 * PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE + 1, PAGE_SIZE), -KE_INVAL);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE + 4 * BYTES - PAGE_SIZE, 2 * PAGE_SIZE),
			 -KE_PERM);
	/* It is not in the kernel's map: a process could name it in a call. */
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, HOST_RAM_START + HOST_RAM_BYTES, BYTES),
			 -KE_PERM);
	/* Firmware may reserve what it has loaded, which does not end with a page. */
	for (unsigned i = 0; i < 3; i++) {
		struct range *loaded = i == 0 ? &board.image : i == 1 ? &board.dtb : &board.initrd;
		const struct range before = *loaded;

		*loaded = (struct range){RANGE + PAGE_SIZE, PAGE_SIZE + 8};
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE, BYTES), -KE_PERM);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE + 2 * PAGE_SIZE, PAGE_SIZE),
				 -KE_PERM);
		*loaded = before;
	}
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE, BYTES), 0);
	assert_int_equal(owner_define(2, owner_kmem(2)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RESERVED, RANGE + PAGE_SIZE, PAGE_SIZE), -KE_PERM);
	memset(arch_pa_to_va(RANGE), 0xee, BYTES);
	for (unsigned lives = 0; lives < 2; lives++) {
		assert_int_equal(owner_make(1), 0);
		assert_int_equal(sys_ProcessCopy(procmgr, 1, 0, 0, CODE_VA, 8), -KE_INVAL);
		assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
		assert_true(is_filled(RANGE, BYTES, 0xee));
	}
	board.reserved_count -= 2;
}

int grant_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(what_is_given_is_given_once),
	    CASE(the_kernel_leaves_the_uart_to_its_owner),
	    CASE(text_goes_out_in_steps),
	    CASE(an_interrupt_at_any_step_changes_nothing),
	    CASE(memory_given_to_another_meanwhile_is_refused),
	    CASE(a_search_for_an_owner_gives_way_after_each_slot),
	    CASE(clean_memory_is_not_zeroed_again),
	    CASE(each_page_is_zeroed_and_none_after_the_last),
	    CASE(memory_that_another_cpu_zeroes_is_waited_for),
	    CASE(shared_memory_is_zeroed_before_the_first_and_after_the_last),
	    CASE(reserved_memory_keeps_its_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
