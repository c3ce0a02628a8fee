/* SPDX-License-Identifier: Apache-2.0 */
/* ELF64 executables as guests. Layout and values: System V ABI, chapters 4 and 5; ELF for the Arm 64-bit Architecture.
 */
#include "qvm/load.h"

#include <inttypes.h>
#include <string.h>

#include <elf64.h>

#define ET_EXEC     2
#define HEADERS_MAX 64u

bool elf_is(const void *file, uint64_t bytes)
{
	return bytes >= 4 && memcmp(file, "\177ELF", 4) == 0;
}

static bool check_header(struct loader *l, const struct elf_header *h, uint64_t bytes)
{
	/* EI_CLASS = ELFCLASS64, EI_DATA = ELFDATA2LSB, EI_VERSION = EV_CURRENT. */
	static const uint8_t ident[3] = {2, 1, 1};

	if (memcmp(h->ident + 4, ident, sizeof(ident)) != 0 || h->version != 1)
		return loader_fail(l, "not a 64-bit little-endian ELF file");
	if (h->type != ET_EXEC || h->machine != EM_AARCH64)
		return loader_fail(l, "the ELF file is not an executable with fixed addresses for AArch64");
	if (h->phentsize != sizeof(struct program_header) || h->phnum == 0 || h->phnum > HEADERS_MAX)
		return loader_fail(l, "the ELF file's program headers have a wrong size or number");
	if (h->phoff > bytes || bytes - h->phoff < h->phnum * sizeof(struct program_header))
		return loader_fail(l, "the ELF file's program headers lie beyond its end");
	return true;
}

static bool load_segment(struct loader *l, const struct program_header *ph, const uint8_t *file, uint64_t bytes)
{
	if (ph->filesz > ph->memsz)
		return loader_fail(l, "an ELF segment has more bytes in the file than in memory");
	if (ph->offset > bytes || bytes - ph->offset < ph->filesz)
		return loader_fail(l, "an ELF segment lies beyond the end of the file");
	if (!loader_take(l, ph->paddr, ph->memsz))
		return false;
	/* Neither can fail: the memory was just taken. An empty piece has no address to look up. */
	if (ph->filesz > 0)
		guest_put(l->memory, ph->paddr, file + ph->offset, ph->filesz);
	if (ph->memsz > ph->filesz)
		guest_zero(l->memory, ph->paddr + ph->filesz, ph->memsz - ph->filesz);
	return true;
}

/* The entry is a virtual address: the guest starts with its MMU off, so the physical one of the same byte counts. */
static bool holds_entry(const struct program_header *ph, uint64_t entry, uint64_t *physical)
{
	*physical = ph->paddr + (entry - ph->vaddr);
	return entry % 4 == 0 && entry >= ph->vaddr && entry - ph->vaddr < ph->filesz;
}

bool elf_load(struct loader *l, uint64_t address, const void *file, uint64_t bytes)
{
	struct elf_header h;
	uint64_t physical, entry = 0;
	bool found = false;

	if (address != LOAD_ANYWHERE)
		return loader_fail(l, "an ELF file carries its addresses itself: load it without one");
	if (bytes < sizeof(h))
		return loader_fail(l, "the ELF file is shorter than its header");
	memcpy(&h, file, sizeof(h));
	if (!check_header(l, &h, bytes))
		return false;
	for (unsigned i = 0; i < h.phnum; i++) {
		struct program_header ph;

		memcpy(&ph, (const uint8_t *)file + h.phoff + i * sizeof(ph), sizeof(ph));
		if (ph.type != PT_LOAD || ph.memsz == 0)
			continue;
		if (!load_segment(l, &ph, file, bytes))
			return false;
		if (!found && holds_entry(&ph, h.entry, &physical)) {
			entry = physical;
			found = true;
		}
	}
	if (l->bootable) /* an earlier file boots */
		return true;
	if (!found)
		return loader_fail(l, "the ELF file's entry point 0x%" PRIx64 " lies in none of its segments", h.entry);
	l->entry = entry;
	l->bootable = true;
	return true;
}
