/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/elf.c */
#include "unit.h"
#include <bulkhead.h>
#include <elf.h>
#include <elfimage.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 0x1238
#define DATA_BYTES 0x100
#define TEXT_AT    0x1000 /* in the file */
#define DATA_AT    0x3040
#define TEXT       0x0 /* in memory */
#define DATA       0x2040

/* A well-formed program of two segments, which each test spoils in one place. */
struct sample {
	Elf64_Ehdr header;
	Elf64_Phdr ph[3];
	uint8_t bytes[DATA_AT + DATA_BYTES - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
};

static void make_sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->header.e_ident, "\177ELF\2\1\1", 7);
	s->header.e_type = ET_DYN;
	s->header.e_machine = EM_AARCH64;
	s->header.e_version = EV_CURRENT;
	s->header.e_entry = TEXT + 0x10;
	s->header.e_phoff = offsetof(struct sample, ph);
	s->header.e_phentsize = sizeof(Elf64_Phdr);
	s->header.e_phnum = 3;
	s->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_offset = TEXT_AT,
				.p_vaddr = TEXT,
				.p_filesz = TEXT_BYTES,
				.p_memsz = TEXT_BYTES};
	s->ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_flags = PF_R | PF_W,
				.p_offset = DATA_AT,
				.p_vaddr = DATA,
				.p_filesz = DATA_BYTES,
				.p_memsz = 0x2000};
	s->ph[2] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_flags = PF_R | PF_W, .p_vaddr = DATA};
}

/* Parses from an allocation of exactly `bytes` bytes, so that the address sanitizer sees one byte too many. */
static const char *parse(const struct sample *s, size_t bytes, struct elf_image *image)
{
	void *file = malloc(bytes);
	const char *mistake;

	assert_non_null(file);
	memcpy(file, s, bytes);
	mistake = elf_image_parse(file, bytes, image);
	free(file);
	return mistake;
}

static void a_good_program_is_laid_out(void **state)
{
	struct sample s;
	struct elf_image image;

	(void)state;
	make_sample(&s);
	assert_null(parse(&s, sizeof(s), &image));
	assert_int_equal(image.entry, TEXT + 0x10);
	assert_int_equal(image.count, 2);
	assert_int_equal(image.segment[0].page, TEXT);
	assert_int_equal(image.segment[0].page_bytes, 0x2000);
	assert_int_equal(image.segment[0].prot, PROT_R | PROT_X);
	assert_true(elf_in_place(&image.segment[0]));
	assert_int_equal(image.segment[1].page, 0x2000);
	assert_int_equal(image.segment[1].lead, 0x40);
	assert_int_equal(image.segment[1].page_bytes, 0x3000);
	assert_int_equal(image.segment[1].file_bytes, DATA_BYTES);
	assert_int_equal(image.segment[1].prot, PROT_R | PROT_W);
	assert_false(elf_in_place(&image.segment[1]));
	assert_int_equal(image.span, 0x5000);
	assert_int_equal(image.copy_bytes, 0x3000);
	assert_int_equal(image.code_offset, TEXT_AT);
	assert_int_equal(image.code_bytes, 0x2000);
}

/* As ld lays out a shared object: constants with the headers, code, constants, data. */
static void a_shared_object_needs_no_entry(void **state)
{
	struct sample s;
	struct elf_image image;
	void *file;

	(void)state;
	make_sample(&s);
	s.header.e_entry = 0;
	s.ph[2] = s.ph[1];
	s.ph[1] = s.ph[0];
	s.ph[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = 0x200, .p_memsz = 0x200};
	s.ph[1].p_vaddr += 0x1000;
	s.ph[2].p_vaddr += 0x1000;
	assert_non_null(parse(&s, sizeof(s), &image));
	file = malloc(sizeof(s));
	assert_non_null(file);
	memcpy(file, &s, sizeof(s));
	assert_null(elf_module_parse(file, sizeof(s), &image));
	free(file);
	assert_int_equal(image.count, 3);
	assert_int_equal(image.code_offset, 0);
	assert_int_equal(image.code_bytes, 0x3000);
	assert_int_equal(image.copy_bytes, 0x3000);
	assert_int_equal(image.span, 0x6000);
}

static void every_shorter_file_is_refused(void **state)
{
	struct sample s;
	struct elf_image image;

	(void)state;
	make_sample(&s);
	for (size_t bytes = 1; bytes < sizeof(s); bytes++)
		assert_non_null(parse(&s, bytes, &image));
}

struct spoil {
	const char *what;
	void (*apply)(struct sample *s);
};

#define SPOIL(name, code)                  \
	static void name(struct sample *s) \
	{                                  \
		code;                      \
	}
