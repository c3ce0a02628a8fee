/* SPDX-License-Identifier: Apache-2.0 */
/* System descriptions: what is read, what is refused, and whether it fits. */
#include "trees.h"

static void all_of_a_description_is_read(void **state)
{
	const struct sys_process *devc = &config.processes[0], *shell = &config.processes[1];

	(void)state;
	read_good();
	assert_int_equal(config.process_count, 2);
	assert_string_equal(devc->own.name, "devc");
	assert_string_equal(devc->program, "devc-pl011");
	assert_int_equal(devc->own.arg_count, 2);
	assert_string_equal(devc->own.args[1], "115200");
	assert_int_equal(devc->own.sched.priority, 20);
	assert_int_equal(devc->own.sched.max_priority, 30);
	assert_int_equal(devc->own.sched.policy, SCHED_FIFO_);
	assert_int_equal(devc->own.sched.runmask, 3);
	assert_int_equal(devc->own.memory, 0x200000);
	assert_int_equal(devc->own.kernel_memory, 0x100000);
	assert_int_equal(devc->abilities, ABLE_PUBLIC | ABLE_LOG);
	assert_int_equal(devc->own.connect, 0);
	assert_int_equal(devc->own.device_count, 1);
	assert_true(devc->ready);
	assert_true(devc->own.critical);
	assert_int_equal(shell->own.connect, 1);
	assert_int_equal(shell->abilities, 0);
	assert_int_equal(shell->own.sched.policy, SCHED_RR_);
	assert_false(shell->ready);
}

static void vms_have_their_own_properties(void **state)
{
	(void)state;
	read_good();
	assert_int_equal(config.vm_count, 2);
	assert_string_equal(config.vms[0].config, "linux1.qvmconf");
	assert_int_equal(config.vms[0].own.memory, 0); /* for sys_reserve() */
	assert_int_equal(config.vms[0].own.kernel_memory, 0);
	assert_true(config.vms[0].autostart);
	assert_int_equal(config.vms[0].own.connect, 1); /* all public ones, when nothing is said */
	assert_int_equal(config.vms[1].own.connect, 0); /* nobody, when that is said */
	assert_false(config.vms[1].autostart);
}

static void what_is_no_tree_is_refused(void **state)
{
	(void)state;
	memset(system_dtb, 0x5a, sizeof(system_dtb));
	assert_int_equal(read_system(ROOM), 1);
	assert_string_equal(said,
			    "[system.dtb] /: this is not a device tree blob, or it is damaged; compile system.dts "
			    "with dtc again\n");
	/* What is left can be checked all the same. */
	assert_int_equal(config.partition_count, 1);
	assert_int_equal(check_system(NULL, NULL), 0);
	write_system();
	assert_int_equal(read_system(fdt_totalsize(system_dtb) - 1), 1);
}

static void wrong_values_are_named_with_their_place(void **state)
{
	uint8_t *d = system_dtb;

	(void)state;
	begin(d);
	text(d, "compatible", "something,else");
	open_node(d, "processes");
	open_node(d, "a-name-of-32-bytes-which-are-too");
	close_node(d);
	open_node(d, "two");
	CELLS(d, "program", 0x61620000);
	CELLS(d, "priority", 1, 2, 3);
	assert_int_equal(fdt_property(d, "connect", "ab", 2), 0);
	CELLS(d, "ready", 1);
	CELLS(d, "memory", 0x1001);
	text(d, "policy", "x\ny");
	close_node(d);
	close_node(d);
	end(d);
	assert_int_equal(read_system(ROOM), 9);
	assert_string_equal(
	    said, "[system.dtb] /: this is not a system description: its root needs compatible = \"bulkhead,system\"\n"
		  "[system.dtb] /processes/a-name-of-32-bytes-which-are-too: its name must be 1 to 31 letters, digits, "
		  "'_', '-' or '.'\n"
		  "[system.dtb] /processes/a-name-of-32-bytes-which-are-too: 'program' is missing\n"
		  "[system.dtb] /processes/two: 'program' must be one string in double quotes\n"
		  "[system.dtb] /processes/two: 'priority' must be one number, as in <10> or /bits/ 64 <0x100000000>\n"
		  "[system.dtb] /processes/two: 'policy' is \"x?y\"; it must be \"rr\" or \"fifo\"\n"
		  "[system.dtb] /processes/two: 'memory' is 0x1001 bytes, not whole pages of 0x1000\n"
		  "[system.dtb] /processes/two: 'ready' has no value: write 'ready;' or leave it out\n"
		  "[system.dtb] /processes/two: 'connect' is not a list of strings, as in \"one\", \"two\"\n");
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	uint8_t *d = system_dtb;

	(void)state;
	begin(d);
	text(d, "compatible", "bulkhead,system");
	open_node(d, "processes");
	for (unsigned i = 0; i <= SYS_PROCESSES_MAX; i++) {
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		open_node(d, name);
		text(d, "program", "x");
		close_node(d);
	}
	close_node(d);
	end(d);
	assert_int_equal(read_system(ROOM), 1);
	assert_string_equal(said, "[system.dtb] /processes/p16: more than 16 processes\n");
}

