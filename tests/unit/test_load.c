/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/load.c qvm/load_file.c qvm/load_elf.c qvm/load_format.c qvm/arch/aarch64/load_image.c */
/* SOURCES: qvm/memory.c qvm/arch/aarch64/cache.c lib/fdt_good.c */
/* LIBS: fdt */
/* Files into guest memory: where they go, where the guest starts, and what is refused. */
#include "qvm/load.h"
#include "unit.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define RAM      0x80000000ull
#define MIB      0x100000ull
#define RAM_SIZE (16 * MIB)
#define ROM      0x10000ull
#define ISLAND   0xd1c30000ull

struct fixture {
	struct guest_memory memory;
	struct loader loader;
	uint8_t *window;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_null(guest_memory_add(&f->memory, RAM, RAM_SIZE, false));
	assert_null(guest_memory_add(&f->memory, ROM, 0x10000, true));
	assert_null(guest_memory_add(&f->memory, ISLAND, 0x1000, false));
	f->window = f->memory.window = calloc(1, f->memory.total);
	loader_init(&f->loader, &f->memory);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->window);
	free(f);
	return 0;
}

/* An Image of 4096 bytes that asks for `size`. */
struct image {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, reserved[3];
	uint32_t magic, pe;
	uint8_t body[4096 - 64];
};

static struct image image(uint64_t text_offset, uint64_t size, uint64_t flags)
{
	struct image i = {.text_offset = text_offset, .image_size = size, .flags = flags, .magic = 0x644d5241};

	i.code[0] = 0x14000010;
	i.body[100] = 0xaa;
	return i;
}

struct elf {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	struct {
		uint32_t type, flags;
		uint64_t offset, vaddr, paddr, filesz, memsz, align;
	} ph[2];
	uint8_t code[64];
};

/* A segment of 64 bytes at RAM + 1 MiB, linked to run at a high virtual address, and one of BSS. */
static struct elf elf(void)
{
	struct elf e = {
	    .ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
	    .type = 2,
	    .machine = 183,
	    .version = 1,
	    .entry = 0xffff000000000010ull,
	    .phoff = offsetof(struct elf, ph),
	    .ehsize = 64,
	    .phentsize = 56,
	    .phnum = 2,
	};

	e.ph[0].type = e.ph[1].type = 1;
	e.ph[0].offset = offsetof(struct elf, code);
	e.ph[0].vaddr = 0xffff000000000000ull;
	e.ph[0].paddr = RAM + MIB;
	e.ph[0].filesz = 64;
	e.ph[0].memsz = 128;
	e.ph[1].paddr = RAM + 2 * MIB;
	e.ph[1].memsz = 0x1000;
	memset(e.code, 0x5a, sizeof(e.code));
	return e;
}

static void a_pointer_stays_within_one_range(void **state)
{
	struct fixture *f = *state;

	assert_non_null(guest_memory_ptr(&f->memory, RAM, RAM_SIZE));
	assert_ptr_equal(guest_memory_ptr(&f->memory, RAM + 5, 1), f->window + 5);
	assert_null(guest_memory_ptr(&f->memory, RAM, RAM_SIZE + 1));
	assert_null(guest_memory_ptr(&f->memory, RAM + RAM_SIZE - 4, 8));
	assert_null(guest_memory_ptr(&f->memory, RAM - 1, 2));
	assert_null(guest_memory_ptr(&f->memory, RAM + 1, ~0ull));
	assert_null(guest_memory_ptr(&f->memory, ~0ull, 2));
	assert_true(guest_memory_range(&f->memory, ROM, 1)->rom);
}

