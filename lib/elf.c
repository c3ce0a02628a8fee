/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only what a file of ours needs is accepted: any base, no interpreter. What it relocates is its own affair. Every
 * field is checked before its use; sums are formed only of values that were bounded first, so none of them can wrap.
 */
#include <bulkhead.h>
#include <elf64.h>
#include <elfimage.h>
#include <range.h>
#include <stdbool.h>
#include <string.h>

#define ET_DYN      3
#define PT_INTERP   3
#define PF_X        1u
#define PF_W        2u
#define PF_R        4u
#define HEADERS_MAX 32

static uint64_t page_up(uint64_t value)
{
	return (value + ELF_PAGE - 1) & ~(uint64_t)(ELF_PAGE - 1);
}

static const char *check_header(const struct elf_header *header, size_t bytes)
{
	/* EI_MAG, ELFCLASS64, ELFDATA2LSB, EV_CURRENT. */
	static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

	if (memcmp(header->ident, ident, sizeof(ident)) != 0)
		return "not a 64-bit little-endian ELF file";
	if (header->type != ET_DYN || header->machine != EM_AARCH64 || header->version != 1)
		return "not a position-independent program or shared object for AArch64";
	if (header->phentsize != sizeof(struct program_header) || header->phnum == 0 || header->phnum > HEADERS_MAX)
		return "its program headers have a wrong size or number";
	if (!range_holds(0, bytes, header->phoff, header->phnum * sizeof(struct program_header)))
		return "its program headers lie beyond its end";
	return NULL;
}

/* Of a segment that is mapped from the file, the pages are the file's, to their ends. */
static const char *check_in_place(const struct program_header *ph, size_t bytes)
{
	if ((ph->offset - ph->vaddr) % ELF_PAGE != 0)
		return "a segment that is not writable does not lie on pages of the file (link with -z "
		       "max-page-size=4096)";
	if (ph->filesz != ph->memsz)
		return "a segment that is not writable has more bytes in memory than in the file";
	if (page_up(ph->offset + ph->filesz) > bytes)
		return "a segment that is not writable has its last page beyond the end of the file";
	return NULL;
}

static const char *check_segment(const struct program_header *ph, size_t bytes)
{
	if (ph->filesz > ph->memsz)
		return "a segment has more bytes in the file than in memory";
	if (!range_holds(0, bytes, ph->offset, ph->filesz))
		return "a segment lies beyond its end";
	if (ph->vaddr >= ELF_SPAN_MAX || ph->memsz > ELF_SPAN_MAX - ph->vaddr)
		return "its segments span more than 256 MiB";
	if ((ph->flags & PF_W) && (ph->flags & PF_X))
		return "a segment is both writable and executable";
	if ((ph->flags & (PF_R | PF_W | PF_X)) == 0)
		return "a segment permits no access";
	/* Its base may be any page, and nobody would notice what is not aligned as it was to be. */
	if (ph->align > ELF_PAGE)
		return "a segment is aligned to more than a page (link with -z max-page-size=4096)";
	return ph->flags & PF_W ? NULL : check_in_place(ph, bytes);
}

static void add_code(struct elf_image *image, const struct elf_segment *segment)
{
	uint64_t start = segment->file_offset - segment->lead, end = start + segment->page_bytes;

	if (image->code_bytes == 0) {
		image->code_offset = start;
		image->code_bytes = segment->page_bytes;
		return;
	}
	if (end < image->code_offset + image->code_bytes)
		end = image->code_offset + image->code_bytes;
	if (start < image->code_offset)
		image->code_offset = start;
	image->code_bytes = end - image->code_offset;
}

static const char *add_segment(struct elf_image *image, const struct program_header *ph)
{
	uint64_t page = ph->vaddr & ~(uint64_t)(ELF_PAGE - 1);
	uint64_t end = page_up(ph->vaddr + ph->memsz);
	struct elf_segment *segment;

	if (image->count == ELF_SEGMENT_MAX)
		return "it has too many segments";
	if (image->count > 0) {
		const struct elf_segment *before = &image->segment[image->count - 1];

		/* One page has one set of permissions, so segments must not share one. */
		if (page < before->page + before->page_bytes)
			return "its segments overlap, share a page, or are not in ascending order";
	}
	segment = &image->segment[image->count++];
	segment->page = page;
	segment->page_bytes = end - page;
	segment->lead = ph->vaddr - page;
	segment->file_offset = ph->offset;
	segment->file_bytes = ph->filesz;
	segment->prot = ((ph->flags & PF_R) ? PROT_R : 0) | ((ph->flags & PF_W) ? PROT_R | PROT_W : 0) |
			((ph->flags & PF_X) ? PROT_R | PROT_X : 0);
	image->span = end;
	if (ph->flags & PF_W)
		image->copy_bytes += segment->page_bytes;
	else
		add_code(image, segment);
	return NULL;
}

static const char *check_entry(const struct elf_image *image)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct elf_segment *segment = &image->segment[i];
		uint64_t start = segment->page + segment->lead;

		if ((segment->prot & PROT_X) && image->entry % 4 == 0 && image->entry >= start &&
		    image->entry - start < segment->file_bytes)
			return NULL;
	}
	return "its entry point is not in an executable segment";
}

const char *elf_module_parse(const void *file, size_t bytes, struct elf_image *image)
{
	struct elf_header header;
	const char *mistake;

	memset(image, 0, sizeof(*image));
	if (bytes < sizeof(header))
		return "shorter than an ELF header";
	memcpy(&header, file, sizeof(header));
	mistake = check_header(&header, bytes);
	for (unsigned i = 0; !mistake && i < header.phnum; i++) {
		struct program_header ph;

		memcpy(&ph, (const char *)file + header.phoff + i * sizeof(ph), sizeof(ph));
		if (ph.type == PT_INTERP)
			return "it is not statically linked";
		if (ph.type != PT_LOAD || ph.memsz == 0)
			continue;
		mistake = check_segment(&ph, bytes);
		if (!mistake)
			mistake = add_segment(image, &ph);
	}
	if (!mistake && image->count == 0)
		mistake = "it has no segments";
	image->entry = header.entry;
	return mistake;
}

const char *elf_image_parse(const void *file, size_t bytes, struct elf_image *image)
{
	const char *mistake = elf_module_parse(file, bytes, image);

	return mistake ? mistake : check_entry(image);
}
