/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/boot/fdt.c */
/* CFLAGS: -Ikernel/include */
/* The kernel's reader of device trees: a tree built here, read back, and then damaged in every byte. */
#include "kernel/boot/fdt.h"
#include "unit.h"
#include <stdlib.h>

#define HEADER  40u
#define RESERVE 32u /* one entry and the end */

struct builder {
	uint8_t tree[2048], strings[512];
	uint32_t tree_bytes, strings_bytes;
};

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void word(struct builder *b, uint32_t value)
{
	put32(b->tree + b->tree_bytes, value);
	b->tree_bytes += 4;
}

static void bytes(struct builder *b, const void *data, size_t n)
{
	memcpy(b->tree + b->tree_bytes, data, n);
	b->tree_bytes += (uint32_t)align_up(n, 4);
}

static void begin(struct builder *b, const char *name)
{
	word(b, 1);
	bytes(b, name, strlen(name) + 1);
}

static void prop(struct builder *b, const char *name, const void *data, size_t n)
{
	word(b, 3);
	word(b, (uint32_t)n);
	word(b, b->strings_bytes);
	memcpy(b->strings + b->strings_bytes, name, strlen(name) + 1);
	b->strings_bytes += (uint32_t)strlen(name) + 1;
	bytes(b, data, n);
}

static void cells(struct builder *b, const char *name, unsigned n, ...)
{
	uint8_t data[64];
	va_list args;

	va_start(args, n);
	for (unsigned i = 0; i < n; i++)
		put32(data + (size_t)4 * i, va_arg(args, uint32_t));
	va_end(args);
	prop(b, name, data, (size_t)4 * n);
}

static void build_tree(struct builder *b)
{
	begin(b, "");
	cells(b, "#address-cells", 1, 2);
	cells(b, "#size-cells", 1, 2);
	begin(b, "cpus");
	cells(b, "#address-cells", 1, 1);
	cells(b, "#size-cells", 1, 0);
	begin(b, "cpu@3");
	cells(b, "reg", 1, 3);
	word(b, 2);
	word(b, 2);
	begin(b, "soc");
	cells(b, "#address-cells", 1, 1);
	cells(b, "#size-cells", 1, 1);
	cells(b, "ranges", 8, 0x10000000, 1, 0, 0x1000000, 0x7e000000, 0, 0xfe000000, 0x1800000);
	begin(b, "serial@7e201000");
	prop(b, "compatible", "brcm,bcm2835-pl011\0arm,pl011", 29);
	cells(b, "reg", 4, 0x7e201000, 0x200, 0x20000000, 0x100);
	word(b, 4);
	prop(b, "status", "disabled", 9);
	word(b, 2);
	begin(b, "bridge");
	begin(b, "dev@0");
	cells(b, "reg", 3, 0, 0, 4096);
	word(b, 2);
	word(b, 2);
	word(b, 2);
	begin(b, "memory@80000000");
	cells(b, "reg", 4, 0, 0x80000000, 1, 0);
	word(b, 2);
	word(b, 2);
	word(b, 9);
}

/* A blob of exactly its size on the heap, so that the sanitizer sees every access beyond it. */
static uint8_t *build(uint32_t *size)
{
	struct builder b = {.tree_bytes = 0};
	uint32_t tree_at = HEADER + RESERVE;
	uint8_t *blob;

	build_tree(&b);
	*size = tree_at + b.tree_bytes + b.strings_bytes;
	blob = calloc(1, *size);
	assert_non_null(blob);
	const uint32_t header[10] = {0xd00dfeed, *size, tree_at, tree_at + b.tree_bytes, HEADER,
				     17,         16,    0,       b.strings_bytes,        b.tree_bytes};
	for (unsigned i = 0; i < 10; i++)
		put32(blob + (size_t)4 * i, header[i]);
	put32(blob + HEADER + 4, 0x48000000);
	put32(blob + HEADER + 12, 0x1000);
	memcpy(blob + tree_at, b.tree, b.tree_bytes);
	memcpy(blob + tree_at + b.tree_bytes, b.strings, b.strings_bytes);
	return blob;
}

