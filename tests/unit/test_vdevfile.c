/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/vdevfile.c lib/elf.c lib/qvmconf/vdevoption.c lib/qvmconf/vdevvalue.c lib/qvmconf/number.c lib/glob.c */
/* The reader of vdev-NAME.so: a good file of this build, which each test spoils in one place. */
#include "unit.h"
#include <bulkhead.h>
#include <elf.h>
#include <qvm/vdev-core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vdevfile.h>

#define BASE 0x30000000ull

static uint8_t *good, *file; /* as built, and a copy to spoil */
static size_t bytes;

static int read_good(void **state)
{
	char path[4096];
	FILE *from;

	(void)state;
	snprintf(path, sizeof(path), "%s/vdevs/vdev-pl011.so", getenv("BUILD"));
	from = fopen(path, "rb");
	if (!from)
		return -1;
	good = malloc(1 << 20);
	bytes = fread(good, 1, 1 << 20, from);
	fclose(from);
	return bytes > 0 ? 0 : -1;
}

static int drop_good(void **state)
{
	(void)state;
	free(good);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	file = malloc(bytes);
	memcpy(file, good, bytes);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(file);
	return 0;
}

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)(void *)file;
}

/* Program header `index` of that type. */
static Elf64_Phdr *program(uint32_t type, unsigned index)
{
	Elf64_Phdr *ph = (Elf64_Phdr *)(void *)(file + header()->e_phoff);

	for (unsigned i = 0; i < header()->e_phnum; i++)
		if (ph[i].p_type == type && index-- == 0)
			return &ph[i];
	fail();
	return NULL;
}

static Elf64_Dyn *dynamic(int64_t tag)
{
	Elf64_Dyn *d = (Elf64_Dyn *)(void *)(file + program(PT_DYNAMIC, 0)->p_offset);

	while (d->d_tag != tag) {
		assert_int_not_equal(d->d_tag, DT_NULL);
		d++;
	}
	return d;
}

/* The file's tables lie in its first segment, whose addresses are offsets. */
static Elf64_Rela *relocation(unsigned type)
{
	Elf64_Rela *r = (Elf64_Rela *)(void *)(file + dynamic(DT_RELA)->d_un.d_ptr);

	while (ELF64_R_TYPE(r->r_info) != type)
		r++;
	return r;
}

static Elf64_Sym *symbol_of(const Elf64_Rela *r)
{
	return (Elf64_Sym *)(void *)(file + dynamic(DT_SYMTAB)->d_un.d_ptr) + ELF64_R_SYM(r->r_info);
}

static bool lookup(const char *name, uint64_t *address)
{
	*address = 0x1000000000ull + strlen(name);
	return true;
}

/* Reads and relocates; from an allocation of exactly that length, so that the sanitizer sees one byte too many. */
static const char *load(size_t length, struct vdevfile *v, uint8_t **memory)
{
	static char problem[sizeof(v->problem)];
	uint8_t *exact = malloc(length + 1);
	const char *wrong;

	memcpy(exact + 1, file, length); /* and not aligned */
	wrong = vdevfile_read(v, exact + 1, length);
	*memory = NULL;
	if (!wrong) {
		*memory = calloc(1, v->image.span);
		for (unsigned i = 0; i < v->image.count; i++)
			if (v->image.segment[i].prot & PROT_W)
				memcpy(*memory + v->image.segment[i].page + v->image.segment[i].lead,
				       exact + 1 + v->image.segment[i].file_offset, v->image.segment[i].file_bytes);
		wrong = vdevfile_relocate(v, *memory, BASE, lookup);
	}
	if (wrong)
		wrong = strcpy(problem, wrong);
	free(exact);
	return wrong;
}

static const char *refusal(size_t length)
{
	struct vdevfile v;
	uint8_t *memory;
	const char *wrong = load(length, &v, &memory);

	free(memory);
	return wrong;
}

static void expect(const char *part)
{
	const char *wrong = refusal(bytes);

	if (!wrong || strstr(wrong, part) == NULL)
		fail_msg("'%s' instead of '%s'", wrong ? wrong : "accepted", part);
	memcpy(file, good, bytes);
}

static void a_good_file_is_read(void **state)
{
	struct vdevfile v;
	uint8_t *memory;
	uint64_t constructor, value;

	(void)state;
	assert_null(load(bytes, &v, &memory));
	assert_true(v.described);
	assert_int_equal(v.type.flags, VDEV_NEEDS_LOC | VDEV_NEEDS_INTR);
	assert_int_equal(v.type.bytes, 0x1000);
	/* One executable segment, one writable one; constants are read-only after relocation. */
	assert_int_equal(v.image.segment[1].prot, PROT_R | PROT_X);
	assert_int_equal(v.image.segment[v.image.count - 1].prot, PROT_R | PROT_W);
	assert_int_equal(v.relro, v.image.segment[v.image.count - 1].page);
	assert_int_equal(v.relro_bytes, 0x1000);
	constructor = vdevfile_constructor(&v, memory, BASE, 0);
	assert_in_range(constructor, BASE + v.image.segment[1].page,
			BASE + v.image.segment[1].page + v.image.segment[1].page_bytes - 4);
	assert_int_equal(vdevfile_constructor(&v, memory, BASE, 1), 0);
	memcpy(&value, memory + relocation(R_AARCH64_RELATIVE)->r_offset, 8);
	assert_int_equal(value, BASE + (uint64_t)relocation(R_AARCH64_RELATIVE)->r_addend);
	memcpy(&value, memory + relocation(R_AARCH64_GLOB_DAT)->r_offset, 8);
	assert_in_range(value, 0x1000000004ull, 0x1000000020ull);
	/* A constructor that points elsewhere is none. */
	memset(memory + v.init, 0x7f, 8);
	assert_int_equal(vdevfile_constructor(&v, memory, BASE, 0), 0);
	free(memory);
}

