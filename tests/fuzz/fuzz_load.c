/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/load.c qvm/load_file.c qvm/load_elf.c qvm/load_format.c qvm/arch/aarch64/load_image.c */
/* SOURCES: qvm/memory.c qvm/arch/aarch64/cache.c lib/fdt_good.c */
/* SEEDS: BUILD/vdevs/%.so BUILD/guests/hello.elf BUILD/guests/bench.img BUILD/fuzz/make/trees/%.dtb */
/* LIBS: fdt */
/* What a guest is to start in: refused with a reason, or in its memory; without a window the answer is the same. */
#include "qvm/load.h"
#include <stdlib.h>
#include <string.h>

#define RAM   0x80000000ull
#define BYTES 0x400000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void must(bool good)
{
	if (!good)
		abort();
}

static bool load(struct loader *l, struct guest_memory *memory, void *window, enum qvm_load_type type, const void *data,
		 size_t bytes)
{
	*memory = (struct guest_memory){0};
	must(guest_memory_add(memory, RAM, BYTES, false) == NULL);
	must(guest_memory_add(memory, 0, 0x10000, true) == NULL);
	memory->window = window;
	loader_init(l, memory);
	return loader_add(l, type, LOAD_ANYWHERE, data, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct loader first, second;
	static uint8_t window[BYTES + 0x10000];
	struct guest_memory memory, none;
	void *copy = malloc(bytes ? bytes : 1);

	memcpy(copy, data, bytes);
	for (unsigned type = QVM_LOAD_ANY; type <= QVM_LOAD_FDT; type++) {
		bool good = load(&first, &memory, window, (enum qvm_load_type)type, copy, bytes);

		must(good || first.problem[0] != '\0');
		must(!first.bootable || guest_memory_range(&memory, first.entry, 4) != NULL);
		must(load(&second, &none, NULL, (enum qvm_load_type)type, copy, bytes) == good);
		must(second.entry == first.entry && second.pieces == first.pieces &&
		     strcmp(second.problem, first.problem) == 0);
	}
	free(copy);
	return 0;
}