static void nodes_come_in_order_with_their_depth(void **state)
{
	static const char *const names[] = {"",       "cpus",  "cpu@3",          "soc", "serial@7e201000",
					    "bridge", "dev@0", "memory@80000000"};
	static const int depths[] = {0, 1, 2, 1, 2, 2, 3, 1};
	struct fdt fdt;
	struct fdt_node node = FDT_START;
	uint32_t size;
	uint8_t *blob = build(&size);
	unsigned n = 0;

	(void)state;
	assert_int_equal(fdt_blob_bytes(blob), size);
	assert_true(fdt_open(&fdt, blob));
	for (; fdt_next(&fdt, &node); n++) {
		assert_true(n < ARRAY_COUNT(names));
		assert_string_equal(node.name, names[n]);
		assert_int_equal(node.depth, depths[n]);
	}
	assert_int_equal(n, ARRAY_COUNT(names));
	free(blob);
}

static void paths_and_registers_are_found(void **state)
{
	struct fdt fdt;
	struct fdt_node node = FDT_START;
	struct range r;
	uint32_t size;
	uint8_t *blob = build(&size);

	(void)state;
	assert_true(fdt_open(&fdt, blob));
	assert_true(fdt_path(&fdt, &node, "/soc/serial@7e201000"));
	assert_true(fdt_is_compatible(&fdt, &node, "arm,pl011"));
	assert_true(fdt_is_compatible(&fdt, &node, "brcm,bcm2835-pl011"));
	assert_false(fdt_is_compatible(&fdt, &node, "arm,pl01"));
	assert_false(fdt_is_enabled(&fdt, &node));
	assert_true(fdt_reg(&fdt, &node, 0, &r));
	assert_int_equal(r.start, 0xfe201000);
	assert_int_equal(r.bytes, 0x200);
	assert_false(fdt_reg(&fdt, &node, 1, &r)); /* no range of the bus holds it */
	assert_false(fdt_reg(&fdt, &node, 2, &r)); /* there is none */
	assert_true(fdt_path(&fdt, &node, "/soc/serial"));
	assert_true(fdt_path(&fdt, &node, "//soc/serial:115200n8"));
	assert_string_equal(node.name, "serial@7e201000");
	assert_false(fdt_path(&fdt, &node, "/soc/seria"));
	assert_false(fdt_path(&fdt, &node, "/soc/serial2"));
	assert_false(fdt_path(&fdt, &node, "/soc/serial@1"));
	assert_false(fdt_path(&fdt, &node, "/serial"));
	assert_false(fdt_path(&fdt, &node, "/cpus/serial"));
	assert_true(fdt_path(&fdt, &node, "/cpus/cpu@3"));
	assert_true(fdt_reg_bus(&fdt, &node, 0, &r));
	assert_int_equal(r.start, 3);
	assert_int_equal(r.bytes, 0);
	assert_true(fdt_is_enabled(&fdt, &node));
	assert_true(fdt_path(&fdt, &node, "/soc/bridge/dev"));
	assert_true(fdt_reg_bus(&fdt, &node, 0, &r)); /* 2 and 1 cells by default */
	assert_int_equal(r.bytes, 4096);
	assert_false(fdt_reg(&fdt, &node, 0, &r)); /* its bus has no ranges */
	assert_true(fdt_path(&fdt, &node, "/memory"));
	assert_true(fdt_reg(&fdt, &node, 0, &r));
	assert_int_equal(r.start, 0x80000000);
	assert_int_equal(r.bytes, 0x100000000);
	assert_true(fdt_reserved(&fdt, 0, &r));
	assert_int_equal(r.start, 0x48000000);
	assert_int_equal(r.bytes, 0x1000);
	assert_false(fdt_reserved(&fdt, 1, &r));
	free(blob);
}

