/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where addresses are stored in data, the link left a list of them: each gets the distance from its link address to the
 * random place where procmgr (for procmgr: the kernel) has put the program. Runs first of all, and uses only the
 * stack.
 */
#include "bulkhead/kernel.h"
#include "lib/sys/start.h"

#define R_AARCH64_RELATIVE 1027u /* ELF for the Arm 64-bit Architecture, "Dynamic relocations": Delta(S) + A */

struct rela {
	uint64_t offset, info, addend;
};

extern const char __text_start[], __relro_start[], __relro_end[];
extern const struct rela __rela_start[], __rela_end[];

void process_relocate(void)
{
	uintptr_t base = (uintptr_t)__text_start; /* linked at 0 */

	for (const struct rela *r = __rela_start; r != __rela_end; r++) {
		/* The build refuses any other kind (tools/relative-only.sh). */
		if (r->info != R_AARCH64_RELATIVE)
			__builtin_trap();
		*(uint64_t *)(base + r->offset) = base + r->addend;
	}
}

void process_protect(void)
{
	if (MemProtect_r(SPACE_SELF, (uintptr_t)__relro_start, (size_t)(__relro_end - __relro_start), PROT_R) < 0)
		__builtin_trap();
}