static void ranges_that_overlap_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_non_null(guest_memory_add(&f->memory, RAM - 0x1000, 0x2000, false));
	assert_non_null(guest_memory_add(&f->memory, RAM + RAM_SIZE - 0x1000, 0x2000, false));
	assert_non_null(guest_memory_add(&f->memory, 0x100, 0x1000, false));
	assert_non_null(guest_memory_add(&f->memory, 0x40000, 0, false));
	assert_non_null(guest_memory_add(&f->memory, SPACE_LIMIT - 0x1000, 0x2000, false));
	assert_non_null(guest_memory_add(&f->memory, ~0xfffull, 0x2000, false));
	assert_int_equal(f->memory.count, 3);
	assert_null(guest_memory_add(&f->memory, RAM + RAM_SIZE, 0x1000, false));
}

static void an_image_is_placed_at_its_offset(void **state)
{
	struct fixture *f = *state;
	struct image i = image(0, 3 * MIB, 0xa);
	uint64_t fdt;

	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, &i, sizeof(i)));
	assert_true(f->loader.bootable);
	assert_int_equal(f->loader.entry, RAM);
	assert_memory_equal(f->window, &i, sizeof(i));
	/* The BSS after the file is kept free, then comes what has no address. */
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, "more", 4));
	assert_memory_equal(f->window + 3 * MIB, "more", 4);
	assert_int_equal(f->loader.entry, RAM);
	assert_true(loader_add(&f->loader, QVM_LOAD_INITRD, LOAD_ANYWHERE, "initrd", 6));
	assert_int_equal(f->loader.initrd_start, RAM + RAM_SIZE - 0x1000);
	assert_int_equal(f->loader.initrd_end, RAM + RAM_SIZE - 0x1000 + 6);
	assert_true(loader_place_fdt(&f->loader, 0x1800, &fdt));
	assert_int_equal(fdt, RAM + RAM_SIZE - 0x3000);
}

static void an_old_image_has_a_text_offset(void **state)
{
	struct fixture *f = *state;
	struct image i = image(0x80000, MIB, 2);

	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, RAM + 2 * MIB, &i, sizeof(i)));
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, RAM + 2 * MIB + 0x80000, &i, sizeof(i)));
	assert_int_equal(f->loader.entry, RAM + 2 * MIB + 0x80000);
	assert_memory_equal(f->window + 2 * MIB + 0x80000, &i, sizeof(i));
}

static void refuse_image(struct fixture *f, struct image i, const char *word)
{
	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, &i, sizeof(i)));
	assert_non_null(strstr(f->loader.problem, word));
	assert_false(f->loader.bootable);
	assert_int_equal(f->loader.pieces, 0);
}

static void a_wrong_image_is_refused(void **state)
{
	struct fixture *f = *state;

	refuse_image(f, image(0, 3 * MIB, 0xb), "big-endian");
	refuse_image(f, image(0, 3 * MIB, 0x100), "flags");
	refuse_image(f, image(0, 0, 0xa), "how much memory");
	refuse_image(f, image(0, RAM_SIZE + 1, 0xa), "no room");
	refuse_image(f, image(0, ~0ull, 0xa), "asks for");
	refuse_image(f, image(1ull << 63, MIB, 0xa), "text_offset");
	refuse_image(f, image(0x123, MIB, 0xa), "text_offset");
}

static void segments_of_an_elf_file_are_placed(void **state)
{
	struct fixture *f = *state;
	struct elf e = elf();

	memset(f->window, 0xff, RAM_SIZE);
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, &e, sizeof(e)));
	assert_int_equal(f->loader.entry, RAM + MIB + 0x10);
	assert_memory_equal(f->window + MIB, e.code, 64);
	assert_int_equal(f->window[MIB + 64], 0);
	assert_int_equal(f->window[MIB + 127], 0);
	assert_int_equal(f->window[MIB + 128], 0xff);
	assert_int_equal(f->window[2 * MIB + 0xfff], 0);
	assert_int_equal(f->window[2 * MIB + 0x1000], 0xff);
}

static void refuse_elf(struct fixture *f, const struct elf *e, size_t bytes, const char *word)
{
	loader_init(&f->loader, &f->memory);
	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, e, bytes));
	assert_non_null(strstr(f->loader.problem, word));
	assert_false(f->loader.bootable);
}

static void a_wrong_elf_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct elf e;