/* Gives the first property a length that libfdt takes: one that leads its walk back to where it begins, or one that it
 * then reads as more than 4 GiB.
 */
static void lengthen(void *dtb, uint32_t length)
{
	int offset = 0, next;

	while (fdt_next_tag(dtb, offset, &next) != FDT_PROP)
		offset = next;
	((struct fdt_property *)((char *)dtb + fdt_off_dt_struct(dtb) + offset))->len = cpu_to_fdt32(length);
}

static void lengths_beyond_the_tree_are_refused(void **state)
{
	static const uint32_t lengths[] = {0u - 12, 0u - 8, 0u - 1, 0x7fffffff, 0x80000000};
	struct sys_board board;

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		write_board();
		lengthen(board_dtb, lengths[i]);
		assert_non_null(sys_board_read(&board, board_dtb, ROOM));
		read_good();
		lengthen(system_dtb, lengths[i]);
		assert_int_equal(read_system(ROOM), 1);
	}
}

static void a_good_system_fits_to_the_last_byte(void **state)
{
	struct sys_vm_needs needs[2] = {{.name = "linux1", .name_given = true, .guest_bytes = 64 << 20}, {.name = "x"}};
	struct sys_board board;

	(void)state;
	read_good();
	board_good(&board);
	config.vms[0].own.memory = 3 << 20;
	config.vms[0].own.kernel_memory = 2 << 20;
	sys_reserve(&config, needs);
	assert_int_equal(config.vms[0].own.memory, 3 << 20);
	assert_int_equal(config.vms[0].own.kernel_memory, 2 << 20);
	assert_int_equal(check_system(&board, needs), 0);
	assert_int_equal(sys_memory_bytes(&config, needs), 0x200000 + 0x100000 + (1 << 20) + (1 << 19) + (5 << 20) +
							       (64 << 20) + config.vms[1].own.memory +
							       config.vms[1].own.kernel_memory);
	/* Exactly enough, and one byte less than that. */
	board.ram_bytes = sys_memory_bytes(&config, needs);
	assert_int_equal(check_system(&board, needs), 0);
	board.ram_bytes--;
	assert_int_equal(check_system(&board, needs), 1);
	assert_non_null(strstr(said, ": 1 bytes are missing"));
	board.ram_bytes = 1ull << 32;
	board.cpus = 1;
	strcpy(needs[0].name, "other");
	needs[0].name_place = (struct qvm_place){"a", 1};
	needs[1].priority_place = (struct qvm_place){"b", 2};
	needs[1].runmask_places[1] = (struct qvm_place){"c", 3};
	needs[1].priority_max = 11;
	needs[1].runmask = 3;
	assert_int_equal(check_system(&board, needs), 4);
	assert_string_equal(
	    said,
	    "[system.dtb] /processes/devc: 'runmask' 0x3 names CPUs that the board does not have; its 1 CPUs are 0x1\n"
	    "[a:1] the VM is 'other' here and /vms/linux1 in the system; the two names must be equal\n"
	    "[b:2] priority 11 is above the 'max-priority' 10 of /vms/linux2; raise one or lower the other\n"
	    "[c:3] this CPU may run on CPU 1, which the board does not have: it has CPUs 0 to 0; choose another\n");
}

static void a_vms_needs_come_from_its_configuration(void **state)
{
	static const char *const words[] = {"system", "vm",      "ram", "1M",    "rom", "4K",      "cpu",
					    "sched",  "9",       "cpu", "sched", "12f", "runmask", "1",
					    "cpu",    "runmask", "2",   "load",  "a"};
	static const struct qvmconf_host host;
	static struct qvm_config vm;
	struct sys_vm_needs needs;

	(void)state;
	assert_int_equal(qvmconf_read(&vm, 19, words, &host), 0);
	sys_vm_needs(&needs, &(struct sys_vm){.config = "vm.qvmconf"}, &vm);
	assert_string_equal(needs.name, "vm");
	assert_true(needs.name_given);
	assert_int_equal(needs.guest_bytes, (1 << 20) + 4096);
	assert_int_equal(needs.priority_max, 12);
	assert_int_equal(needs.runmask, 6);
}

/* What VM 1 of the good system has beside its guest's RAM, by its configuration. `memory`: what the description says.
 */
static const struct sys_owner *reserve_of(unsigned count, const char *const *words, uint64_t memory)
{
	static const struct qvmconf_host host;
	static struct qvm_config vm;
	static struct sys_vm_needs needs[2];

	assert_int_equal(qvmconf_read(&vm, (int)count, words, &host), 0);
	read_good();
	config.vms[1].own.memory = memory;
	sys_vm_needs(&needs[1], &config.vms[1], &vm);
	strcpy(needs[1].name, config.vms[1].own.name);
	sys_reserve(&config, needs);
	if (check_system(NULL, needs) != 0)
		fail_msg("%s", said); /* it suffices for the start */
	return &config.vms[1].own;
}
#define RESERVE(words, memory) reserve_of(sizeof(words) / sizeof((words)[0]), words, memory)

