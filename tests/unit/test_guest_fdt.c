/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/fdt.c qvm/fdt_tree.c qvm/fdt_user.c qvm/fdt_vdev.c qvm/arch/aarch64/fdt.c */
/* SOURCES: qvm/memory.c qvm/arch/aarch64/cache.c lib/fdt_good.c */
/* LIBS: fdt */
/* The device tree that a guest gets: generated alone, and merged into one of the user's. */
#include "qvm/fdt.h"
#include "siphash.h"
#include "unit.h"
#include <libfdt.h>
#include <qvm/vdev-fdt.h>
#include <stdlib.h>
#include <string.h>

#define RAM 0x80000000ull

struct fixture {
	struct qvm_config config;
	struct guest_memory memory;
	struct guest_fdt in;
	void *out;
	uint64_t user[1024];
};

/* Both vdevs are serial ports. */
static void describe(unsigned index, int parent)
{
	vdev_t vdev = {.v_block = {QST_MEMORY, index == 0 ? 0x1c090000 : 0x1c0a0000, 0x1000}, .v_intr = 37 + index};
	const uint32_t clock = vdev_fdt_clock(24000000);
	const int node = vdev_fdt_node(&vdev, parent, "serial");

	vdev_fdt_string(node, "compatible", "arm,pl011");
	vdev_fdt_cells(node, "clocks", (const uint32_t[]){clock, clock}, 2);
	vdev_fdt_bytes(node, "clock-names", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
	vdev_fdt_alias(&vdev, "serial");
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->config.cpu_count = 3;
	f->config.cmdline = "console=ttyAMA0 root=/dev/ram";
	f->config.gic = (struct qvm_gic){.gicd = 0x2f000000, .gicr = 0x2f100000, .name = "gic"};
	f->config.vdev_count = 2;
	f->config.vdevs[0] = (struct qvm_vdev){.loc = 0x1c090000, .bytes = 0x1000, .intr = {37}, .intr_count = 1};
	f->config.vdevs[1] =
	    (struct qvm_vdev){.loc = 0x1c0a0000, .bytes = 0x1000, .intr = {38}, .intr_count = 1, .name = "second"};
	assert_null(guest_memory_add(&f->memory, 0x1000000000ull, 0x200000, false));
	assert_null(guest_memory_add(&f->memory, RAM, 0x8000000, false));
	assert_null(guest_memory_add(&f->memory, 0, 0x10000, true));
	f->in.config = &f->config;
	f->in.memory = &f->memory;
	f->in.describe = describe;
	f->in.initrd_start = 0x87000000;
	f->in.initrd_end = 0x87001234;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->out);
	free(f);
	return 0;
}

static bool build(struct fixture *f)
{
	const size_t room = guest_fdt_room(&f->in);

	free(f->out);
	f->out = malloc(room);
	if (!guest_fdt_build(&f->in, f->out, room))
		return false;
	assert_int_equal(fdt_check_full(f->out, fdt_totalsize(f->out)), 0);
	return true;
}

static int node_at(const struct fixture *f, const char *path)
{
	const int node = fdt_path_offset(f->out, path);

	assert_true(node >= 0);
	return node;
}

static void assert_cells(const struct fixture *f, const char *path, const char *property, const uint32_t *want, int n)
{
	int length;
	const fdt32_t *have = fdt_getprop(f->out, node_at(f, path), property, &length);

	assert_non_null(have);
	assert_int_equal(length, n * 4);
	for (int i = 0; i < n; i++)
		assert_int_equal(fdt32_to_cpu(have[i]), want[i]);
}
#define ASSERT_CELLS(f, path, property, ...)                             \
	assert_cells(f, path, property, (const uint32_t[]){__VA_ARGS__}, \
		     (int)(sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)))

static void assert_text(const struct fixture *f, const char *path, const char *property, const char *want)
{
	assert_true(fdt_stringlist_search(f->out, node_at(f, path), property, want) >= 0);
}