#define REFUSE(change, word)                        \
	do {                                        \
		e = elf();                          \
		change;                             \
		refuse_elf(f, &e, sizeof(e), word); \
	} while (0)
	REFUSE(e.ident[4] = 1, "is 32-bit");
	REFUSE((e.ident[5] = 2, e.machine = 0xb700), "is big-endian");
	REFUSE(e.ident[5] = 3, "unknown byte order");
	REFUSE(e.ident[6] = 0, "version");
	REFUSE(e.version = 2, "version");
	REFUSE(e.type = 1, "relocatable object");
	REFUSE(e.type = 3, "position-independent (PIE)");
	REFUSE(e.type = 4, "fixed addresses (e_type 4)");
	REFUSE(e.machine = 62, "for x86-64 (e_machine 62)");
	REFUSE((e.ident[4] = 1, e.machine = 40), "for 32-bit Arm (e_machine 40)");
	REFUSE((e.ident[5] = 2, e.machine = 0x1600), "for S390 (e_machine 22)");
	REFUSE(e.machine = 999, "for another machine (e_machine 999)");
	REFUSE(e.phentsize = 55, "wrong size");
	REFUSE(e.phnum = 0, "number");
	REFUSE(e.phnum = 0xffff, "number");
	REFUSE(e.phnum = 4, "beyond");
	REFUSE(e.phoff = ~0ull, "beyond");
	REFUSE(e.phoff = sizeof(e) - 8, "beyond");
	REFUSE(e.ph[0].filesz = 129, "more bytes");
	REFUSE((e.ph[0].filesz = ~0ull, e.ph[0].memsz = ~0ull), "beyond");
	REFUSE(e.ph[0].offset = ~0ull, "beyond");
	REFUSE(e.ph[0].paddr = RAM - 1, "ram or rom");
	REFUSE(e.ph[0].paddr = ~0ull, "ram or rom");
	REFUSE(e.ph[1].memsz = ~0ull, "ram or rom");
	REFUSE(e.ph[1].paddr = RAM + MIB + 127, "overlaps");
	REFUSE(e.entry = 0xffff000000000040ull, "entry");
	REFUSE(e.entry = 0xffff000000000012ull, "entry");
	REFUSE(e.entry = 0, "entry");
	e = elf();
	refuse_elf(f, &e, 40, "shorter");
	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, RAM, &e, sizeof(e)));
	assert_non_null(strstr(f->loader.problem, "without"));
}

static void plain_code_starts_at_its_first_byte(void **state)
{
	struct fixture *f = *state;
	static const uint8_t gzip[] = {0x1f, 0x8b, 8, 0};
	uint8_t code[8] = {1, 2, 3, 4};

	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, gzip, sizeof(gzip)));
	assert_non_null(strstr(f->loader.problem, "gzip"));
	loader_init(&f->loader, &f->memory);
	/* Data is never what the guest starts in, even if it comes first. */
	assert_true(loader_add(&f->loader, QVM_LOAD_DATA, RAM, code, sizeof(code)));
	assert_false(f->loader.bootable);
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, code, sizeof(code)));
	assert_int_equal(f->loader.entry, RAM + 0x1000);
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, ROM, gzip, sizeof(gzip)));
	assert_int_equal(f->loader.entry, RAM + 0x1000);
}

