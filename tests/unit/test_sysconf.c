/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sysconf lib/fdt_good.c */
/* SOURCES: lib/qvmconf lib/glob.c tests/unit/sysconf */
/* LIBS: fdt */
/* The readers of system descriptions and of boards' device trees, and what is checked of both together. */
#include "sysconf/trees.h"

uint8_t system_dtb[ROOM], board_dtb[ROOM];
struct sys_config config;
struct sys_claims claims;
char said[8192];

static void message(void *context, const char *line)
{
	(void)context;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

/* Writing a tree: every step must succeed. */
void begin(uint8_t *dtb)
{
	assert_int_equal(fdt_create(dtb, ROOM), 0);
	assert_int_equal(fdt_finish_reservemap(dtb), 0);
	assert_int_equal(fdt_begin_node(dtb, ""), 0);
}

void end(uint8_t *dtb)
{
	assert_int_equal(fdt_end_node(dtb), 0);
	assert_int_equal(fdt_finish(dtb), 0);
}

void open_node(uint8_t *dtb, const char *name)
{
	assert_int_equal(fdt_begin_node(dtb, name), 0);
}

void close_node(uint8_t *dtb)
{
	assert_int_equal(fdt_end_node(dtb), 0);
}

void text(uint8_t *dtb, const char *property, const char *value)
{
	assert_int_equal(fdt_property(dtb, property, value, (int)strlen(value) + 1), 0);
}

/* A list of strings is written with '|' between them. */
void list(uint8_t *dtb, const char *property, const char *values)
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

void cells(uint8_t *dtb, const char *property, unsigned count, const uint32_t *values)
{
	uint32_t big[16];

	assert_true(count <= 16);
	for (unsigned i = 0; i < count; i++)
		big[i] = cpu_to_fdt32(values[i]);
	assert_int_equal(fdt_property(dtb, property, big, (int)(4 * count)), 0);
}

void cell_counts(uint8_t *dtb, uint32_t address, uint32_t size)
{
	CELLS(dtb, "#address-cells", address);
	CELLS(dtb, "#size-cells", size);
}

void write_system(void)
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

void write_serial(uint8_t *d, const char *name, uint32_t address, uint32_t spi, uint32_t flags)
{
	open_node(d, name);
	text(d, "compatible", "arm,pl011");
	CELLS(d, "reg", address, 0x1000);
	CELLS(d, "interrupts", 0, spi, flags);
	close_node(d);
}

void write_cpus(uint8_t *d)
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

void write_memory(uint8_t *d)
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

void write_board(void)
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

unsigned read_system(size_t bytes)
{
	struct sys_report report = {.file = "system.dtb", .message = message};

	said[0] = '\0';
	return sys_read(&config, system_dtb, bytes, &report);
}

unsigned check_system(const struct sys_board *board, const struct sys_vm_needs *needs)
{
	struct sys_report report = {.file = "system.dtb", .message = message};

	said[0] = '\0';
	return sys_check(&config, board, needs, &claims, &report);
}

void read_good(void)
{
	write_system();
	assert_int_equal(read_system(ROOM), 0);
	assert_string_equal(said, "");
}

void board_good(struct sys_board *board)
{
	write_board();
	assert_null(sys_board_read(board, board_dtb, ROOM));
}

int main(void)
{
	return description_tests() + board_tests() + partition_tests();
}
