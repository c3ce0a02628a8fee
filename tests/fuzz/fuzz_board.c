/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sysconf lib/fdtgood.c lib/qvmconf lib/glob.c */
/* SEEDS: BUILD/fuzz/make/trees/%.dtb */
/* LIBS: fdt */
/* A board's device tree: read, and every question asked that a system description can ask about it. */
#include <stdlib.h>
#include <string.h>

#include "lib/sysconf/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void ask_device(const struct sys_board *board, const char *name)
{
	struct sys_device device;

	sys_device_find(board, name, &device);
	sys_device_is_stdout(board, name);
}

static void ask(const struct sys_board *board)
{
	static const uint64_t starts[] = {0, 0x8000000, 0x9000000, 0x40000000, ~0ull << 12};
	struct sys_range range = {.bytes = 0x1000};
	char path[SYS_PATH_MAX];
	uint64_t start, length;

	ask_device(board, "stdout");
	ask_device(board, "serial0");
	ask_device(board, "/soc/serial@9000000");
	ask_device(board, "/virtio_mmio@a000000");
	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		range.start = starts[i];
		sys_mmio_refused(board, &range, NULL, i & 1, path);
	}
	sys_asinfo(NULL, NULL, board, "guestmem", &start, &length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct sys_board board;
	/* A tree lies at a multiple of 8, and the byte behind it is nobody's. */
	void *copy = malloc(bytes ? bytes : 1);

	memcpy(copy, data, bytes);
	if (!sys_board_read(&board, copy, bytes))
		ask(&board);
	free(copy);
	return 0;
}
