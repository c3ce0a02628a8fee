/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sysconf lib/fdtgood.c */
/* SOURCES: lib/qvmconf lib/glob.c */
/* LIBS: fdt */
#include "lib/sysconf/internal.h"
#include "sysconf.h"
#include <bulkhead.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROOM 8192

static uint8_t system_dtb[ROOM], board_dtb[ROOM];
static struct sys_config config;
static struct sys_claims claims;
static char said[8192];

static void message(void *context, const char *line)
{
	(void)context;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

/* Writing a tree: every step must succeed. */
static void begin(uint8_t *dtb)
{
	assert_int_equal(fdt_create(dtb, ROOM), 0);
	assert_int_equal(fdt_finish_reservemap(dtb), 0);
	assert_int_equal(fdt_begin_node(dtb, ""), 0);
}

static void end(uint8_t *dtb)
{
	assert_int_equal(fdt_end_node(dtb), 0);
	assert_int_equal(fdt_finish(dtb), 0);
}

static void open_node(uint8_t *dtb, const char *name)
{
	assert_int_equal(fdt_begin_node(dtb, name), 0);
}

static void close_node(uint8_t *dtb)
{
	assert_int_equal(fdt_end_node(dtb), 0);
}

static void text(uint8_t *dtb, const char *property, const char *value)
{
	assert_int_equal(fdt_property(dtb, property, value, (int)strlen(value) + 1), 0);
}

/* A list of strings is written with '|' between them. */
static void list(uint8_t *dtb, const char *property, const char *values)
{
	char bytes[128];
	size_t n = strlen(values);

	memcpy(bytes, values, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '|')
			bytes[i] = '\0';
	}
	assert_int_equal(fdt_property(dtb, property, bytes, (int)n + 1), 0);
}

static void cells(uint8_t *dtb, const char *property, unsigned count, const uint32_t *values)
{
	uint32_t big[16];

	assert_true(count <= 16);
	for (unsigned i = 0; i < count; i++)
		big[i] = cpu_to_fdt32(values[i]);
	assert_int_equal(fdt_property(dtb, property, big, (int)(4 * count)), 0);
}

#define CELLS(dtb, property, ...) \
	cells(dtb, property, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (const uint32_t[]){__VA_ARGS__})

static void cell_counts(uint8_t *dtb, uint32_t address, uint32_t size)
{
	CELLS(dtb, "#address-cells", address);
	CELLS(dtb, "#size-cells", size);
}

static void write_system(void)
{
	uint8_t *d = system_dtb;

	begin(d);
	text(d, "compatible", "bulkhead,system");
	open_node(d, "processes");
	open_node(d, "devc");
	text(d, "program", "devc-pl011");
	list(d, "args", "-b|115200");
	CELLS(d, "priority", 20);
	CELLS(d, "max-priority", 30);
	text(d, "policy", "fifo");
	CELLS(d, "runmask", 3);
	CELLS(d, "memory", 0x200000);
	CELLS(d, "kernel-memory", 0, 0x100000);
	list(d, "abilities", "public|log");
	list(d, "devices", "stdout");
	assert_int_equal(fdt_property(d, "ready", NULL, 0), 0);
	assert_int_equal(fdt_property(d, "critical", NULL, 0), 0);
	close_node(d);
	open_node(d, "shell");
	text(d, "program", "shell");
	list(d, "connect", "devc");
	close_node(d);
	close_node(d);
	open_node(d, "vms");
	open_node(d, "linux1");
	text(d, "config", "linux1.qvmconf");
	assert_int_equal(fdt_property(d, "autostart", NULL, 0), 0);
	close_node(d);
	open_node(d, "linux2");
	text(d, "config", "linux2.qvmconf");
	assert_int_equal(fdt_property(d, "connect", NULL, 0), 0);
	close_node(d);
	close_node(d);
	end(d);
}

static void write_serial(uint8_t *d, const char *name, uint32_t address, uint32_t spi, uint32_t flags)
{
	open_node(d, name);
	text(d, "compatible", "arm,pl011");
	CELLS(d, "reg", address, 0x1000);
	CELLS(d, "interrupts", 0, spi, flags);
	close_node(d);
}

static void write_cpus(uint8_t *d)
{
	open_node(d, "cpus");
	cell_counts(d, 1, 0);
	for (unsigned i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "cpu@%u", i);
		open_node(d, name);
		text(d, "device_type", "cpu");
		CELLS(d, "reg", i);
		text(d, "status", i == 2 ? "disabled" : "okay");
		close_node(d);
	}
	close_node(d);
}

static void write_memory(uint8_t *d)
{
	open_node(d, "memory@40000000");
	text(d, "device_type", "memory");
	CELLS(d, "reg", 0, 0x40000000, 0, 0x10000000, 1, 0, 0, 0x10000000);
	close_node(d);
	open_node(d, "reserved-memory");
	cell_counts(d, 2, 2);
	assert_int_equal(fdt_property(d, "ranges", NULL, 0), 0);
	open_node(d, "guestmem@48000000");
	CELLS(d, "reg", 0, 0x48000000, 0, 0x1000000);
	close_node(d);
	close_node(d);
}

