/* SPDX-License-Identifier: Apache-2.0 */
/* How processes start: in which order, laid out how, and what a failure leaves. */
#include "script.h"

static void servers_start_in_order(void **state)
{
	static const struct act early[] = {{SAY, SHELL, PM_READY, 0}};
	static const struct act ready[] = {{SAY, DISK, PM_READY, 0}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	go_on();
	assert_int_equal(k.state[DISK], PROCESS_RUNNING);
	assert_int_equal(k.state[SHELL], PROCESS_DEFINED);
	RUN(early); /* not the one that is awaited */
	assert_int_equal(k.state[SHELL], PROCESS_DEFINED);
	RUN(ready);
	assert_int_equal(answer[1], 0);
	assert_int_equal(k.state[SHELL], PROCESS_RUNNING);
	assert_int_equal(k.state[LATE], PROCESS_RUNNING);
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
	assert_int_equal(k.state[VM2], PROCESS_DEFINED); /* no autostart */
	assert_non_null(strstr(log_text, "system started"));
}

static void a_server_that_never_gets_ready_holds_up_nobody(void **state)
{
	static const struct act acts_[] = {{WAIT, 0, 0, 0}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	go_on();
	RUN(acts_);
	assert_int_equal(core.now, 10000000000);
	assert_non_null(strstr(log_text, "disk is not ready"));
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
}

static void a_server_that_dies_while_awaited_holds_up_nobody(void **state)
{
	static const struct act acts_[] = {{DIE, DISK, END_FAULT, 0, .status = 0x92000046}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	go_on();
	RUN(acts_);
	assert_non_null(strstr(log_text, "disk ended: fault, syndrome 92000046"));
	assert_int_equal(k.state[DISK], PROCESS_DEFINED);
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
}

static const struct mapping *mapped(unsigned slot, uint64_t address)
{
	for (unsigned i = 0; i < k.maps; i++)
		if (k.map[i].slot == slot && address >= k.map[i].address && address < k.map[i].address + k.map[i].bytes)
			return &k.map[i];
	return NULL;
}

static void a_process_is_laid_out_as_it_must_be(void **state)
{
	struct slot *disk = &slots[DISK];
	uint64_t own = 0;

	(void)state;
	disk->device_count = 2;
	disk->devices[0] = (struct slot_device){0x9000000, 0x1000, "uart"};
	disk->devices[1] = (struct slot_device){0xa000000, 0x2000, "disk"};
	disk->interrupt_count = 1;
	disk->interrupts[0] = (struct sys_interrupt){.intid = 33};
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	assert_int_equal(slot_launch(DISK), 0);
	assert_int_equal(slot_launch(DISK), -EBUSY);
	run_to_rest();
	assert_int_equal(k.regions[DISK], 4);
	assert_int_equal(k.interrupts[DISK], 1);
	assert_int_equal(k.entry, disk->layout.program + 0x10);
	assert_int_equal(k.codes[DISK], 1);
	assert_int_equal(k.code[DISK][0].start, PROGRAM_PA + 0x1000);
	assert_int_equal(k.code[DISK][0].bytes, 0x2000);
	assert_int_equal(k.stack % 16, 0);
	assert_int_equal(mapped(DISK, disk->layout.program)->prot, PROT_R | PROT_X);
	assert_int_equal(mapped(DISK, disk->layout.program)->region, 3);
	assert_int_equal(mapped(DISK, disk->layout.program)->offset, 0);
	assert_int_equal(mapped(DISK, disk->layout.program + 0x3040)->prot, PROT_R | PROT_W);
	assert_int_equal(mapped(DISK, disk->layout.program + 0x3040)->region, REGION_OWN);
	assert_int_equal(mapped(DISK, k.stack)->prot, PROT_R | PROT_W);
	assert_null(mapped(DISK, mapped(DISK, k.stack)->address - 1));
	assert_non_null(mapped(DISK, k.args.heap_start + k.args.heap_bytes - 1));
	/* All of region 0 is mapped once. */
	for (unsigned i = 0; i < k.maps; i++) {
		if (k.map[i].region != REGION_OWN)
			continue;
		own += k.map[i].bytes;
		for (unsigned j = 0; j < i; j++)
			assert_true(k.map[j].region != REGION_OWN ||
				    k.map[i].offset >= k.map[j].offset + k.map[j].bytes ||
				    k.map[j].offset >= k.map[i].offset + k.map[i].bytes);
	}
	assert_int_equal(own, disk->memory);
	assert_int_equal(k.args.argc, 2);
	assert_string_equal(k.strings + (k.args.argv[1] - k.stack - sizeof(k.args)), "-v");
	assert_int_equal(k.args.slot, DISK);
	assert_int_equal(k.params[DISK].runmask, 0xf);
	assert_int_equal(k.params[DISK].death_chid, PROCMGR_CHID);
	assert_int_equal(slot_launch(DISK), -EBUSY);
}

static void a_vm_gets_its_memory_and_the_archive_to_read(void **state)
{
	(void)state;
	assert_int_equal(vm_start(VM1), 0);
	assert_int_equal(k.regions[VM1], 4);
	assert_int_equal(k.args.region_count, 4);
	assert_int_equal(mapped(VM1, k.args.file_address)->region, REGION_ROM);
	assert_int_equal(mapped(VM1, k.args.file_address)->prot, PROT_R);
	assert_int_equal(k.args.file_bytes, 0x6123);
	assert_int_equal(k.args.window % LAYOUT_BLOCK, 0);
	assert_null(mapped(VM1, k.args.window));
	assert_int_equal(k.args.random, 1);
	assert_int_equal(k.params[VM1].guest, 1);
	assert_int_equal(k.params[VM1].abilities, ABLE_VCPU);
}

/* Also those that are not started at once. Whatever the kernel refuses, the seal fails, and with it the start. */
static void all_slots_are_defined_before_any_starts(void **state)
{
	unsigned steps;

	assert_int_equal(seal_slots(), 0);
	assert_true(k.sealed);
	assert_int_equal(k.creates, 0);
	for (unsigned i = 1; i < PROCESS_MAX; i++)
		assert_int_equal(k.state[i], slots[i].kind == SLOT_EMPTY ? PROCESS_FREE : PROCESS_DEFINED);
	assert_int_equal(k.regions[VM2], 4);
	steps = k.calls;
	for (unsigned i = 1; i <= steps; i++) {
		make_system(state);
		k.fail_at = i;
		assert_int_equal(seal_slots(), -ENOMEM);
		assert_false(k.sealed);
	}
}

/* One shared object beside the program, with a segment of each kind. */
static void a_module_is_mapped_beside_the_program(void **state)
{
	struct slot *vm = &slots[VM1];
	const struct start_module *told = &k.args.modules[0];

	(void)state;
	vm->vdev_files.count = 1;
	vm->vdev_files.file[0] = (struct cpio_file){.data = module, .bytes = sizeof(module)};
	vm->vdev_files.image[0] =
	    (struct elf_image){.count = 3, .span = 0x3000, .copy_bytes = 0x1000, .code_bytes = 0x2000};
	vm->vdev_files.image[0].segment[0] = (struct elf_segment){0, 0x1000, 0, 0, 0x1000, PROT_R};
	vm->vdev_files.image[0].segment[1] = (struct elf_segment){0x1000, 0x1000, 0, 0x1000, 0x900, PROT_R | PROT_X};
	vm->vdev_files.image[0].segment[2] = (struct elf_segment){0x2000, 0x1000, 8, 0x1908, 0x10, PROT_R | PROT_W};
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	assert_int_equal(vm_start(VM1), 0);
	assert_int_equal(k.args.module_count, 1);
	assert_int_equal(k.args.region_count, 5);
	assert_int_equal(told->file_bytes, sizeof(module));
	assert_int_equal(told->file_address, k.args.file_address + MODULE_PA - 0x48000000);
	assert_int_equal(k.code[VM1][1].start, MODULE_PA);
	assert_int_equal(k.code[VM1][1].bytes, 0x2000);
	assert_int_equal(mapped(VM1, told->base)->prot, PROT_R);
	assert_int_equal(mapped(VM1, told->base + 0x1000)->prot, PROT_R | PROT_X);
	assert_int_equal(mapped(VM1, told->base + 0x1000)->region, 4);
	assert_int_equal(mapped(VM1, told->base + 0x1000)->offset, 0x1000);
	assert_int_equal(mapped(VM1, told->base + 0x2008)->prot, PROT_R | PROT_W);
	assert_int_equal(mapped(VM1, told->base + 0x2008)->region, REGION_OWN);
}

static void a_restart_lies_elsewhere_and_has_another_guard(void **state)
{
	struct start_args first;
	uint64_t base, stack;

	(void)state;
	assert_int_equal(slot_launch(DISK), 0);
	run_to_rest();
	first = k.args;
	base = slots[DISK].layout.program;
	stack = k.stack;
	assert_int_equal(slot_kill(DISK), 0);
	run_to_rest();
	assert_int_equal(slot_launch(DISK), 0);
	assert_int_not_equal(slots[DISK].layout.program, base);
	assert_int_not_equal(k.stack, stack);
	assert_int_not_equal(k.args.heap_start, first.heap_start);
	assert_memory_not_equal(k.args.guard, first.guard, 8);
	assert_memory_not_equal(k.args.guard + 8, first.guard + 8, 8);
}

static void a_smashed_stack_is_called_by_its_name(void **state)
{
	static const struct act acts_[] = {
	    {DIE, DISK, END_FAULT, 0, .status = 0xf2000000 | BRK_STACK_SMASHED},
	    {DIE, SHELL, END_FAULT, 0, .status = 0xf2000000 | (BRK_STACK_SMASHED + 1)},
	};

	(void)state;
	go_on();
	k.info[SHELL].fault_pc = slots[SHELL].layout.program + 0x123;
	RUN(acts_);
	assert_non_null(strstr(log_text, "disk ended: stack smashed"));
	assert_non_null(strstr(log_text, "shell ended: fault, syndrome f2005351, address 0, pc program+123"));
}

/* Whichever step fails, nothing is left over, and the next attempt works. */
static void a_start_that_fails_leaves_nothing(void **state)
{
	unsigned steps;

	(void)state;
	assert_int_equal(vm_start(VM1), 0);
	steps = k.calls;
	assert_true(steps > 8);
	for (unsigned i = 1; i <= steps; i++) {
		make_sealed(state);
		k.fail_at = i;
		assert_int_equal(vm_start(VM1), 0);
		assert_int_equal(run_to_rest(), 2);
		assert_false(slots[VM1].running);
		assert_int_equal(k.state[VM1], PROCESS_DEFINED);
		assert_int_equal(k.destroys, k.creates);
		assert_non_null(strstr(log_text, "vm1 not started"));
		assert_string_equal(slots[VM1].note, strstr(log_text, "not started"));
		assert_int_equal(vm_start(VM1), 0);
		run_to_rest();
		assert_true(slots[VM1].running);
		assert_string_equal(slots[VM1].note, "");
	}
}

/* The worker finds that out, as it does what the kernel refuses: whoever waits for the start is told in the same way.
 */
static void a_process_without_room_in_its_address_space_holds_up_nobody(void **state)
{
	static const struct act again[] = {{SAY, SHELL, PM_PROCESS_START, "disk"}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	slots[DISK].image.span = 1ull << 40;
	assert_int_equal(go_on(), 2);
	assert_string_equal(slots[DISK].note, "not started: finding room in its address space failed, error 7");
	assert_int_equal(k.state[DISK], PROCESS_DEFINED);
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
	assert_non_null(strstr(log_text, "system started"));
	RUN(again);
	assert_int_equal(answer[1], 0);
	assert_int_equal(slots[DISK].job, JOB_NONE);
	slots[DISK].critical = true;
	assert_int_equal(RUN(again), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
}

static void the_cause_of_an_end_is_kept_and_the_slot_is_free(void **state)
{
	static const struct act acts_[] = {
	    {DIE, VM1, END_EXIT, 0, .status = CAUSE_WATCHDOG << 8 | 4},
	    {SAY, VM2, PM_VM_INFO, "vm1"},
	    {SAY, SHELL, PM_VM_START, "vm1"},
	    {PULSE, 0, (uint32_t)PULSE_CODE_PROCESSDEATH, 0, .status = VM1}, /* late, of the one before */
	    {PULSE, 0, (uint32_t)PULSE_CODE_PROCESSDEATH, 0, .status = 1ull << 40},
	    {SAY, VM2, PM_VM_INFO, NULL, 2},
	};

	(void)state;
	go_on();
	RUN(acts_);
	assert_int_equal(answer[2], 0);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.cause, CAUSE_WATCHDOG);
	assert_int_equal(vm_reply.exit_code, 4);
	assert_int_equal(vm_reply.end, END_EXIT);
	assert_int_equal(vm_reply.starts, 1);
	assert_int_equal(answer[3], 0);
	assert_true(slots[VM1].running);
	assert_int_equal(slots[VM1].starts, 2);
	assert_int_equal(k.destroys, 1);
	assert_int_equal(answer[6], -ESRCH);
	assert_non_null(strstr(log_text, "vm1 ended: exit code 4, cause watchdog"));
}

static void an_exit_status_beyond_the_known_causes_is_an_error(void **state)
{
	static const struct act acts_[] = {{DIE, VM1, END_EXIT, 0, .status = 0xffffffffffff00}};

	(void)state;
	go_on();
	RUN(acts_);
	assert_int_equal(slots[VM1].cause, CAUSE_ERROR);
	assert_int_equal(slots[VM1].exit_code, 0);
}

int start_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(servers_start_in_order),
	    CASE(a_server_that_never_gets_ready_holds_up_nobody),
	    CASE(a_server_that_dies_while_awaited_holds_up_nobody),
	    cmocka_unit_test_setup(a_process_is_laid_out_as_it_must_be, make_system),
	    cmocka_unit_test_setup(all_slots_are_defined_before_any_starts, make_system),
	    CASE(a_vm_gets_its_memory_and_the_archive_to_read),
	    cmocka_unit_test_setup(a_module_is_mapped_beside_the_program, make_system),
	    CASE(a_restart_lies_elsewhere_and_has_another_guard),
	    CASE(a_smashed_stack_is_called_by_its_name),
	    CASE(a_start_that_fails_leaves_nothing),
	    CASE(a_process_without_room_in_its_address_space_holds_up_nobody),
	    CASE(the_cause_of_an_end_is_kept_and_the_slot_is_free),
	    CASE(an_exit_status_beyond_the_known_causes_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