static void a_generated_tree_says_what_is_configured(void **state)
{
	struct fixture *f = *state;
	uint32_t gic, clock;

	assert_true(build(f));
	gic = fdt_get_phandle(f->out, node_at(f, "/interrupt-controller@2f000000"));
	clock = fdt_get_phandle(f->out, node_at(f, "/qvm-clock-24000000"));
	assert_true(gic != 0 && clock != 0 && gic != clock);
	assert_text(f, "/", "model", "QVM-v8A");
	ASSERT_CELLS(f, "/", "interrupt-parent", gic);
	ASSERT_CELLS(f, "/memory@80000000", "reg", 0, RAM, 0, 0x8000000);
	ASSERT_CELLS(f, "/memory@1000000000", "reg", 0x10, 0, 0, 0x200000);
	assert_true(fdt_path_offset(f->out, "/memory@0") < 0); /* rom is not told as memory */
	ASSERT_CELLS(f, "/cpus/cpu@0", "reg", 0);
	ASSERT_CELLS(f, "/cpus/cpu@2", "reg", 2);
	assert_true(fdt_path_offset(f->out, "/cpus/cpu@3") < 0);
	assert_text(f, "/cpus/cpu@1", "enable-method", "psci");
	assert_text(f, "/cpus/cpu@1", "compatible", "arm,armv8");
	assert_text(f, "/cpus/cpu@1", "device_type", "cpu");
	assert_text(f, "/psci", "compatible", "arm,psci-1.0");
	assert_text(f, "/psci", "compatible", "arm,psci-0.2");
	assert_text(f, "/psci", "method", "hvc");
	ASSERT_CELLS(f, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	assert_non_null(fdt_getprop(f->out, node_at(f, "/timer"), "always-on", NULL));
	assert_text(f, "/interrupt-controller@2f000000", "compatible", "arm,gic-v3");
	ASSERT_CELLS(f, "/interrupt-controller@2f000000", "#interrupt-cells", 3);
	ASSERT_CELLS(f, "/interrupt-controller@2f000000", "reg", 0, 0x2f000000, 0, 0x10000, 0, 0x2f100000, 0, 0x60000);
	ASSERT_CELLS(f, "/serial@1c090000", "interrupts", 0, 5, 4);
	ASSERT_CELLS(f, "/serial@1c090000", "clocks", clock, clock);
	ASSERT_CELLS(f, "/serial@1c0a0000", "reg", 0, 0x1c0a0000, 0, 0x1000);
	assert_text(f, "/serial@1c090000", "clock-names", "apb_pclk");
	ASSERT_CELLS(f, "/qvm-clock-24000000", "clock-frequency", 24000000);
	assert_text(f, "/aliases", "serial0", "/serial@1c090000");
	assert_text(f, "/aliases", "serial1", "/serial@1c0a0000");
	assert_text(f, "/chosen", "stdout-path", "serial0:115200n8");
	assert_text(f, "/chosen", "bootargs", f->config.cmdline);
	ASSERT_CELLS(f, "/chosen", "linux,initrd-start", 0, 0x87000000);
	ASSERT_CELLS(f, "/chosen", "linux,initrd-end", 0, 0x87001234);
	assert_null(fdt_getprop(f->out, node_at(f, "/chosen"), "rng-seed", NULL));
}

static void each_start_has_its_own_seed(void **state)
{
	struct fixture *f = *state;
	uint8_t key[16] = {0};
	const uint8_t *kaslr, *seed;
	int length;

	/* The first vector of the paper's appendix has another length; this one is SipHash-2-4 of 00..07 under 00..0f.
	 */
	for (unsigned i = 0; i < 16; i++)
		key[i] = (uint8_t)i;
	assert_int_equal(siphash(key, 0x0706050403020100ull), 0x93f5f5799a932462ull);
	f->in.seed_key = key;
	assert_true(build(f));
	kaslr = fdt_getprop(f->out, node_at(f, "/chosen"), "kaslr-seed", &length);
	assert_non_null(kaslr);
	assert_int_equal(length, 8);
	seed = fdt_getprop(f->out, node_at(f, "/chosen"), "rng-seed", &length);
	assert_non_null(seed);
	assert_int_equal(length, 64);
	for (int i = 0; i + 8 <= length; i += 8)
		assert_memory_not_equal(seed + i, kaslr, 8);
	/* A board without entropy promises none. */
	f->in.seed_key = NULL;
	assert_true(build(f));
	assert_null(fdt_getprop(f->out, node_at(f, "/chosen"), "kaslr-seed", NULL));
}

static void property(void *fdt, const char *name, const char *value)
{
	assert_int_equal(fdt_property(fdt, name, value, (int)strlen(value) + 1), 0);
}

/* What a user might bring: a passed-through device, references to vdevs, and leftovers of the board. */
static void user_tree(struct fixture *f, uint32_t cells, const char *vdev, bool twice)
{
	void *fdt = f->user;

	assert_int_equal(fdt_create(fdt, sizeof(f->user)), 0);
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property_u32(fdt, "#address-cells", cells);
	fdt_property_u32(fdt, "#size-cells", cells);
	property(fdt, "compatible", "vendor,board");
	for (int i = 0; i <= twice; i++) {
		fdt_begin_node(fdt, i == 0 ? "vgic@0" : "vgic@1");
		property(fdt, "qvm,vdev", vdev);
		fdt_property_u32(fdt, "phandle", 0x42 + (uint32_t)i);
		fdt_end_node(fdt);
	}
	fdt_begin_node(fdt, "memory");
	property(fdt, "device_type", "memory");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "memory@10000000");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "old-timer");
	property(fdt, "compatible", "arm,armv8-timer");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "cpus");
	fdt_begin_node(fdt, "cpu@7");
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "chosen");
	property(fdt, "stdout-path", "/device@5000");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "device@5000");
	fdt_property_u32(fdt, "interrupt-parent", 0x42);
	fdt_property_u32(fdt, "phandle", 0x10);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	f->in.user = fdt;
	f->in.user_bytes = fdt_totalsize(fdt);
}

