/* SPDX-License-Identifier: Apache-2.0 */
/* Boards: memory, devices and interrupts, and who owns them. */
#include "trees.h"

static void a_board_has_cpus_ram_and_names(void **state)
{
	struct sys_board board;
	uint64_t start, bytes;

	(void)state;
	board_good(&board);
	assert_int_equal(board.cpus, 2);
	assert_int_equal(board.ram_bytes, 0x20000000 - 0x1000000);
	assert_true(sys_asinfo(&config, NULL, &board, "guestmem", &start, &bytes));
	assert_int_equal(start, 0x48000000);
	assert_int_equal(bytes, 0x1000000);
	assert_false(sys_asinfo(&config, NULL, &board, "guest", &start, &bytes));
	assert_non_null(sys_board_read(&board, board_dtb, 40));
	write_system();
	assert_string_equal(sys_board_read(&board, system_dtb, ROOM), "it describes no memory");
}

static void a_device_is_found_by_each_of_its_names(void **state)
{
	static const char *const names[] = {"stdout", "serial0", "/bus/inner/serial@1000"};
	struct sys_board board;
	struct sys_device device;

	(void)state;
	board_good(&board);
	for (unsigned i = 0; i < 3; i++) {
		assert_null(sys_device_find(&board, names[i], &device));
		assert_string_equal(device.path, "/bus/inner/serial@1000");
		assert_int_equal(device.range_count, 1);
		assert_true(device.ranges[0].start == 0x1210021000);
		assert_int_equal(device.ranges[0].bytes, 0x1000);
		assert_int_equal(device.interrupt_count, 1);
		assert_int_equal(device.interrupts[0].intid, 33);
		assert_false(device.interrupts[0].edge);
	}
	assert_null(sys_device_find(&board, "serial1", &device));
	assert_true(device.ranges[0].start == 0x1210005000);
	assert_int_equal(device.interrupts[0].intid, 41);
	assert_true(device.interrupts[0].edge);
}

/* The board's reserved memory goes to who names it, once. */
static void reserved_memory_is_its_owners(void **state)
{
	struct sys_board board;
	struct sys_device device;

	(void)state;
	read_good();
	board_good(&board);
	config.vms[0].own.regions[0] = "guestmem";
	config.vms[0].own.region_count = 1;
	assert_int_equal(check_system(&board, NULL), 0);
	assert_int_equal(claims.count, 3); /* the device of devc, its interrupt, and this */
	assert_int_equal(claims.claim[2].what, SYS_MEMORY);
	assert_true(claims.claim[2].reserved);
	assert_true(claims.claim[2].start == 0x48000000 && claims.claim[2].bytes == 0x1000000);
	config.vms[1].own.regions[0] = "guestmem";
	config.vms[1].own.region_count = 1;
	assert_int_equal(check_system(&board, NULL), 1);
	assert_non_null(strstr(said, "/vms/linux2: region \"guestmem\": 0x48000000-0x48ffffff belongs to /vms/linux1"));
	assert_string_equal(sys_device_find(&board, "/reserved-memory/guestmem@48000000", &device),
			    "it is memory; name it in 'regions'");
}

static void wrong_devices_are_refused(void **state)
{
	struct sys_board board;
	struct sys_device device;

	(void)state;
	board_good(&board);
	assert_string_equal(sys_device_find(&board, "serial9", &device), "the board has no such device");
	assert_string_equal(sys_device_find(&board, "/nowhere", &device), "the board has no such device");
	assert_string_equal(sys_device_find(&board, "", &device), "the board has no such device");
	assert_string_equal(sys_device_find(&board, "/intc@8000000", &device), "it belongs to the kernel");
	/* Its last half page lies beyond the end of the bus. */
	assert_string_equal(sys_device_find(&board, "/bus/inner/serial@f800", &device),
			    "its registers lie in none of the 'ranges' of its bus");
	assert_string_equal(sys_device_find(&board, "/bus/hidden/serial@0", &device),
			    "its bus has no 'ranges': its registers cannot be reached from the CPUs");
	assert_string_equal(sys_device_find(&board, "/", &device),
			    "the '#address-cells' or '#size-cells' of its bus are not supported");
}