/* Everything that a reader can ask for; the sanitizers judge. Returns the number of nodes. */
static unsigned read_all(const uint8_t *blob)
{
	struct fdt fdt;
	struct fdt_node node = FDT_START;
	struct fdt_value value;
	struct range r;
	unsigned n = 0;

	if (!fdt_open(&fdt, blob))
		return 0;
	for (unsigned i = 0; fdt_reserved(&fdt, i, &r); i++)
		n += r.start == r.bytes;
	for (; fdt_next(&fdt, &node); n++) {
		for (unsigned i = 0; i < 3; i++)
			fdt_reg(&fdt, &node, i, &r);
		fdt_is_compatible(&fdt, &node, "arm,pl011");
		fdt_is_enabled(&fdt, &node);
		if (fdt_prop(&fdt, &node, "reg", &value))
			fdt_number(&value);
	}
	fdt_path(&fdt, &node, "/soc/bridge/dev@0");
	return n;
}

static void damage_never_leads_outside(void **state)
{
	static const uint8_t values[] = {0, 1, 2, 3, 9, 0x7f, 0x80, 0xff};
	uint32_t size;
	uint8_t *blob = build(&size);
	unsigned refused = 0;

	(void)state;
	assert_int_equal(read_all(blob), 8);
	for (uint32_t at = 0; at < size; at++) {
		uint8_t good = blob[at];

		if (at >= 4 && at < 8) /* the size itself: firmware's word for how much memory holds the blob */
			continue;
		for (unsigned i = 0; i < ARRAY_COUNT(values); i++) {
			blob[at] = values[i];
			refused += read_all(blob) == 0;
		}
		blob[at] = good;
	}
	assert_true(refused > 100);
	free(blob);
}

static void a_wrong_tree_is_refused(void **state)
{
	struct fdt fdt;
	uint32_t size;
	uint8_t *blob = build(&size);

	(void)state;
	put32(blob + 4, FDT_BYTES_MAX + 1);
	assert_int_equal(fdt_blob_bytes(blob), 0);
	put32(blob + 4, size);
	put32(blob + 36, size); /* a structure block that leaves the blob */
	assert_false(fdt_open(&fdt, blob));
	put32(blob + 36, 0);
	assert_false(fdt_open(&fdt, blob));
	put32(blob, 0);
	assert_int_equal(fdt_blob_bytes(blob), 0);
	free(blob);
}

static void a_tree_that_is_too_deep_is_refused(void **state)
{
	struct builder b = {.tree_bytes = 0};
	uint8_t blob[HEADER + RESERVE + 512] = {0};
	struct fdt fdt;

	(void)state;
	for (unsigned levels = FDT_DEPTH_MAX; levels <= FDT_DEPTH_MAX + 1; levels++) {
		b.tree_bytes = 0;
		for (unsigned i = 0; i < levels; i++)
			begin(&b, "");
		for (unsigned i = 0; i < levels; i++)
			word(&b, 2);
		word(&b, 9);
		const uint32_t header[10] = {0xd00dfeed, sizeof(blob), HEADER + RESERVE, 0, HEADER, 17, 16, 0,
					     0,          b.tree_bytes};
		for (unsigned i = 0; i < 10; i++)
			put32(blob + (size_t)4 * i, header[i]);
		memcpy(blob + HEADER + RESERVE, b.tree, b.tree_bytes);
		assert_int_equal(fdt_open(&fdt, blob), levels == FDT_DEPTH_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nodes_come_in_order_with_their_depth), cmocka_unit_test(paths_and_registers_are_found),
	    cmocka_unit_test(damage_never_leads_outside),           cmocka_unit_test(a_wrong_tree_is_refused),
	    cmocka_unit_test(a_tree_that_is_too_deep_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