static void write_board(void)
{
	uint8_t *d = board_dtb;

	begin(d);
	cell_counts(d, 2, 2);
	CELLS(d, "interrupt-parent", 1);
	open_node(d, "chosen");
	text(d, "stdout-path", "serial0:115200n8");
	close_node(d);
	open_node(d, "aliases");
	text(d, "serial0", "/bus/inner/serial@1000");
	text(d, "serial1", "/bus/serial@5000");
	close_node(d);
	write_cpus(d);
	write_memory(d);
	open_node(d, "intc@8000000");
	text(d, "compatible", "arm,gic-v3");
	CELLS(d, "phandle", 1);
	CELLS(d, "#interrupt-cells", 3);
	CELLS(d, "reg", 0, 0x8000000, 0, 0x10000);
	close_node(d);
	open_node(d, "bus");
	cell_counts(d, 1, 1);
	CELLS(d, "ranges", 0, 0x12, 0x10000000, 0x100000);
	write_serial(d, "serial@5000", 0x5000, 9, 1);
	open_node(d, "inner");
	cell_counts(d, 1, 1);
	CELLS(d, "ranges", 0, 0x20000, 0x10000);
	write_serial(d, "serial@1000", 0x1000, 1, 4);
	write_serial(d, "serial@f800", 0xf800, 2, 4);
	close_node(d);
	open_node(d, "hidden");
	cell_counts(d, 1, 1);
	write_serial(d, "serial@0", 0, 3, 4);
	close_node(d);
	close_node(d);
	end(d);
}

static unsigned read_system(size_t bytes)
{
	struct sys_report report = {.file = "system.dtb", .message = message};

	said[0] = '\0';
	return sys_read(&config, system_dtb, bytes, &report);
}

static unsigned check_system(const struct sys_board *board, const struct sys_vm_needs *needs)
{
	struct sys_report report = {.file = "system.dtb", .message = message};

	said[0] = '\0';
	return sys_check(&config, board, needs, &claims, &report);
}

static void read_good(void)
{
	write_system();
	assert_int_equal(read_system(ROOM), 0);
	assert_string_equal(said, "");
}

static void board_good(struct sys_board *board)
{
	write_board();
	assert_null(sys_board_read(board, board_dtb, ROOM));
}

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
	assert_int_equal(config.vms[0].own.memory, 2 << 20);
	assert_int_equal(config.vms[0].own.kernel_memory, 4 << 20);
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
	    said, "[system.dtb] /: this is no system description: its root needs compatible = \"bulkhead,system\"\n"
		  "[system.dtb] /processes/a-name-of-32-bytes-which-are-too: its name must be 1 to 31 letters, digits, "
		  "'_', '-' or '.'\n"
		  "[system.dtb] /processes/a-name-of-32-bytes-which-are-too: 'program' is missing\n"
		  "[system.dtb] /processes/two: 'program' must be one string in double quotes\n"
		  "[system.dtb] /processes/two: 'priority' must be one number, as in <10> or /bits/ 64 <0x100000000>\n"
		  "[system.dtb] /processes/two: 'policy' is \"x?y\"; it must be \"rr\" or \"fifo\"\n"
		  "[system.dtb] /processes/two: 'memory' is 0x1001 bytes, not whole pages of 0x1000\n"
		  "[system.dtb] /processes/two: 'ready' takes no value: it is written 'ready;' or left out\n"
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
			    "its bus writes addresses in a way that is not supported");
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
	assert_string_equal(
	    said, "[system.dtb] /processes/shell: 'mmio' 0x1210020000: 0x1210020000-0x1210021fff belongs to "
		  "/processes/devc already, as device \"stdout\"; each thing has one owner, so take it from one of "
		  "the two\n"
		  "[system.dtb] /processes/shell: 'mmio' 0x1210020000: 0x1210020000-0x1210020fff belongs to "
		  "/processes/shell already, as 'mmio' 0x1210020000; each thing has one owner, so take it from one "
		  "of the two\n");
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
	assert_string_equal(said, "[system.dtb] /processes/shell: 'interrupts' 96 does not exist, the GIC has 32 to "
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
			    "it belongs to the kernel, and where its registers are cannot be read");
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

static void a_good_system_fits_to_the_last_byte(void **state)
{
	struct sys_vm_needs needs[2] = {{.name = "linux1", .name_given = true, .guest_bytes = 64 << 20}, {.name = "x"}};
	struct sys_board board;

	(void)state;
	read_good();
	board_good(&board);
	assert_int_equal(check_system(&board, needs), 0);
	assert_int_equal(sys_memory_bytes(&config, needs),
			 0x200000 + 0x100000 + (1 << 20) + (1 << 19) + 2 * (6 << 20) + (64 << 20));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_a_description_is_read),
	    cmocka_unit_test(vms_have_their_own_properties),
	    cmocka_unit_test(what_is_no_tree_is_refused),
	    cmocka_unit_test(wrong_values_are_named_with_their_place),
	    cmocka_unit_test(more_than_there_is_room_for_is_refused),
	    cmocka_unit_test(a_board_has_cpus_ram_and_names),
	    cmocka_unit_test(lengths_beyond_the_tree_are_refused),
	    cmocka_unit_test(a_device_is_found_by_each_of_its_names),
	    cmocka_unit_test(wrong_devices_are_refused),
	    cmocka_unit_test(mmio_keeps_away_from_what_is_not_a_device),
	    cmocka_unit_test(reserved_memory_is_its_owners),
	    cmocka_unit_test(a_device_without_a_name_has_one_owner),
	    cmocka_unit_test(wrong_mmio_ranges_are_refused),
	    cmocka_unit_test(a_good_system_fits_to_the_last_byte),
	    cmocka_unit_test(a_vms_needs_come_from_its_configuration),
	    cmocka_unit_test(random_damage_is_refused_or_read),
	    cmocka_unit_test(a_device_has_one_owner_by_whatever_name),
	    cmocka_unit_test(interrupts_must_exist_on_the_board),
	    cmocka_unit_test(a_kernel_device_that_cannot_be_read_stops_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