/* Formats by their magic number: how they are called, and what is advised. */
static const struct {
	unsigned offset, bytes;
	const char *magic, *name, *remedy;
} formats[] = {
    {0, 3, "\x1f\x8b\x08", "gzip", "unpack"},
    {0, 6, "\xfd\x37zXZ\0", "by xz", "unpack"},
    {0, 4, "BZh9", "bzip2", "unpack"},
    {0, 4, "\x28\xb5\x2f\xfd", "zstd", "unpack"},
    {0, 4, "\x04\x22\x4d\x18", "lz4", "unpack"},
    {0, 4, "\x02\x21\x4c\x18", "lz4", "unpack"},
    {0, 13, "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", "lzma", "unpack"},
    {0, 4, "\x89LZO", "lzop", "unpack"},
    {0, 4, "PK\3\4", "zip", "unpack"},
    {0, 4, "\x27\x05\x19\x56", "uImage", "64 bytes"},
    {0, 8, "ANDROID!", "Android boot image", "unpack_bootimg"},
    {0, 8, "VNDRBOOT", "vendor boot", "boot image"},
    {0, 6, "070701", "cpio", "initrd load"},
    {0, 6, "070707", "cpio", "initrd load"},
    {257, 5, "ustar", "tar", "unpack"},
    {0, 9, "#!/bin/sh", "script", "program"},
    {0, 8, "/dts-v1/", "device tree source", "dtc"},
    {0, 9, "<!DOCTYPE", "page of the web", "fetch"},
    {0, 26, "version https://git-lfs.gi", "Git LFS", "git lfs pull"},
    {48, 5, "RISCV", "RISC-V", "arm64"},
    {56, 4, "RSC\5", "RISC-V", "arm64"},
    {36, 4, "\x18\x28\x6f\x01", "zImage of a 32-bit Arm", "arm64"},
    {0x202, 4, "HdrS", "x86", "arm64"},
    {4, 4, "zimg", "EFI zboot", "bulkhead image"},
    {0, 2, "MZ", "PE", "plain Image"},
    {0x438, 4, "\x53\xef\1\0", "ext4", "kernel"},
    {0x400, 4, "\xe2\xe1\xf5\xe0", "EROFS", "kernel"},
    {0x200, 8, "EFI PART", "partitioned disk", "kernel"},
    {0, 4, "\x3a\xff\x26\xed", "sparse", "kernel"},
    {0, 4, "AVB0", "verified boot", "kernel"},
    {0, 4, "\1\0\x64\xaa", "firmware image package", "kernel"},
    {0, 10, "S0030000FC", "text", "objcopy"},
    {0, 11, ":00000001FF", "text", "objcopy"},
    {0, 4, "a\r\n\t", "text", "program"},
};

/* What begins so is refused as the first file by its name, with a remedy, and taken as any other. */
static void formats_that_cannot_run_are_named(void **state)
{
	struct fixture *f = *state;
	uint8_t file[4096];

	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		memset(file, 0x5a, sizeof(file));
		memcpy(file + formats[i].offset, formats[i].magic, formats[i].bytes);
		loader_init(&f->loader, &f->memory);
		assert_false(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, file, sizeof(file)));
		assert_non_null(strstr(f->loader.problem, formats[i].name));
		assert_non_null(strstr(f->loader.problem, formats[i].remedy));
		assert_false(f->loader.bootable);
		assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, file, sizeof(file)));
		assert_non_null(strstr(f->loader.problem, "this is "));
		loader_init(&f->loader, &f->memory);
		/* After a program it is not our concern. */
		assert_true(loader_add(&f->loader, QVM_LOAD_INITRD, LOAD_ANYWHERE, file, sizeof(file)));
		f->loader.began = true;
		assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, file, sizeof(file)));
	}
}

/* A byte that no text has, at the end of what is examined, or after it; and two bytes of a magic number by chance. */
static void a_magic_number_by_chance_is_plain_code(void **state)
{
	struct fixture *f = *state;
	uint8_t file[4096];

	for (unsigned at = 0; at < 66; at++) {
		memset(file, 'a', sizeof(file));
		file[at] = at & 1 ? 0x7f : 0x1f;
		memcpy(file + 0x438, "\x53\xef\x7a\x7a", 4);
		loader_init(&f->loader, &f->memory);
		assert_int_equal(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, file, sizeof(file)), at < 64);
	}
}