/* A plain VM has less than a MiB; what needs more tables has more. */
static void a_vm_reserves_what_its_configuration_needs(void **state)
{
	static const char *const plain[] = {"ram", "0x80000000,1G", "load", "a"};
	static const char *const cpus[] = {"ram", "0x80000000,1G", "cpu", "cpu", "cpu",  "cpu",
					   "cpu", "cpu",           "cpu", "cpu", "load", "a"};
	static const char *const apart[] = {"ram", "0x80000000,1M", "ram", "0x90000000,1G", "load", "a"};
	static const char *const odd[] = {"ram", "0x80001000,1G", "load", "a"};
	static const char *const fdt[] = {"ram", "0x80000000,1G", "load", "a", "fdt", "load", "b"};
	uint64_t memory, kernel;

	(void)state;
	memory = RESERVE(plain, 0)->memory;
	kernel = config.vms[1].own.kernel_memory;
	assert_in_range(memory, 0x60000, 0x80000);
	assert_in_range(kernel, 0x50000, 0x80000);
	assert_true(RESERVE(cpus, 0)->memory >= memory + 7 * 0x4000);
	assert_true(config.vms[1].own.kernel_memory > kernel);
	assert_true(RESERVE(apart, 0)->kernel_memory >= kernel + 500 * QVM_PAGE);
	assert_true(RESERVE(odd, 0)->kernel_memory >= kernel + 500 * QVM_PAGE);
	assert_true(RESERVE(fdt, 0)->memory >= memory + 0x100000);
	/* Tables for what the description gives to qvm. */
	assert_true(RESERVE(plain, 64 << 20)->kernel_memory >= kernel + 28 * QVM_PAGE);
	assert_int_equal(config.vms[1].own.memory, 64 << 20);
}

/* Whether a process whose program, stack and heap have `memory` bytes may have so many pages for the kernel. */
static bool pages_suffice(uint64_t memory, uint64_t pages)
{
	config.processes[1].own.memory = memory;
	config.processes[1].own.kernel_memory = pages * QVM_PAGE;
	return check_system(NULL, NULL) == 0;
}

/* A table of pages covers 2 MiB, a table of such tables 1 GiB: each process has three of both from the beginning. */
static void page_tables_of_memory_are_counted(void **state)
{
	static const struct {
		uint64_t memory, pages;
	} cases[] = {{QVM_PAGE, 10},
		     {6 << 20, 10},
		     {(6 << 20) + QVM_PAGE, 11},
		     {8 << 20, 11},
		     {(8 << 20) + QVM_PAGE, 12},
		     {3ull << 30, 10 + 1533},
		     {(3ull << 30) + QVM_PAGE, 10 + 1534 + 1}};

	(void)state;
	read_good();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(pages_suffice(cases[i].memory, cases[i].pages));
		assert_false(pages_suffice(cases[i].memory, cases[i].pages - 1));
	}
	assert_false(pages_suffice(8 << 20, 10));
	assert_string_equal(said,
			    "[system.dtb] /processes/shell: 'kernel-memory' is 0xa000 bytes; the start alone needs "
			    "0xb000, and running needs more; raise it\n");
}

/* Damaged trees are refused or read, never followed out of their bounds (the sanitizers watch). */
static void random_damage_is_refused_or_read(void **state)
{
	struct sys_device device;
	struct sys_board board;
	unsigned seed = 3, refused = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		size_t size;
		uint8_t *exact;

		write_board();
		size = fdt_totalsize(board_dtb);
		exact = malloc(size);
		memcpy(exact, board_dtb, size);
		for (unsigned i = 0; i < 4; i++) {
			seed = seed * 1103515245u + 12345u;
			exact[(seed >> 8) % size] = (uint8_t)(seed >> 4);
		}
		if (sys_board_read(&board, exact, size))
			refused++;
		else
			sys_device_find(&board, "stdout", &device);
		free(exact);

		write_system();
		size = fdt_totalsize(system_dtb);
		for (unsigned i = 0; i < 4; i++) {
			seed = seed * 1103515245u + 12345u;
			system_dtb[(seed >> 8) % size] = (uint8_t)(seed >> 4);
		}
		refused += read_system(size) != 0;
	}
	assert_true(refused > 1000);
}

int description_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_a_description_is_read),
	    cmocka_unit_test(vms_have_their_own_properties),
	    cmocka_unit_test(what_is_no_tree_is_refused),
	    cmocka_unit_test(wrong_values_are_named_with_their_place),
	    cmocka_unit_test(more_than_there_is_room_for_is_refused),
	    cmocka_unit_test(lengths_beyond_the_tree_are_refused),
	    cmocka_unit_test(a_good_system_fits_to_the_last_byte),
	    cmocka_unit_test(a_vms_needs_come_from_its_configuration),
	    cmocka_unit_test(a_vm_reserves_what_its_configuration_needs),
	    cmocka_unit_test(page_tables_of_memory_are_counted),
	    cmocka_unit_test(random_damage_is_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