static void mmio_keeps_away_from_what_is_not_a_device(void **state)
{
	struct sys_range range = {0x20000000, 0x1000};
	char path[SYS_PATH_MAX];
	struct sys_board board;

	(void)state;
	board_good(&board);
	assert_null(sys_mmio_refused(&board, &range, NULL, false, path));
	/* The last page before the interrupt controller, and one more. */
	range.start = 0x7fff000;
	assert_null(sys_mmio_refused(&board, &range, NULL, false, path));
	range.bytes = 0x2000;
	assert_string_equal(sys_mmio_refused(&board, &range, NULL, true, path), "it belongs to the kernel");
	assert_string_equal(path, "/intc@8000000");
	assert_null(sys_mmio_refused(&board, &range, "/intc@8000000", false, path));
	range.start = 0x10000f000;
	assert_string_equal(sys_mmio_refused(&board, &range, NULL, true, path), "it is memory");
}

/* A device without a name has one owner too, and does not hide in the pages of one that has a name. */
static void a_device_without_a_name_has_one_owner(void **state)
{
	struct sys_board board;

	(void)state;
	read_good();
	board_good(&board);
	config.processes[1].own.mmio[0] = (struct sys_range){0x1210020000, 0x1000};
	config.processes[1].own.mmio_count = 1;
	assert_int_equal(check_system(&board, NULL), 0);
	config.processes[1].own.mmio[0].bytes = 0x2000;
	config.processes[1].own.mmio[1] = (struct sys_range){0x1210020000, 0x1000};
	config.processes[1].own.mmio_count = 2;
	assert_int_equal(check_system(&board, NULL), 2);
	assert_string_equal(said,
			    "[system.dtb] /processes/shell: 'mmio' 0x1210020000: 0x1210020000-0x1210021fff belongs to "
			    "/processes/devc already, as device \"stdout\"; each thing has one owner, so remove it "
			    "from one of the two\n"
			    "[system.dtb] /processes/shell: 'mmio' 0x1210020000: 0x1210020000-0x1210020fff belongs to "
			    "/processes/shell already, as 'mmio' 0x1210020000; each thing has one owner, so remove it "
			    "from one of the two\n");
}

/* A device is its owner's, by whatever name, and so is the kernel's console. */
static void a_device_has_one_owner_by_whatever_name(void **state)
{
	struct sys_owner *shell = &config.processes[1].own;
	struct sys_board board;

	(void)state;
	read_good();
	board_good(&board);
	assert_int_equal(check_system(&board, NULL), 0);
	assert_true(sys_owns_stdout(&board, &claims, 0));
	assert_false(sys_owns_stdout(&board, &claims, 1));
	config.processes[0].own.device_count = 0;
	assert_int_equal(check_system(&board, NULL), 1); /* devc-pl011 needs one */
	config.processes[0].program = "other";
	assert_int_equal(check_system(&board, NULL), 0);
	assert_false(sys_owns_stdout(&board, &claims, 0));
	shell->interrupts[0] = 33;
	shell->interrupt_count = 1;
	assert_int_equal(check_system(&board, NULL), 0);
	assert_false(sys_owns_stdout(&board, &claims, 1)); /* the interrupt alone prints nothing */
	shell->interrupt_count = 0;
	shell->mmio[0] = (struct sys_range){0x1210021000, 0x1000};
	shell->mmio_count = 1;
	assert_int_equal(check_system(&board, NULL), 0);
	assert_true(sys_owns_stdout(&board, &claims, 1));
	shell->mmio[0].start += 0x1000;
	assert_int_equal(check_system(&board, NULL), 0);
	assert_false(sys_owns_stdout(&board, &claims, 1));
}

