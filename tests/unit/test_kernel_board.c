/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/boot/fdt.c kernel/boot/ranges.c kernel/arch/aarch64/board.c */
/* CFLAGS: -Ikernel/include -Ikernel -Wno-unused-parameter */
/* LIBS: fdt */
/*
 * The kernel's own reader of boards on the device trees of Debian's arm64 kernel: what it refuses is what the host tool
 * is expected to refuse, for that reason (tests/negative/boards.txt, boards-13.txt), and where the tool says that all
 * is good there is a console. A second test: which UART is no console.
 */
#include "kernel/arch/aarch64/sysreg.h"
#include "unit.h"
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef sysreg_read
#define sysreg_read(name) 0ull
#include "kernel/arch/aarch64/boot/board.c"

static jmp_buf refused;
static const char *reason;

_Noreturn void boot_refuse(const char *why)
{
	reason = why;
	longjmp(refused, 1);
}

void console_early(void)
{
}

void cache_clean(const void *start, size_t bytes)
{
	(void)start;
	(void)bytes;
}

void printk(const char *format, ...)
{
	(void)format;
}

/* What the kernel says, and words of what the tool says then. Memory and places are firmware's to fill in. */
static const struct {
	const char *kernel, *tool;
} reasons[] = {
    {"has no GICv3", "GICv"},
    {"has no PSCI", "has no PSCI"},
    {"reserves more than 32", "reserves more ranges"},
};

#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

static const char *parse(const char *path)
{
	static _Alignas(8) char blob[FDT_BYTES_MAX];
	FILE *file = fopen(path, "rb");

	if (!file)
		return NULL;
	memset(blob, 0, sizeof(blob));
	assert_true(fread(blob, 1, sizeof(blob), file) > 0);
	fclose(file);
	board = (struct board){0};
	reason = "";
	if (setjmp(refused) == 0)
		board_parse(blob);
	return reason;
}

static void compare(const char *name, const char *kernel, const char *tool)
{
	bool known = false;

	for (unsigned i = 0; i < REASONS; i++) {
		if (strstr(kernel, reasons[i].kernel) == NULL)
			continue;
		known = true;
		if (strstr(tool, reasons[i].tool) == NULL)
			fail_msg("%s: kernel: %s; tool: %s", name, kernel, tool);
	}
	/* What is good to the tool has all but its memory, and the kernel's console. */
	if (strstr(tool, "good") != NULL && (known || board.console.bytes == 0))
		fail_msg("%s: kernel: %s, UART of %llu bytes; tool: %s", name, kernel,
			 (unsigned long long)board.console.bytes, tool);
	for (unsigned i = 0; i < REASONS && !known; i++) {
		if (strstr(tool, reasons[i].tool) != NULL)
			fail_msg("%s: kernel: nothing; tool: %s", name, tool);
	}
}

struct outcomes {
	char version[256], text[1 << 20];
};

/* The first line has the kernel's version, each other one a tree and what the tool says of it. */
static void read_list(struct outcomes *list, const char *path)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	size_t length = fread(list->text, 1, sizeof(list->text) - 1, file);

	fclose(file);
	assert_in_range(length, 10000, sizeof(list->text) - 2);
	list->text[length] = '\0';
	assert_int_equal(sscanf(list->text, "%255s", list->version), 1);
}

/* Compares the trees of a version, except those that `otherwise` lists: how many there are. */
static unsigned compare_list(const char *version, const struct outcomes *list, const struct outcomes *otherwise)
{
	char tree[256], said[512], path[1024], entry[512];
	unsigned compared = 0;

	for (const char *line = strchr(list->text, '\n'); line[1]; line = strchr(line + 1, '\n')) {
		assert_int_equal(sscanf(line + 1, "%255[^\t]\t%511[^\n]", tree, said), 2);
		snprintf(entry, sizeof(entry), "\n%s\t", tree);
		if (otherwise && strstr(otherwise->text, entry) != NULL)
			continue;
		snprintf(path, sizeof(path), "%s/debs/kernel/usr/lib/%s/%s", getenv("BUILD"), version, tree);
		const char *kernel = parse(path);

		if (!kernel)
			continue; /* set-up has fetched no kernel, or another one */
		compare(tree, kernel, said);
		compared++;
	}
	return compared;
}