static void every_shorter_file_is_refused(void **state)
{
	const Elf64_Phdr *last = program(PT_LOAD, 3);

	(void)state;
	for (size_t n = 0; n < last->p_offset + last->p_filesz; n++)
		assert_non_null(refusal(n));
	assert_null(refusal(last->p_offset + last->p_filesz));
}

/* Whatever one damaged byte does, it does it within the bounds, which the sanitizers watch. */
static void a_damaged_byte_stays_within_bounds(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (size_t i = 0; i < bytes; i++) {
		const uint8_t was = file[i];

		for (unsigned bit = 0; bit < 8; bit += 3) {
			file[i] = was ^ (uint8_t)(1u << bit);
			refused += refusal(bytes) != NULL;
		}
		file[i] = was;
	}
	assert_in_range(refused, 500, 3 * bytes);
}

static void wrong_headers_are_refused(void **state)
{
	(void)state;
	file[1] = 'e';
	expect("not a 64-bit little-endian ELF file");
	header()->e_machine = EM_X86_64;
	expect("not a position-independent program or shared object for AArch64");
	header()->e_type = ET_EXEC;
	expect("not a position-independent program or shared object for AArch64");
	header()->e_phentsize = 55;
	expect("its program headers have a wrong size or number");
	header()->e_phoff = bytes - 8;
	expect("its program headers lie beyond its end");
	program(PT_LOAD, 1)->p_flags |= PF_W;
	expect("a segment is both writable and executable");
	program(PT_LOAD, 2)->p_flags = 0;
	expect("a segment permits no access");
	program(PT_LOAD, 1)->p_offset += 8;
	expect("a segment that is not writable does not lie on pages of the file");
	program(PT_LOAD, 1)->p_memsz += 8;
	expect("a segment that is not writable has more bytes in memory than in the file");
	program(PT_LOAD, 3)->p_memsz = VDEVFILE_SPAN_MAX;
	expect("more than 16 MiB");
	program(PT_LOAD, 2)->p_vaddr = 0x1000;
	expect("its segments overlap, share a page");
	program(PT_LOAD, 3)->p_align = 0x2000;
	expect("a segment is aligned to more than a page");
	program(PT_LOAD, 1)->p_flags = PF_R;
	expect("it has no executable segment");
	*program(PT_GNU_STACK, 0) = *program(PT_GNU_RELRO, 0);
	expect("it has two RELRO segments");
	program(PT_GNU_STACK, 0)->p_type = PT_TLS;
	expect("it has thread-local variables");
	program(PT_GNU_STACK, 0)->p_type = PT_INTERP;
	expect("it is not statically linked");
	program(PT_GNU_RELRO, 0)->p_vaddr = 0x1000;
	expect("its RELRO segment lies outside");
}

static void a_wrong_note_is_refused(void **state)
{
	uint32_t *note = (uint32_t *)(void *)(file + program(PT_NOTE, 0)->p_offset);
	char *options = (char *)(note + 9);

	(void)state;
	note[2] = 2;
	expect("it has no note that describes a vdev");
	program(PT_NOTE, 0)->p_type = PT_NULL;
	expect("it has no note that describes a vdev");
	note[6] = QVM_VDEV_ABI + 1;
	expect("it was built for version 3 of the vdev ABI, this is version 2; build it again with the headers of this "
	       "release");
	note[6] = 1;
	expect("it was built for version 1 of the vdev ABI");
	note[7] = 0x20;
	expect("its note has unknown flags; build it again with the headers of this release");
	note[8] = 0x1001;
	expect("the bytes of registers in its note are 0, not whole pages");
	note[1] = 12;
	expect("its note is too short");
	note[1] = 0x1000;
	expect("a note is cut off");
	note[0] = 0xffffffff;
	expect("a note is cut off");
	options[2] = ' ';
	expect("its note names an option that is no word of a configuration");
	options[9] = 'z';
	expect("its note has an option of a kind that is unknown or damaged");
	note[1] -= 1;
	expect("the options in its note are cut off");
}

