/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/fdt.c qvm/fdt_tree.c qvm/fdt_user.c qvm/fdt_vdev.c qvm/arch/aarch64/fdt.c */
/* SOURCES: qvm/memory.c qvm/arch/aarch64/cache.c lib/fdt_good.c */
/* SEEDS: BUILD/fuzz/make/trees/%.dtb */
/* LIBS: fdt */
/* A guest's device tree that the user brings: refused, or merged into a sound one. */
#include "fdt_good.h"
#include "qvm/fdt.h"
#include <libfdt.h>
#include <qvm/vdev-fdt.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void describe(unsigned index, int parent)
{
	vdev_t vdev = {.v_block = {QST_MEMORY, 0x1c090000 + 0x10000 * index, 0x1000}, .v_intr = 37 + index};
	const uint32_t clock = vdev_fdt_clock(24000000);
	const int node = vdev_fdt_node(&vdev, parent, "serial");

	vdev_fdt_cells(node, "clocks", &clock, 1);
	vdev_fdt_alias(&vdev, "serial");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct qvm_config config = {.cpu_count = 2,
					   .cmdline = "console=ttyAMA0",
					   .gic = {.gicd = 0x2f000000, .gicr = 0x2f100000, .name = "gic"},
					   .vdev_count = 2,
					   .vdevs = {{.intr_count = 1}, {.intr_count = 1, .name = "second"}}};
	struct guest_memory memory = {0};
	struct guest_fdt in = {.config = &config, .memory = &memory, .user_bytes = bytes, .describe = describe};
	void *user = malloc(bytes ? bytes : 1), *out;

	guest_memory_add(&memory, 0x80000000, 0x200000, false);
	memcpy(user, data, bytes);
	in.user = user;
	out = malloc(guest_fdt_room(&in));
	if (guest_fdt_build(&in, out, guest_fdt_room(&in))) {
		if (!fdt_good(out, guest_fdt_room(&in)))
			abort();
	} else if (in.problem[0] == '\0') {
		abort();
	}
	free(out);
	free(user);
	return 0;
}
