/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the files of a configuration into guest memory: Linux Images and ELF files where their headers say, the rest
 * where the configuration says or where there is room. Files come from outside: every field is bounded before it is
 * used.
 */
#pragma once

#include "qvm/memory.h"
#include <qvmconf.h>

#define LOAD_PIECE_MAX 64u
#define LOAD_ANYWHERE  (~0ull) /* as an address: the file's content or the loader decides */

struct load_piece {
	uint64_t start, end;
};

struct loader {
	const struct guest_memory *memory;
	unsigned pieces;
	struct load_piece piece[LOAD_PIECE_MAX]; /* what is taken already, in no order */
	bool began;                              /* a file was loaded: the next bare one is not the first */
	bool bootable;
	uint64_t entry; /* of the boot vCPU, if bootable */
	uint64_t initrd_start, initrd_end;
	const void *fdt; /* the user's tree, not yet in guest memory; or null */
	uint64_t fdt_bytes, fdt_address;
	const struct qvm_place *fdt_place; /* in the configuration; or null */
	char problem[160];
};

/* Linux maps no more of a device tree than this (Documentation/arch/arm64/booting.rst, section 2). */
#define GUEST_FDT_MAX 0x200000u

/* Nothing is loaded yet; `memory` stays the caller's. */
void loader_init(struct loader *l, const struct guest_memory *memory);

/* Loads one file. False: l->problem says why not. */
bool loader_add(struct loader *l, enum qvm_load_type type, uint64_t address, const void *file, uint64_t bytes);

/* The same for a `load` of the configuration. */
bool loader_add_file(struct loader *l, const struct qvm_load *load, const void *file, uint64_t bytes);

/* Chooses the place of the guest's final device tree, after all files: the user's address or high in RAM. */
bool loader_place_fdt(struct loader *l, uint64_t bytes, uint64_t *ipa);

/* What the formats share. */

/* Takes [start, start + bytes), which must be guest memory that nothing else took. */
bool loader_take(struct loader *l, uint64_t start, uint64_t bytes);

/* The lowest free RAM at a multiple of `align` plus `offset`; false without a problem text when there is none. */
bool loader_find_low(const struct loader *l, uint64_t bytes, uint64_t align, uint64_t offset, uint64_t *start);

/*
 * Takes and fills [*start, *start + bytes): at `address`, or for LOAD_ANYWHERE low in RAM, or high in that of the
 * program.
 */
bool loader_place(struct loader *l, uint64_t address, bool high, const void *file, uint64_t bytes, uint64_t *start);

/* Writes l->problem. Always false. */
bool loader_fail(struct loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* load_format.c: what a guest could not start in. */
struct load_format {
	const char *name, *remedy;
	unsigned offset, bytes; /* of the magic number in the file */
	const char *magic;
};

/* NULL: it is none that is known. */
const struct load_format *load_format_of(const void *file, uint64_t bytes);
bool load_is_fdt(const void *file, uint64_t bytes);
/* Is it what `fdt load` may name? Only its beginning is checked; guest_fdt_build() checks the rest. */
bool load_fdt_good(struct loader *l, const void *file, uint64_t bytes);

/* load_elf.c: is it an ELF file? Loads one; false: l->problem says why not. */
bool load_is_elf(const void *file, uint64_t bytes);
bool load_elf(struct loader *l, uint64_t address, const void *file, uint64_t bytes);