static void data_lies_where_it_is_asked_for(void **state)
{
	struct fixture *f = *state;
	uint8_t page[0x1000] = {9};

	assert_true(loader_add(&f->loader, QVM_LOAD_DATA, ISLAND, page, sizeof(page)));
	assert_int_equal(*(uint8_t *)guest_memory_ptr(&f->memory, ISLAND, 1), 9);
	assert_false(loader_add(&f->loader, QVM_LOAD_DATA, ISLAND + 0xfff, page, 1));
	assert_non_null(strstr(f->loader.problem, "overlaps"));
	assert_false(loader_add(&f->loader, QVM_LOAD_DATA, RAM + RAM_SIZE - 1, page, 2));
	assert_false(loader_add(&f->loader, QVM_LOAD_DATA, ~0ull - 4, page, 16));
	assert_false(loader_add(&f->loader, QVM_LOAD_DATA, RAM, page, 0));
}

static void full_memory_refuses_more(void **state)
{
	struct fixture *f = *state;
	uint8_t *all = calloc(1, RAM_SIZE);
	uint64_t fdt;

	assert_true(loader_add(&f->loader, QVM_LOAD_DATA, RAM, all, RAM_SIZE));
	assert_false(loader_add(&f->loader, QVM_LOAD_INITRD, LOAD_ANYWHERE, all, 0x1001));
	assert_non_null(strstr(f->loader.problem, "no room"));
	assert_true(loader_place_fdt(&f->loader, 0x1000, &fdt));
	assert_int_equal(fdt, ISLAND);
	assert_false(loader_place_fdt(&f->loader, 8, &fdt));
	free(all);
}

static void a_tree_is_taken_and_placed(void **state)
{
	struct fixture *f = *state;
	static const uint8_t tree[8] = {0xd0, 0x0d, 0xfe, 0xed};
	uint64_t fdt;

	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, RAM + 0x4000, tree, sizeof(tree)));
	assert_ptr_equal(f->loader.fdt, tree);
	assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, tree, sizeof(tree)));
	assert_true(loader_place_fdt(&f->loader, 64, &fdt));
	assert_int_equal(fdt, RAM + 0x4000);
	assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, "  /* a */ /dts-v1/; / { };", 25));
	assert_non_null(strstr(f->loader.problem, "second"));
	/* The tree is not a program: the next file is the first one. */
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, "\x1f\x20\x03\xd5", 4));
	assert_true(f->loader.bootable);
}

/* What cannot be the tree is refused where it is named; how it is damaged is found when it is merged. */
static void a_file_that_is_no_tree_is_refused(void **state)
{
	static uint8_t tree[GUEST_FDT_MAX + 1] = {0xd0, 0x0d, 0xfe, 0xed};
	static const char source[] = "// a comment\n/dts-v1/;\n/ { };\n";
	struct fixture *f = *state;

	assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, tree, sizeof(tree)));
	assert_non_null(strstr(f->loader.problem, "longer than 2 MiB"));
	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, tree, sizeof(tree)));
	assert_non_null(strstr(f->loader.problem, "longer than 2 MiB"));
	assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, source, sizeof(source) - 1));
	assert_non_null(strstr(f->loader.problem, "source"));
	assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, "\x1f\x8b\x08", 3));
	assert_non_null(strstr(f->loader.problem, "gzip"));
	assert_false(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, "\xd0\x0d\xfe", 3));
	assert_non_null(strstr(f->loader.problem, "no device tree blob"));
	assert_null(f->loader.fdt);
	assert_true(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, tree, GUEST_FDT_MAX));
}

/* A FIT is a device tree, too. */
static void a_fit_is_no_tree(void **state)
{
	static const char *const nodes[] = {"images", "configurations", "other"};
	struct fixture *f = *state;
	uint64_t fit[64];

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fdt_create(fit, sizeof(fit)), 0);
		assert_int_equal(fdt_finish_reservemap(fit), 0);
		fdt_begin_node(fit, "");
		for (unsigned n = i; n < i + 2; n++) {
			fdt_begin_node(fit, nodes[n]);
			fdt_end_node(fit);
		}
		fdt_end_node(fit);
		assert_int_equal(fdt_finish(fit), 0);
		loader_init(&f->loader, &f->memory);
		assert_int_equal(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, fit, fdt_totalsize(fit)), i);
		assert_true(i == 1 || strstr(f->loader.problem, "a FIT image; load its kernel") != NULL);
		loader_init(&f->loader, &f->memory);
		assert_int_equal(loader_add(&f->loader, QVM_LOAD_FDT, LOAD_ANYWHERE, fit, fdt_totalsize(fit)), i);
	}
}