/* The list of Debian 13's kernel has what the first one lacks, and what has another outcome there. */
static void the_kernel_refuses_the_boards_that_the_tool_refuses(void **state)
{
	static struct outcomes first, second;
	unsigned compared;

	(void)state;
	read_list(&first, "tests/negative/boards.txt");
	read_list(&second, "tests/negative/boards-13.txt");
	compared = compare_list(first.version, &first, NULL);
	if (compared != 0) {
		assert_in_range(compared, 500, 600);
		return;
	}
	compared = compare_list(second.version, &second, NULL) + compare_list(second.version, &first, &second);
	if (compared == 0)
		skip();
	assert_in_range(compared, 1000, 1100);
}

/* A board that has only a UART on a bus. */
static void parse_uart(const char *stdout_path, const char *compatible, bool ranges, uint64_t address)
{
	static _Alignas(8) char blob[1024];
	const uint64_t reg[] = {cpu_to_fdt64(address), cpu_to_fdt64(0x1000)};

	fdt_create(blob, sizeof(blob));
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	fdt_begin_node(blob, "chosen");
	fdt_property_string(blob, "stdout-path", stdout_path);
	fdt_end_node(blob);
	fdt_begin_node(blob, "aliases");
	fdt_property_string(blob, "serial", "/bus/nothing");
	fdt_property_string(blob, "serial0", "/bus/serial");
	fdt_end_node(blob);
	fdt_begin_node(blob, "bus");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	if (ranges)
		fdt_property(blob, "ranges", NULL, 0);
	fdt_begin_node(blob, "serial");
	fdt_property_string(blob, "compatible", compatible);
	fdt_property(blob, "reg", reg, sizeof(reg));
	for (int i = 0; i < 3; i++)
		fdt_end_node(blob);
	assert_int_equal(fdt_finish(blob), 0);
	board = (struct board){0};
	if (setjmp(refused) == 0)
		board_parse(blob);
}

static void a_uart_that_the_kernel_cannot_reach_or_drive_is_no_console(void **state)
{
	(void)state;
	parse_uart("/bus/serial", "arm,pl011", true, 0x9000000);
	assert_int_equal(board.console.start, 0x9000000);
	assert_int_equal(board.console.bytes, 0x1000);
	parse_uart("/bus/serial", "arm,pl011", false, 0x9000000); /* no address of the bus is one of the CPU's */
	assert_int_equal(board.console.bytes, 0);
	parse_uart("/bus/serial", "arm,pl011", true, UINT64_MAX - 0xffe); /* beyond the last address */
	assert_int_equal(board.console.bytes, 0);
	parse_uart("/bus/serial", "ns16550a", true, 0x9000000);
	assert_int_equal(board.console.bytes, 0);
}

static void stdout_path_is_a_path_or_an_alias_with_options(void **state)
{
	static const struct {
		const char *path;
		bool found;
	} paths[] = {{"/bus/serial:115200n8", true},
		     {"serial0", true},
		     {"serial0:115200n8", true},
		     {"serial", false},
		     {"serial01", false},
		     {"", false},
		     {":115200n8", false},
		     {"/bus:serial", false}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(paths); i++) {
		parse_uart(paths[i].path, "arm,pl011", true, 0x9000000);
		assert_int_equal(board.console.bytes, paths[i].found ? 0x1000 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_uart_that_the_kernel_cannot_reach_or_drive_is_no_console),
	    cmocka_unit_test(stdout_path_is_a_path_or_an_alias_with_options),
	    cmocka_unit_test(the_kernel_refuses_the_boards_that_the_tool_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
