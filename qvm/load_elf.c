/* SPDX-License-Identifier: Apache-2.0 */
/* ELF64 executables as guests. Layout and values: System V ABI, chapters 4 and 5; ELF for the Arm 64-bit Architecture.
 */
#include "qvm/arch.h"
#include "qvm/load.h"
#include <elf64.h>
#include <inttypes.h>
#include <range.h>
#include <string.h>

#define ET_REL      1
#define ET_EXEC     2
#define ET_DYN      3
#define HEADERS_MAX 64u

bool load_is_elf(const void *file, uint64_t bytes)
{
	return bytes >= 4 && memcmp(file, "\177ELF", 4) == 0;
}

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {{3, "x86"},         {8, "MIPS"},    {20, "PowerPC"}, {21, "64-bit PowerPC"}, {22, "S390"},
		     {40, "32-bit Arm"}, {62, "x86-64"}, {243, "RISC-V"}, {247, "BPF"},           {258, "LoongArch"}};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

/* A header of the other byte order has its machine there, too. */
static bool check_machine(struct loader *l, const struct elf_header *h)
{
	/* EI_CLASS and EI_DATA: ELFCLASS64 and ELFDATA2LSB are supported. */
	const bool wide = h->ident[4] == 2, big = h->ident[5] == 2;
	const unsigned machine = big ? __builtin_bswap16(h->machine) : h->machine;

	if (machine != ARCH_ELF_MACHINE)
		return loader_fail(l, "the ELF file is for %s (e_machine %u), and a guest is " ARCH_MACHINE,
				   machine_name(machine), machine);
	if (!wide || big || h->ident[5] != 1)
		return loader_fail(l, "the ELF file is %s: only 64-bit little-endian ones are supported",
				   big     ? "big-endian"
				   : !wide ? "32-bit"
					   : "in an unknown byte order");
	return true;
}

static bool check_header(struct loader *l, const struct elf_header *h, uint64_t bytes)
{
	if (!check_machine(l, h))
		return false;
	if (h->ident[6] != 1 || h->version != 1)
		return loader_fail(l, "the ELF file's version is not 1");
	if (h->type == ET_REL)
		return loader_fail(l, "the ELF file is a relocatable object or a module: link it to fixed addresses");
	if (h->type == ET_DYN)
		return loader_fail(l, "the ELF file is position-independent (PIE) or a shared object: link it to fixed "
				      "addresses (-static -no-pie)");
	if (h->type != ET_EXEC)
		return loader_fail(l, "the ELF file is not an executable with fixed addresses (e_type %u)", h->type);
	if (h->phentsize != sizeof(struct program_header) || h->phnum == 0 || h->phnum > HEADERS_MAX)
		return loader_fail(l, "the ELF file's program headers have a wrong size or number");
	if (!range_holds(0, bytes, h->phoff, h->phnum * sizeof(struct program_header)))
		return loader_fail(l, "the ELF file's program headers lie beyond its end");
	return true;
}

static bool load_segment(struct loader *l, const struct program_header *ph, const uint8_t *file, uint64_t bytes)
{
	if (ph->filesz > ph->memsz)
		return loader_fail(l, "an ELF segment has more bytes in the file than in memory");
	if (!range_holds(0, bytes, ph->offset, ph->filesz))
		return loader_fail(l, "an ELF segment lies beyond the end of the file");
	if (!loader_take(l, ph->paddr, ph->memsz))
		return false;
	/* Neither can fail: the memory was just taken. An empty piece has no address to look up. */
	if (ph->filesz > 0)
		guest_memory_write(l->memory, ph->paddr, file + ph->offset, ph->filesz);
	if (ph->memsz > ph->filesz)
		guest_memory_zero(l->memory, ph->paddr + ph->filesz, ph->memsz - ph->filesz);
	return true;
}

/* The entry is a virtual address: the guest starts with its MMU off, so the physical one of the same byte counts. */
static bool holds_entry(const struct program_header *ph, uint64_t entry, uint64_t *physical)
{
	*physical = ph->paddr + (entry - ph->vaddr);
	return entry % 4 == 0 && range_holds(ph->vaddr, ph->filesz, entry, 1);
}

bool load_elf(struct loader *l, uint64_t address, const void *file, uint64_t bytes)
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