static void interrupts_must_exist_on_the_board(void **state)
{
	struct sys_owner *shell = &config.processes[1].own;
	struct sys_board board;

	(void)state;
	read_good();
	board_good(&board);
	assert_int_equal(board.intid_limit, 1020);
	shell->interrupts[0] = 95;
	shell->interrupt_count = 1;
	board.intid_limit = 96;
	assert_int_equal(check_system(&board, NULL), 0);
	shell->interrupts[0] = 96;
	assert_int_equal(check_system(&board, NULL), 1);
	assert_string_equal(said, "[system.dtb] /processes/shell: 'interrupts' 96 does not exist; the GIC has 32 to "
				  "95; choose another\n");
	/* SPI 1 of the device. */
	shell->interrupt_count = 0;
	board.intid_limit = 33;
	assert_int_equal(check_system(&board, NULL), 1);
	assert_non_null(strstr(said, "device \"stdout\": its interrupt 33 does not exist"));
}

/* Where the kernel's own devices are must be known before anybody is given an address. */
static void a_kernel_device_that_cannot_be_read_stops_all(void **state)
{
	const struct sys_range range = {0x30000000, 0x1000};
	char path[SYS_PATH_MAX];
	struct sys_board board;
	uint8_t *d = board_dtb;

	(void)state;
	begin(d);
	cell_counts(d, 2, 2);
	write_cpus(d);
	write_memory(d);
	open_node(d, "bus");
	cell_counts(d, 3, 2);
	open_node(d, "smmu");
	text(d, "compatible", "arm,smmu-v3");
	CELLS(d, "reg", 0, 0, 0x9050000, 0, 0x20000);
	close_node(d);
	close_node(d);
	end(d);
	assert_null(sys_board_read(&board, board_dtb, ROOM));
	assert_string_equal(sys_mmio_refused(&board, &range, NULL, false, path),
			    "it belongs to the kernel, and the tree does not say where its registers are");
	assert_string_equal(path, "/bus/smmu");
}

static void read_mmio(unsigned count, const uint32_t *values)
{
	uint8_t *d = system_dtb;

	begin(d);
	text(d, "compatible", "bulkhead,system");
	open_node(d, "processes");
	open_node(d, "a");
	text(d, "program", "x");
	cells(d, "mmio", count, values);
	close_node(d);
	close_node(d);
	end(d);
	read_system(ROOM);
}

static void wrong_mmio_ranges_are_refused(void **state)
{
	static const uint32_t good[] = {0x40, 0x10000000, 0, 0x100000, 0, 0x10000000, 0, 0x1000};
	static const uint32_t wrong[][4] = {{0, 0x1001, 0, 0x1000},
					    {0, 0x1000, 0, 0x800},
					    {0, 0x1000, 0, 0},
					    {0x100000, 0, 0, 0x1000},
					    {0, 0x1000, 0xffffffff, 0xfffff000}};

	(void)state;
	read_mmio(8, good);
	assert_string_equal(said, "");
	assert_int_equal(config.processes[0].own.mmio_count, 2);
	assert_true(config.processes[0].own.mmio[0].start == 0x4010000000);
	assert_int_equal(config.processes[0].own.mmio[0].bytes, 0x100000);
	assert_int_equal(config.processes[0].own.mmio[1].start, 0x10000000);
	assert_int_equal(config.processes[0].own.mmio[1].bytes, 0x1000);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		read_mmio(4, wrong[i]);
		assert_non_null(strstr(said, "/processes/a: 'mmio' 0x"));
		assert_non_null(strstr(said, "is not a range of whole pages of 0x1000\n"));
	}
	read_mmio(2, good);
	assert_non_null(strstr(said, "/processes/a: 'mmio' must be 1 to 4 pairs of start and length"));
}

int board_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_board_has_cpus_ram_and_names),
	    cmocka_unit_test(a_device_is_found_by_each_of_its_names),
	    cmocka_unit_test(wrong_devices_are_refused),
	    cmocka_unit_test(mmio_keeps_away_from_what_is_not_a_device),
	    cmocka_unit_test(reserved_memory_is_its_owners),
	    cmocka_unit_test(a_device_without_a_name_has_one_owner),
	    cmocka_unit_test(wrong_mmio_ranges_are_refused),
	    cmocka_unit_test(a_device_has_one_owner_by_whatever_name),
	    cmocka_unit_test(interrupts_must_exist_on_the_board),
	    cmocka_unit_test(a_kernel_device_that_cannot_be_read_stops_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
