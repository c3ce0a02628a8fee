/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/fdt.c */
/* CFLAGS: -Ikernel/include -Ikernel/arch/host -Wno-unused-parameter */
/*
 * The kernel's own reader of boards on the device trees of Debian's arm64 kernel: what it refuses is what the host tool
 * is expected to refuse, for that reason (tests/negative/boards.txt), and where the tool says that all is good there is
 * a console.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/arch/aarch64/sysreg.h"
#undef sysreg_read
#define sysreg_read(name) 0ull
#include "kernel/arch/aarch64/board.c"

static jmp_buf refused;
static const char *reason;

_Noreturn void boot_refuse(const char *why)
{
	reason = why;
	longjmp(refused, 1);
}

void boot_conduit_known(void)
{
}

void console_early(paddr_t uart)
{
	(void)uart;
}

void cache_clean_poc(const void *start, size_t bytes)
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
    {"private interrupt", "private interrupt"},
    {"has no PSCI", "has no PSCI"},
    {"reserves more than 32", "reserves more ranges"},
};

#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

static const char *parse(const char *path)
{
	static _Alignas(8) char blob[FDT_BYTES_MAX];
	FILE *file = fopen(path, "rb");

	if (file == NULL)
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
	if (strstr(tool, "good") != NULL && (known || board.uart.bytes == 0))
		fail_msg("%s: kernel: %s, UART of %llu bytes; tool: %s", name, kernel,
			 (unsigned long long)board.uart.bytes, tool);
	for (unsigned i = 0; i < REASONS && !known; i++) {
		if (strstr(tool, reasons[i].tool) != NULL)
			fail_msg("%s: kernel: nothing; tool: %s", name, tool);
	}
}

static void test_debians_boards(void **state)
{
	FILE *list = fopen("tests/negative/boards.txt", "r");
	char version[256], line[512], path[1024];
	unsigned compared = 0, listed = 0;

	(void)state;
	assert_non_null(list);
	assert_non_null(fgets(version, sizeof(version), list));
	version[strcspn(version, "\n")] = '\0';
	while (fgets(line, sizeof(line), list) != NULL) {
		char *tab = strchr(line, '\t');
		const char *kernel;

		assert_non_null(tab);
		*tab = '\0';
		listed++;
		snprintf(path, sizeof(path), "%s/debs/kernel/usr/lib/%s/%s", getenv("BUILD"), version, line);
		kernel = parse(path);
		if (kernel == NULL)
			continue; /* set-up has fetched no kernel, or another one */
		compare(line, kernel, tab + 1);
		compared++;
	}
	fclose(list);
	assert_true(listed > 500);
	if (compared == 0)
		skip();
	assert_int_equal(compared, listed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_debians_boards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