static void the_users_tree_is_kept_and_completed(void **state)
{
	struct fixture *f = *state;

	user_tree(f, 2, "gic", false);
	assert_true(build(f));
	assert_true(fdt_path_offset(f->out, "/vgic@0") < 0);
	assert_int_equal(fdt_get_phandle(f->out, node_at(f, "/interrupt-controller@2f000000")), 0x42);
	ASSERT_CELLS(f, "/device@5000", "interrupt-parent", 0x42);
	assert_true(fdt_get_phandle(f->out, node_at(f, "/qvm-clock-24000000")) > 0x42);
	assert_true(fdt_path_offset(f->out, "/memory") < 0 || fdt_path_offset(f->out, "/memory@10000000") < 0);
	assert_true(fdt_path_offset(f->out, "/memory@10000000") < 0);
	assert_true(fdt_path_offset(f->out, "/old-timer") < 0);
	assert_true(fdt_path_offset(f->out, "/cpus/cpu@7") < 0);
	assert_text(f, "/", "compatible", "vendor,board");
	assert_text(f, "/", "model", "QVM-v8A");
	assert_text(f, "/chosen", "stdout-path", "/device@5000");
	assert_text(f, "/chosen", "bootargs", f->config.cmdline);
}

static void the_placeholder_of_a_serial_port_is_filled(void **state)
{
	struct fixture *f = *state;

	user_tree(f, 2, "second", false);
	assert_true(build(f));
	assert_int_equal(fdt_get_phandle(f->out, node_at(f, "/serial@1c0a0000")), 0x42);
	assert_int_not_equal(fdt_get_phandle(f->out, node_at(f, "/interrupt-controller@2f000000")), 0x42);
	assert_int_not_equal(fdt_get_phandle(f->out, node_at(f, "/qvm-clock-24000000")), 0x42);
}

static void addresses_of_one_cell_hold_what_fits(void **state)
{
	struct fixture *f = *state;

	user_tree(f, 1, "gic", false);
	assert_false(build(f)); /* RAM above 4 GiB */
	assert_non_null(strstr(f->in.problem, "does not fit"));
	f->memory.range[2] = (struct guest_range){0};
	f->memory.count = 2;
	assert_true(build(f));
	ASSERT_CELLS(f, "/memory@80000000", "reg", RAM, 0x8000000);
	ASSERT_CELLS(f, "/interrupt-controller@2f000000", "reg", 0x2f000000, 0x10000, 0x2f100000, 0x60000);
}

static void a_tree_that_clashes_is_refused(void **state)
{
	struct fixture *f = *state;

	user_tree(f, 2, "nosuch", false);
	assert_false(build(f));
	assert_non_null(strstr(f->in.problem, "nosuch"));
	user_tree(f, 2, "gic", true);
	assert_false(build(f));
	assert_non_null(strstr(f->in.problem, "two nodes"));
	user_tree(f, 3, "gic", false);
	assert_false(build(f));
	assert_non_null(strstr(f->in.problem, "cells"));
	user_tree(f, 2, "gic", false);
	f->in.user_bytes -= 8;
	assert_false(build(f));
	assert_non_null(strstr(f->in.problem, "loaded"));
	user_tree(f, 2, "gic", false);
	memset((char *)f->user + fdt_off_dt_struct(f->user) + 8, 0xff, 64);
	assert_false(build(f));
	/* A length that leads libfdt's walk back to where it began. */
	user_tree(f, 2, "gic", false);
	((struct fdt_property *)((char *)f->user + fdt_off_dt_struct(f->user) + 8))->len = cpu_to_fdt32(0u - 12);
	assert_false(build(f));
}

