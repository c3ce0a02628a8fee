/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sysconf lib/fdt_good.c lib/qvmconf lib/glob.c */
/* SEEDS: BUILD/fuzz/make/trees/%.dtb */
/* LIBS: fdt */
/* A compiled system description: read, checked against a board, planned, and printed. */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sysconf.h>
#include <sysplan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t tree[2048];
static struct sys_board board;

static void reg(const char *node, uint64_t start, uint64_t bytes)
{
	fdt64_t cells[2] = {cpu_to_fdt64(start), cpu_to_fdt64(bytes)};

	fdt_begin_node(tree, node);
	fdt_property(tree, "reg", cells, sizeof(cells));
	if (strncmp(node, "memory", 6) == 0)
		fdt_property_string(tree, "device_type", "memory");
	fdt_end_node(tree);
}

/* 512 MiB, one CPU, a device that `stdout` names. */
static void make_board(void)
{
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_u32(tree, "#address-cells", 2);
	fdt_property_u32(tree, "#size-cells", 2);
	reg("memory@40000000", 0x40000000, 0x20000000);
	reg("serial@9000000", 0x9000000, 0x1000);
	fdt_begin_node(tree, "chosen");
	fdt_property_string(tree, "stdout-path", "/serial@9000000");
	fdt_end_node(tree);
	fdt_begin_node(tree, "cpus");
	fdt_begin_node(tree, "cpu@0");
	fdt_property_string(tree, "device_type", "cpu");
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	if (fdt_finish(tree) != 0 || sys_board_read(&board, tree, sizeof(tree)))
		abort();
}

static void count_line(void *context, const char *text)
{
	*(size_t *)context += strlen(text);
}

static void use(const struct sys_config *config, struct sys_report *report)
{
	static const struct range ram = {0x40000000, 0x20000000};
	static struct sys_vm_needs needs[SYS_VMS_MAX];
	static struct sys_claims claims;
	static struct plan plan;
	struct plan_shortage shortage;
	struct sys_map map = {config, &claims, &plan, 1, {0, 0}, needs, true};
	size_t printed = 0;

	for (unsigned i = 0; i < SYS_VMS_MAX; i++)
		needs[i] = (struct sys_vm_needs){.guest_bytes = 1 << 20};
	sys_check(config, NULL, NULL, &claims, report);
	if (sys_check(config, &board, needs, &claims, report) != 0)
		return;
	plan.count = 0;
	if (!plan_system(&plan, config, needs) && plan_place(&plan, &ram, 1, &shortage))
		sys_map(&map, count_line, &printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct sys_config config;
	size_t said = 0;
	struct sys_report report = {.file = "system.dtb", .message = count_line, .context = &said};
	void *copy = malloc(bytes ? bytes : 1);

	if (!board.dtb)
		make_board();
	memcpy(copy, data, bytes);
	/* What has mistakes is checked further by the host tool, which reports all of them. */
	sys_read(&config, copy, bytes, &report);
	use(&config, &report);
	free(copy);
	return 0;
}