/* Without a window all is as with one, except for the bytes: so the host tool asks. */
static void without_a_window_only_the_bytes_are_missing(void **state)
{
	struct fixture *f = *state;
	struct image i = image(0, 3 * MIB, 0xa);
	struct elf e = elf();

	f->memory.window = NULL;
	assert_true(loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, &e, sizeof(e)));
	assert_int_equal(f->loader.entry, RAM + MIB + 0x10);
	assert_false(loader_add(&f->loader, QVM_LOAD_ANY, RAM, &i, sizeof(i)));
	assert_non_null(strstr(f->loader.problem, "overlaps"));
	assert_true(loader_add(&f->loader, QVM_LOAD_INITRD, LOAD_ANYWHERE, "initrd", 6));
	assert_false(guest_memory_write(&f->memory, RAM - 1, "x", 1));
	assert_true(guest_memory_zero(&f->memory, RAM, RAM_SIZE));
}

static uint64_t told[8];
static unsigned told_count;

static void tell(uint64_t done, uint64_t bytes)
{
	assert_true(told_count < 8 && done < bytes);
	told[told_count++] = done;
}

/* How far a long copy is, is told before each MiB of it; a short one is there at once. */
static void a_long_copy_says_how_far_it_is(void **state)
{
	static uint8_t from[(3 << 20) + 5], window[4 << 20];
	struct guest_memory memory = {.window = window, .copying = tell};

	(void)state;
	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i * 7 + (i >> 12));
	assert_null(guest_memory_add(&memory, 0, sizeof(window), false));
	told_count = 0;
	assert_true(guest_memory_write(&memory, 0, from, 1 << 20));
	assert_int_equal(told_count, 0);
	assert_true(guest_memory_write(&memory, 1, from, sizeof(from)));
	assert_int_equal(told_count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(told[i], i << 20);
	assert_memory_equal(window + 1, from, sizeof(from));
	assert_int_equal(window[1 + sizeof(from)], 0);
}

/* Whatever the bytes of a header are, only guest memory is written; the sanitizer watches. */
static void random_headers_write_guest_memory_only(void **state)
{
	struct fixture *f = *state;
	unsigned accepted = 0;

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct elf e = elf();
		uint8_t *byte = (uint8_t *)&e;

		for (unsigned n = 0; n < 1 + round % 3; n++)
			byte[(unsigned)rand() % offsetof(struct elf, code)] = (uint8_t)rand();
		loader_init(&f->loader, &f->memory);
		if (!loader_add(&f->loader, QVM_LOAD_ANY, LOAD_ANYWHERE, &e, sizeof(e)))
			assert_true(f->loader.problem[0] != '\0');
		else
			assert_non_null(guest_memory_ptr(&f->memory, f->loader.entry, 4));
		accepted += f->loader.bootable;
	}
	assert_true(accepted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_pointer_stays_within_one_range, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(ranges_that_overlap_are_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_image_is_placed_at_its_offset, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_old_image_has_a_text_offset, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_wrong_image_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(segments_of_an_elf_file_are_placed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_wrong_elf_file_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(plain_code_starts_at_its_first_byte, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(formats_that_cannot_run_are_named, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_magic_number_by_chance_is_plain_code, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(data_lies_where_it_is_asked_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(full_memory_refuses_more, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_tree_is_taken_and_placed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_file_that_is_no_tree_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_fit_is_no_tree, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(without_a_window_only_the_bytes_are_missing, set_up, tear_down),
	    cmocka_unit_test(a_long_copy_says_how_far_it_is),
	    cmocka_unit_test_setup_teardown(random_headers_write_guest_memory_only, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