/* A root with or without each of its two properties, with or without a child that has registers. */
static void cells_tree(struct fixture *f, bool address, bool size, bool child)
{
	void *fdt = f->user;

	assert_int_equal(fdt_create(fdt, sizeof(f->user)), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	fdt_begin_node(fdt, "");
	if (address)
		fdt_property_u32(fdt, "#address-cells", 1);
	if (size)
		fdt_property_u32(fdt, "#size-cells", 2);
	if (child) {
		fdt_begin_node(fdt, "device@5000");
		fdt_property(fdt, "reg", "\0\0\0\0\0\0\x50\0\0\0\x10\0", 12);
		fdt_end_node(fdt);
	}
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	f->in.user = fdt;
	f->in.user_bytes = fdt_totalsize(fdt);
}

/* What a reader takes for granted and what was written must be one: both properties are there in the end. */
static void a_root_without_cells_gets_them(void **state)
{
	struct fixture *f = *state;

	cells_tree(f, false, false, false);
	assert_true(build(f));
	ASSERT_CELLS(f, "/", "#address-cells", 2);
	ASSERT_CELLS(f, "/", "#size-cells", 2);
	ASSERT_CELLS(f, "/memory@1000000000", "reg", 0x10, 0, 0, 0x200000);
	/* The specification's own, which the child was written for. */
	cells_tree(f, false, false, true);
	assert_true(build(f));
	ASSERT_CELLS(f, "/", "#address-cells", 2);
	ASSERT_CELLS(f, "/", "#size-cells", 1);
	ASSERT_CELLS(f, "/memory@80000000", "reg", 0, RAM, 0x8000000);
	cells_tree(f, false, true, true);
	assert_true(build(f));
	ASSERT_CELLS(f, "/", "#address-cells", 2);
	ASSERT_CELLS(f, "/", "#size-cells", 2);
	f->memory.count = 2; /* below 4 GiB */
	cells_tree(f, true, false, false);
	assert_true(build(f));
	ASSERT_CELLS(f, "/", "#address-cells", 1);
	ASSERT_CELLS(f, "/", "#size-cells", 1);
	ASSERT_CELLS(f, "/memory@80000000", "reg", RAM, 0x8000000);
}

/* An overlay says nothing by itself; as dtc writes it, and one without anything to be resolved. */
static void an_overlay_is_refused(void **state)
{
	struct fixture *f = *state;
	void *fdt = f->user;

	for (unsigned fixups = 0; fixups < 2; fixups++) {
		assert_int_equal(fdt_create(fdt, sizeof(f->user)), 0);
		assert_int_equal(fdt_finish_reservemap(fdt), 0);
		fdt_begin_node(fdt, "");
		fdt_begin_node(fdt, "fragment@0");
		fdt_begin_node(fdt, fixups ? "other" : "__overlay__");
		fdt_end_node(fdt);
		fdt_end_node(fdt);
		if (fixups) {
			fdt_begin_node(fdt, "__fixups__");
			fdt_end_node(fdt);
		}
		fdt_end_node(fdt);
		assert_int_equal(fdt_finish(fdt), 0);
		f->in.user = fdt;
		f->in.user_bytes = fdt_totalsize(fdt);
		assert_false(build(f));
		assert_non_null(strstr(f->in.problem, "overlay"));
		assert_non_null(strstr(f->in.problem, "fdtoverlay"));
	}
}

/* A damaged tree is refused or merged, and nothing is read or written outside; the sanitizer watches. */
static void a_damaged_tree_is_refused_or_merged(void **state)
{
	struct fixture *f = *state;
	unsigned merged = 0, refused = 0;

	srand(1);
	for (unsigned round = 0; round < 5000; round++) {
		user_tree(f, 2, "gic", false);
		((uint8_t *)f->user)[(size_t)rand() % f->in.user_bytes] = (uint8_t)rand();
		if (build(f))
			merged++;
		else
			refused++;
	}
	assert_true(merged > 0 && refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_generated_tree_says_what_is_configured, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(each_start_has_its_own_seed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_users_tree_is_kept_and_completed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_placeholder_of_a_serial_port_is_filled, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(addresses_of_one_cell_hold_what_fits, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_tree_that_clashes_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_root_without_cells_gets_them, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_overlay_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_damaged_tree_is_refused_or_merged, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
