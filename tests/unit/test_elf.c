/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/elf.c */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead.h>
#include <elfimage.h>

#define TEXT_BYTES 0x1238
#define DATA_BYTES 0x100

/* A well-formed program of two segments, which each test spoils in one place. */
struct sample {
	Elf64_Ehdr header;
	Elf64_Phdr ph[3];
	uint8_t bytes[TEXT_BYTES + DATA_BYTES];
};

static void make_sample(struct sample *s)
{
	memset(s, 0, sizeof *s);
	memcpy(s->header.e_ident, "\177ELF\2\1\1", 7);
	s->header.e_type = ET_EXEC;
	s->header.e_machine = EM_AARCH64;
	s->header.e_version = EV_CURRENT;
	s->header.e_entry = 0x400010;
	s->header.e_phoff = offsetof(struct sample, ph);
	s->header.e_phentsize = sizeof(Elf64_Phdr);
	s->header.e_phnum = 3;
	s->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_offset = offsetof(struct sample, bytes),
				.p_vaddr = 0x400000,
				.p_filesz = TEXT_BYTES,
				.p_memsz = TEXT_BYTES};
	s->ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_flags = PF_R | PF_W,
				.p_offset = offsetof(struct sample, bytes) + TEXT_BYTES,
				.p_vaddr = 0x402040,
				.p_filesz = DATA_BYTES,
				.p_memsz = 0x2000};
	s->ph[2] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
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
	assert_null(parse(&s, sizeof s, &image));
	assert_int_equal(image.entry, 0x400010);
	assert_int_equal(image.count, 2);
	assert_int_equal(image.segment[0].page, 0x400000);
	assert_int_equal(image.segment[0].page_bytes, 0x2000);
	assert_int_equal(image.segment[0].prot, PROT_R | PROT_X);
	assert_int_equal(image.segment[1].page, 0x402000);
	assert_int_equal(image.segment[1].lead, 0x40);
	assert_int_equal(image.segment[1].page_bytes, 0x3000);
	assert_int_equal(image.segment[1].file_bytes, DATA_BYTES);
	assert_int_equal(image.segment[1].prot, PROT_R | PROT_W);
	assert_int_equal(image.page_bytes, 0x5000);
}

static void every_shorter_file_is_refused(void **state)
{
	struct sample s;
	struct elf_image image;

	(void)state;
	make_sample(&s);
	for (size_t bytes = 1; bytes < sizeof s; bytes++)
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
SPOIL(position_independent, s->header.e_type = ET_DYN)
SPOIL(wrong_machine, s->header.e_machine = EM_X86_64)
SPOIL(wrong_header_size, s->header.e_phentsize = 55)
SPOIL(no_headers, s->header.e_phnum = 0)
SPOIL(too_many_headers, s->header.e_phnum = 0xffff)
SPOIL(headers_far_away, s->header.e_phoff = UINT64_MAX - 8)
SPOIL(headers_at_the_end, s->header.e_phoff = sizeof *s - 3 * sizeof(Elf64_Phdr) + 1)
SPOIL(dynamic, s->ph[2].p_type = PT_DYNAMIC)
SPOIL(interpreter, s->ph[2].p_type = PT_INTERP)
SPOIL(writable_text, s->ph[0].p_flags |= PF_W)
SPOIL(no_access, s->ph[1].p_flags = 0)
SPOIL(offset_wraps, s->ph[1].p_offset = UINT64_MAX - 1)
SPOIL(file_bytes_wrap, s->ph[1].p_memsz = s->ph[1].p_filesz = UINT64_MAX)
SPOIL(memory_wraps, s->ph[1].p_memsz = UINT64_MAX)
SPOIL(memory_too_high, s->ph[1].p_memsz = ELF_ADDRESS_LIMIT - 0x402040 + 1)
SPOIL(address_too_high, s->ph[1].p_vaddr = ELF_ADDRESS_LIMIT)
SPOIL(address_wraps, s->ph[1].p_vaddr = UINT64_MAX - 0x10)
SPOIL(address_zero, s->ph[0].p_vaddr = 0)
SPOIL(more_file_than_memory, s->ph[1].p_memsz = DATA_BYTES - 1)
SPOIL(shared_page, s->ph[1].p_vaddr = 0x401800)
SPOIL(overlap, s->ph[0].p_memsz = 0x3000)
SPOIL(descending, s->ph[1].p_vaddr = 0x3f0000)
SPOIL(entry_in_data, s->header.e_entry = 0x402040)
SPOIL(entry_behind_text, s->header.e_entry = 0x400000 + ((TEXT_BYTES + 3) & ~3))
SPOIL(entry_unaligned, s->header.e_entry = 0x400012)
SPOIL(entry_nowhere, s->header.e_entry = 0)
SPOIL(nothing_to_load, s->ph[0].p_type = s->ph[1].p_type = PT_NOTE)

static void spoiled_programs_are_refused(void **state)
{
	static const struct spoil spoils[] = {
	    {"magic", wrong_magic},
	    {"class", wrong_class},
	    {"order", wrong_order},
	    {"type", position_independent},
	    {"machine", wrong_machine},
	    {"phentsize", wrong_header_size},
	    {"phnum 0", no_headers},
	    {"phnum", too_many_headers},
	    {"phoff wraps", headers_far_away},
	    {"phoff", headers_at_the_end},
	    {"dynamic", dynamic},
	    {"interp", interpreter},
	    {"w^x", writable_text},
	    {"flags 0", no_access},
	    {"offset", offset_wraps},
	    {"filesz", file_bytes_wrap},
	    {"memsz", memory_wraps},
	    {"limit", memory_too_high},
	    {"vaddr", address_too_high},
	    {"vaddr wraps", address_wraps},
	    {"vaddr 0", address_zero},
	    {"filesz > memsz", more_file_than_memory},
	    {"shared page", shared_page},
	    {"overlap", overlap},
	    {"order of segments", descending},
	    {"entry in data", entry_in_data},
	    {"entry behind text", entry_behind_text},
	    {"entry unaligned", entry_unaligned},
	    {"entry 0", entry_nowhere},
	    {"no segment", nothing_to_load},
	};

	(void)state;
	for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
		struct sample s;
		struct elf_image image;

		make_sample(&s);
		spoils[i].apply(&s);
		if (parse(&s, sizeof s, &image) == NULL)
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
		if (parse(&s, sizeof s, &image) != NULL)
			continue;
		for (unsigned i = 0; i < image.count; i++) {
			const struct elf_segment *segment = &image.segment[i];

			assert_true(segment->file_offset <= sizeof s);
			assert_true(segment->file_bytes <= sizeof s - segment->file_offset);
			assert_true(segment->lead + segment->file_bytes <= segment->page_bytes);
			assert_true(segment->page + segment->page_bytes <= ELF_ADDRESS_LIMIT);
			assert_true((segment->prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X));
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_program_is_laid_out),
	    cmocka_unit_test(every_shorter_file_is_refused),
	    cmocka_unit_test(spoiled_programs_are_refused),
	    cmocka_unit_test(damaged_programs_never_lead_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
