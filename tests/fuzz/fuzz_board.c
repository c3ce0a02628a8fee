/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/sysconf lib/fdt_good.c lib/qvmconf lib/glob.c */
/* SEEDS: BUILD/fuzz/make/trees/%.dtb */
/* LIBS: fdt */
/* A board's device tree: read, and every question asked that a system description can ask about it. */
#include "lib/sysconf/internal.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void ask_device(const struct sys_board *board, const char *name)
{
	struct sys_device device;

	sys_device_find(board, name, &device);
}

/* Claims by number on every node. */
static void ask_owners(const struct sys_board *board)
{
	static const struct sys_claim claim[] = {
	    {.what = SYS_MMIO, .source = SYS_BY_MMIO, .start = 0x9000000, .bytes = 0x1000},
	    {.what = SYS_INTERRUPT, .source = SYS_BY_INTERRUPT, .start = 33, .bytes = 1},
	};
	static struct sys_claims claims = {.count = 2};

	claims.claim[0] = claim[0];
	claims.claim[1] = claim[1];
	sys_owns_stdout(board, &claims, 0);
	for (int node = 0; node < (int)board->node_count; node++) {
		sys_claim_is_of(board, node, &claim[0]);
		sys_claim_is_of(board, node, &claim[1]);
		sys_interrupt_refused(board, node);
	}
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
	ask_owners(board);
	sys_asinfo(NULL, NULL, board, "guestmem", &start, &length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct sys_board board;
	/* A tree lies at a multiple of 8, and the byte after it is nobody's. */
	void *copy = malloc(bytes ? bytes : 1);

	memcpy(copy, data, bytes);
	if (!sys_board_read(&board, copy, bytes))
		ask(&board);
	free(copy);
	return 0;
}