static void dynamic_entries_that_need_a_linker_are_refused(void **state)
{
	(void)state;
	dynamic(DT_HASH)->d_tag = DT_NEEDED;
	expect("it needs another shared object");
	dynamic(DT_HASH)->d_tag = DT_TEXTREL;
	expect("its code would have to be relocated");
	dynamic(DT_FLAGS)->d_un.d_val |= DF_TEXTREL;
	expect("its code would have to be relocated");
	dynamic(DT_HASH)->d_tag = DT_INIT;
	expect("it has an init function");
	dynamic(DT_HASH)->d_tag = DT_REL;
	expect("it has an unsupported table in its dynamic section");
	dynamic(DT_RELAENT)->d_un.d_val = 23;
	expect("its relocations have a wrong size");
	dynamic(DT_RELASZ)->d_un.d_val = 25;
	expect("its relocations have a wrong size");
	dynamic(DT_RELA)->d_un.d_ptr = 0xfffffffffffffff0;
	expect("its relocations lie outside its segments");
	dynamic(DT_SYMTAB)->d_un.d_ptr = 0x100000;
	expect("it has no symbols");
	dynamic(DT_STRSZ)->d_un.d_val = 0x100000;
	expect("it has no symbols");
	dynamic(DT_INIT_ARRAYSZ)->d_un.d_val = 0;
	expect("it has no constructor");
	dynamic(DT_INIT_ARRAY)->d_un.d_ptr = 0x1000;
	expect("it has too many constructors, or they lie outside");
	program(PT_DYNAMIC, 0)->p_filesz = 64;
	expect("its dynamic section does not end with DT_NULL");
	program(PT_DYNAMIC, 0)->p_type = PT_NULL;
	expect("it has no dynamic section");
}

static void relocations_stay_within_writable_pages(void **state)
{
	(void)state;
	relocation(R_AARCH64_RELATIVE)->r_info = 1024; /* COPY */
	expect("it has a relocation of type 1024, which is not supported");
	relocation(R_AARCH64_RELATIVE)->r_offset = 0x1000;
	expect("a relocation does not lie in a writable segment");
	relocation(R_AARCH64_RELATIVE)->r_offset += 4;
	expect("a relocation does not lie in a writable segment");
	relocation(R_AARCH64_RELATIVE)->r_offset = UINT64_MAX - 7;
	expect("a relocation does not lie in a writable segment");
	relocation(R_AARCH64_GLOB_DAT)->r_info |= 0xffffull << 40;
	expect("a relocation names a symbol that does not exist");
	relocation(R_AARCH64_RELATIVE)->r_info |= 1ull << 32;
	expect("a relocation is damaged");
	symbol_of(relocation(R_AARCH64_GLOB_DAT))->st_shndx = SHN_ABS;
	expect("it has a symbol of a kind that is not supported");
	symbol_of(relocation(R_AARCH64_GLOB_DAT))->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
	expect("it has a symbol of a kind that is not supported");
	symbol_of(relocation(R_AARCH64_GLOB_DAT))->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_TLS);
	expect("it has a symbol of a kind that is not supported");
}

static void a_missing_symbol_is_named(void **state)
{
	const char *strings = (const char *)file + dynamic(DT_STRTAB)->d_un.d_ptr;
	struct vdevfile v;
	char *name = NULL;

	(void)state;
	for (size_t i = 0; !name; i++)
		if (strcmp(strings + i, "guest_line_of") == 0)
			name = (char *)(uintptr_t)(strings + i);
	assert_null(vdevfile_read(&v, file, bytes));
	assert_null(vdevfile_relocate(&v, NULL, 0, vdevfile_exported));
	name[0] = 'q';
	assert_null(vdevfile_read(&v, file, bytes));
	assert_string_equal(vdevfile_relocate(&v, NULL, 0, vdevfile_exported),
			    "it calls or uses 'quest_line_of', which qvm does not have");
}

static void names_of_files_are_read(void **state)
{
	char name[VDEVFILE_NAME_MAX];
	bool safety;

	(void)state;
	assert_true(vdevfile_name("vdev-pl011.so", name, &safety));
	assert_string_equal(name, "pl011");
	assert_false(safety);
	assert_true(vdevfile_name("a/b/vdev-wdt-sp805-safety.so", name, &safety));
	assert_string_equal(name, "wdt-sp805");
	assert_true(safety);
	assert_false(vdevfile_name("vdev-.so", name, &safety));
	assert_false(vdevfile_name("pl011.so", name, &safety));
	assert_false(vdevfile_name("vdev-pl011.so.1", name, &safety));
	assert_false(vdevfile_name("vdev-a-name-that-is-much-too-long-to-be-one.so", name, &safety));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_good_file_is_read),
	    TEST(every_shorter_file_is_refused),
	    TEST(a_damaged_byte_stays_within_bounds),
	    TEST(wrong_headers_are_refused),
	    TEST(a_wrong_note_is_refused),
	    TEST(dynamic_entries_that_need_a_linker_are_refused),
	    TEST(relocations_stay_within_writable_pages),
	    TEST(a_missing_symbol_is_named),
	    TEST(names_of_files_are_read),
	};

	return cmocka_run_group_tests(tests, read_good, drop_good);
}