SPOIL(wrong_magic, s->header.e_ident[1] = 'e')
SPOIL(wrong_class, s->header.e_ident[4] = ELFCLASS32)
SPOIL(wrong_order, s->header.e_ident[5] = ELFDATA2MSB)
SPOIL(fixed_addresses, s->header.e_type = ET_EXEC)
SPOIL(wrong_machine, s->header.e_machine = EM_X86_64)
SPOIL(wrong_header_size, s->header.e_phentsize = 55)
SPOIL(no_headers, s->header.e_phnum = 0)
SPOIL(too_many_headers, s->header.e_phnum = 0xffff)
SPOIL(headers_far_away, s->header.e_phoff = UINT64_MAX - 8)
SPOIL(headers_at_the_end, s->header.e_phoff = sizeof(*s) - 3 * sizeof(Elf64_Phdr) + 1)
SPOIL(interpreter, s->ph[2].p_type = PT_INTERP)
SPOIL(writable_text, s->ph[0].p_flags |= PF_W)
SPOIL(no_access, s->ph[1].p_flags = 0)
SPOIL(offset_wraps, s->ph[1].p_offset = UINT64_MAX - 1)
SPOIL(file_bytes_wrap, s->ph[1].p_memsz = s->ph[1].p_filesz = UINT64_MAX)
SPOIL(memory_wraps, s->ph[1].p_memsz = UINT64_MAX)
SPOIL(memory_too_high, s->ph[1].p_memsz = ELF_SPAN_MAX - DATA + 1)
SPOIL(address_too_high, s->ph[1].p_vaddr = ELF_SPAN_MAX + 0x40)
SPOIL(address_wraps, s->ph[1].p_vaddr = UINT64_MAX - 0x10)
SPOIL(text_between_pages, s->ph[0].p_offset = TEXT_AT + 8)
SPOIL(text_with_zeros, s->ph[0].p_memsz++)
SPOIL(text_on_the_last_page, s->ph[0].p_offset = 0x2000)
SPOIL(more_file_than_memory, s->ph[1].p_memsz = DATA_BYTES - 1)
SPOIL(shared_page, s->ph[1].p_vaddr = 0x1840)
SPOIL(overlap, s->ph[0].p_memsz = 0x3000)
SPOIL(descending, (s->ph[0].p_vaddr = 0x10000, s->header.e_entry = 0x10010))
SPOIL(entry_in_data, s->header.e_entry = DATA)
SPOIL(entry_beyond_text, s->header.e_entry = TEXT + ((TEXT_BYTES + 3) & ~3))
SPOIL(entry_unaligned, s->header.e_entry = TEXT + 0x12)
SPOIL(entry_nowhere, s->header.e_entry = 0x100000)
SPOIL(nothing_to_load, s->ph[0].p_type = s->ph[1].p_type = PT_NOTE)

static void spoiled_programs_are_refused(void **state)
{
	static const struct spoil spoils[] = {
	    {"magic", wrong_magic},
	    {"class", wrong_class},
	    {"order", wrong_order},
	    {"type", fixed_addresses},
	    {"machine", wrong_machine},
	    {"phentsize", wrong_header_size},
	    {"phnum 0", no_headers},
	    {"phnum", too_many_headers},
	    {"phoff wraps", headers_far_away},
	    {"phoff", headers_at_the_end},
	    {"interp", interpreter},
	    {"w^x", writable_text},
	    {"flags 0", no_access},
	    {"offset", offset_wraps},
	    {"filesz", file_bytes_wrap},
	    {"memsz", memory_wraps},
	    {"limit", memory_too_high},
	    {"vaddr", address_too_high},
	    {"vaddr wraps", address_wraps},
	    {"text between pages", text_between_pages},
	    {"text with zeros", text_with_zeros},
	    {"text on the last page", text_on_the_last_page},
	    {"filesz > memsz", more_file_than_memory},
	    {"shared page", shared_page},
	    {"overlap", overlap},
	    {"order of segments", descending},
	    {"entry in data", entry_in_data},
	    {"entry beyond text", entry_beyond_text},
	    {"entry unaligned", entry_unaligned},
	    {"entry 0", entry_nowhere},
	    {"no segment", nothing_to_load},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		struct sample s;
		struct elf_image image;

		make_sample(&s);
		spoils[i].apply(&s);
		if (parse(&s, sizeof(s), &image) == NULL)
			fail_msg("accepted although spoiled: %s", spoils[i].what);
	}
}

/* Whatever the bytes are, what is accepted keeps within the file and the addresses for programs. */
static void damaged_programs_never_lead_outside(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct sample s;
		struct elf_image image;

		make_sample(&s);
		for (unsigned n = 0; n < 3; n++) {
			seed = seed * 1664525u + 1013904223u;
			((uint8_t *)&s)[(seed >> 8) % offsetof(struct sample, bytes)] ^= (uint8_t)(1u << (seed & 7));
		}
		if (parse(&s, sizeof(s), &image) != NULL)
			continue;
		for (unsigned i = 0; i < image.count; i++) {
			const struct elf_segment *segment = &image.segment[i];

			assert_true(segment->file_offset <= sizeof(s));
			assert_true(segment->file_bytes <= sizeof(s) - segment->file_offset);
			assert_true(segment->lead + segment->file_bytes <= segment->page_bytes);
			assert_true(segment->page + segment->page_bytes <= image.span);
			assert_true((segment->prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X));
			if (!elf_in_place(segment))
				continue;
			assert_true((segment->file_offset - segment->lead) % ELF_PAGE == 0);
			assert_true(segment->file_offset - segment->lead >= image.code_offset);
			assert_true(segment->file_offset - segment->lead - image.code_offset + segment->page_bytes <=
				    image.code_bytes);
			assert_true(image.code_offset + image.code_bytes <= sizeof(s));
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_program_is_laid_out),          cmocka_unit_test(a_shared_object_needs_no_entry),
	    cmocka_unit_test(every_shorter_file_is_refused),       cmocka_unit_test(spoiled_programs_are_refused),
	    cmocka_unit_test(damaged_programs_never_lead_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
