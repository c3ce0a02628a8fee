/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field is checked before its use; sums are formed only of values that were bounded first, so none of them can
 * wrap. What the format leaves open and no vdev needs is refused, since nobody would notice a wrong guess.
 */
#include <bulkhead.h>
#include <elf64.h>
#include <inttypes.h>
#include <qvm/vdev-core.h>
#include <range.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <vdevfile.h>

#define PT_DYNAMIC   2
#define PT_INTERP    3
#define PT_NOTE      4
#define PT_TLS       7
#define PT_GNU_RELRO 0x6474e552u
#define DYNAMIC_MAX  128
#define NOTES_MAX    64
#define SYMBOL_BYTES 24u
#define RELA_BYTES   24u

enum {
	DT_NULL = 0,
	DT_NEEDED = 1,
	DT_PLTRELSZ = 2,
	DT_STRTAB = 5,
	DT_SYMTAB = 6,
	DT_RELA = 7,
	DT_RELASZ = 8,
	DT_RELAENT = 9,
	DT_STRSZ = 10,
	DT_SYMENT = 11,
	DT_INIT = 12,
	DT_REL = 17,
	DT_PLTREL = 20,
	DT_TEXTREL = 22,
	DT_JMPREL = 23,
	DT_INIT_ARRAY = 25,
	DT_INIT_ARRAYSZ = 27,
	DT_FLAGS = 30,
	DT_PREINIT_ARRAY = 32,
	DT_RELR = 36,
};
#define DF_TEXTREL 4u

enum { R_ABS64 = 257, R_GLOB_DAT = 1025, R_JUMP_SLOT = 1026, R_RELATIVE = 1027 };
enum { STB_LOCAL, STB_GLOBAL, STB_WEAK };
enum { STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION };
#define SHN_LORESERVE 0xff00u /* from here on, places that are no section: an absolute value, or none yet */

struct symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};
_Static_assert(sizeof(struct symbol) == SYMBOL_BYTES, "Elf64_Sym has 24 bytes");

struct rela {
	uint64_t offset, info;
	int64_t addend;
};
_Static_assert(sizeof(struct rela) == RELA_BYTES, "Elf64_Rela has 24 bytes");

/* What the dynamic section says, as it says it. */
struct dynamic {
	uint64_t strtab, strsz, symtab, rela, relasz, jmprel, pltrelsz, init, initsz;
	bool textrel, has_strtab, has_symtab;
};

static const char *refuse_file(struct vdevfile *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *refuse_file(struct vdevfile *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(v->problem, sizeof(v->problem), format, args);
	va_end(args);
	return v->problem;
}

static bool in_file(const struct vdevfile *v, uint64_t offset, uint64_t bytes)
{
	return range_holds(0, v->bytes, offset, bytes);
}

/* The segment that holds the bytes of the file for all of [address, address + bytes), or null. */
static const struct elf_segment *segment_of(const struct vdevfile *v, uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < v->image.count; i++) {
		const struct elf_segment *s = &v->image.segment[i];

		if (range_holds(s->page + s->lead, s->file_bytes, address, bytes))
			return s;
	}
	return NULL;
}

/* A range of addresses as a range of the file. */
static bool find_table(const struct vdevfile *v, uint64_t address, uint64_t bytes, struct vdevfile_table *out)
{
	const struct elf_segment *s = segment_of(v, address, bytes);

	if (!s)
		return false;
	*out = (struct vdevfile_table){s->file_offset + (address - s->page - s->lead), bytes};
	return true;
}

/* ---- the note ---- */

/* The words in front of the options. */
struct description {
	uint32_t abi, flags, registers;
};

static const char *take_description(struct vdevfile *v, uint64_t offset, uint64_t bytes)
{
	struct description d;

	if (v->described)
		return "it has two notes that describe a vdev";
	if (bytes < sizeof(d) + 1)
		return "its note is too short";
	memcpy(&d, v->file + offset, sizeof(d));
	if (d.abi != QVM_VDEV_ABI)
		return refuse_file(v,
				   "it was built for version %" PRIu32
				   " of the vdev ABI, this is version %u; build it again "
				   "with the headers of this release",
				   d.abi, QVM_VDEV_ABI);
	if ((d.flags & ~VDEV_FLAGS_KNOWN) != 0)
		return "its note has unknown flags; build it again with the headers of this release";
	if (d.registers % ELF_PAGE != 0 || d.registers == 0 || d.registers > VDEVFILE_SPAN_MAX)
		return "the bytes of registers in its note are 0, not whole pages, or too many";
	v->described = true;
	v->type = (struct vdev_description){
	    .options = (const char *)v->file + offset + sizeof(d), .flags = d.flags, .bytes = d.registers};
	return vdev_options_check(v->type.options, bytes - sizeof(d), &v->type.options_bytes);
}

static uint64_t round4(uint64_t n)
{
	return (n + 3) & ~(uint64_t)3;
}

/* A note has a head of three words; owner and content are padded to words. */
static const char *read_notes(struct vdevfile *v, const struct program_header *ph)
{
	uint64_t at = ph->offset, end = ph->offset + ph->filesz;

	for (unsigned i = 0; i < NOTES_MAX && end - at >= 12; i++) {
		uint32_t head[3];
		uint64_t owner, content;

		memcpy(head, v->file + at, sizeof(head));
		owner = at + sizeof(head);
		if (round4(head[0]) > end - owner)
			return "a note is cut off";
		content = owner + round4(head[0]);
		if (head[1] > end - content)
			return "a note is cut off";
		if (head[2] == VDEV_NOTE_TYPE && head[0] == sizeof("Bulkhead") &&
		    memcmp(v->file + owner, "Bulkhead", sizeof("Bulkhead")) == 0) {
			const char *wrong = take_description(v, content, head[1]);

			if (wrong)
				return wrong;
		}
		at = round4(head[1]) > end - content ? end : content + round4(head[1]);
	}
	return NULL;
}

/* ---- the dynamic section ---- */

static const char *take_entry(struct dynamic *d, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_NEEDED: return "it needs another shared object (link it with -nostdlib)";
	case DT_INIT: return "it has an init function: only constructors are run (link it with -nostartfiles)";
	case DT_PREINIT_ARRAY:
	case DT_REL:
	case DT_RELR: return "it has an unsupported table in its dynamic section";
	case DT_RELAENT: return value != RELA_BYTES ? "its relocations have a wrong size" : NULL;
	case DT_SYMENT: return value != SYMBOL_BYTES ? "its symbols have a wrong size" : NULL;
	case DT_PLTREL: return value != DT_RELA ? "it has an unsupported table in its dynamic section" : NULL;
	case DT_TEXTREL: d->textrel = true; return NULL;
	case DT_FLAGS: d->textrel |= (value & DF_TEXTREL) != 0; return NULL;
	case DT_STRTAB: d->strtab = value, d->has_strtab = true; return NULL;
	case DT_SYMTAB: d->symtab = value, d->has_symtab = true; return NULL;
	case DT_STRSZ: d->strsz = value; return NULL;
	case DT_RELA: d->rela = value; return NULL;
	case DT_RELASZ: d->relasz = value; return NULL;
	case DT_JMPREL: d->jmprel = value; return NULL;
	case DT_PLTRELSZ: d->pltrelsz = value; return NULL;
	case DT_INIT_ARRAY: d->init = value; return NULL;
	case DT_INIT_ARRAYSZ: d->initsz = value; return NULL;
	default: return NULL;
	}
}

static const char *read_dynamic(const struct vdevfile *v, const struct program_header *ph, struct dynamic *d)
{
	for (uint64_t i = 0; i < DYNAMIC_MAX && (i + 1) * 16 <= ph->filesz; i++) {
		uint64_t entry[2];
		const char *wrong;

		memcpy(entry, v->file + ph->offset + i * 16, sizeof(entry));
		if (entry[0] == DT_NULL)
			return NULL;
		wrong = take_entry(d, entry[0], entry[1]);
		if (wrong)
			return wrong;
	}
	return "its dynamic section does not end with DT_NULL";
}

static const char *use_dynamic(struct vdevfile *v, const struct dynamic *d)
{
	const struct elf_segment *s;

	if (d->textrel)
		return "its code would have to be relocated (compile it with -fPIC)";
	if (d->relasz % RELA_BYTES != 0 || d->pltrelsz % RELA_BYTES != 0)
		return "its relocations have a wrong size";
	if ((d->relasz != 0 && !find_table(v, d->rela, d->relasz, &v->rela)) ||
	    (d->pltrelsz != 0 && !find_table(v, d->jmprel, d->pltrelsz, &v->jmprel)))
		return "its relocations lie outside its segments";
	/* The table of symbols has no length of its own: it ends with what the segment has of the file. */
	if (!d->has_symtab || !d->has_strtab || !find_table(v, d->strtab, d->strsz, &v->strings))
		return "it has no symbols, or they lie outside its segments";
	s = segment_of(v, d->symtab, SYMBOL_BYTES);
	if (!s || !find_table(v, d->symtab, s->page + s->lead + s->file_bytes - d->symtab, &v->symbols))
		return "it has no symbols, or they lie outside its segments";
	if (d->initsz == 0)
		return "it has no constructor, so it cannot register a vdev";
	s = segment_of(v, d->init, d->initsz);
	if (!s || !(s->prot & PROT_W) || d->init % 8 != 0 || d->initsz % 8 != 0 || d->initsz / 8 > VDEVFILE_INIT_MAX)
		return "it has too many constructors, or they lie outside its writable segments";
	v->init = d->init;
	v->init_bytes = d->initsz;
	return NULL;
}

/* Only whole pages of one writable segment can be protected. */
static const char *use_relro(struct vdevfile *v, const struct program_header *ph)
{
	const uint64_t start = ph->vaddr & ~(uint64_t)(ELF_PAGE - 1);

	if (v->relro_bytes != 0)
		return "it has two RELRO segments";
	for (unsigned i = 0; i < v->image.count && ph->memsz <= VDEVFILE_SPAN_MAX && ph->vaddr < VDEVFILE_SPAN_MAX;
	     i++) {
		const struct elf_segment *s = &v->image.segment[i];
		const uint64_t end = (ph->vaddr + ph->memsz) & ~(uint64_t)(ELF_PAGE - 1);

		if (!(s->prot & PROT_W) || ph->vaddr < s->page + s->lead || end > s->page + s->page_bytes)
			continue;
		/* What is before it on its first page must belong to it as well: the segment begins with it. */
		if (start != s->page || ph->vaddr != s->page + s->lead)
			continue;
		v->relro = start;
		v->relro_bytes = end > start ? end - start : 0;
		return NULL;
	}
	return "its RELRO segment lies outside its writable segments";
}

static const char *use_headers(struct vdevfile *v, const struct elf_header *header)
{
	struct dynamic dynamic = {0};
	bool has_dynamic = false;
	const char *wrong = NULL;

	for (unsigned i = 0; !wrong && i < header->phnum; i++) {
		struct program_header ph;

		memcpy(&ph, v->file + header->phoff + i * sizeof(ph), sizeof(ph));
		if (ph.type == PT_INTERP || ph.type == PT_TLS)
			return ph.type == PT_TLS ? "it has thread-local variables" : "it is a program";
		if ((ph.type == PT_NOTE || ph.type == PT_DYNAMIC) && !in_file(v, ph.offset, ph.filesz))
			return "it is cut off: its notes or its dynamic section lie beyond its end";
		if (ph.type == PT_NOTE)
			wrong = read_notes(v, &ph);
		else if (ph.type == PT_DYNAMIC && has_dynamic)
			wrong = "it has two dynamic sections";
		else if (ph.type == PT_DYNAMIC)
			wrong = read_dynamic(v, &ph, &dynamic), has_dynamic = true;
		else if (ph.type == PT_GNU_RELRO && ph.memsz != 0)
			wrong = use_relro(v, &ph);
	}
	if (!wrong && !v->described)
		wrong = "it has no note that describes a vdev (<qvm/vdev-describe.h>)";
	if (!wrong && !has_dynamic)
		wrong = "it has no dynamic section";
	return wrong ? wrong : use_dynamic(v, &dynamic);
}

static bool has_code(const struct elf_image *image)
{
	for (unsigned i = 0; i < image->count; i++)
		if (image->segment[i].prot & PROT_X)
			return true;
	return false;
}

const char *vdevfile_read(struct vdevfile *v, const void *file, size_t bytes)
{
	struct elf_header header;
	const char *wrong;

	memset(v, 0, sizeof(*v));
	v->file = file;
	v->bytes = bytes;
	wrong = elf_module_parse(file, bytes, &v->image);
	if (wrong)
		return wrong;
	if (v->image.span > VDEVFILE_SPAN_MAX)
		return "its segments span more than 16 MiB";
	memcpy(&header, file, sizeof(header));
	wrong = use_headers(v, &header);
	return !wrong && !has_code(&v->image) ? "it has no executable segment" : wrong;
}

/* ---- relocation ---- */

static const char *symbol_name(const struct vdevfile *v, const struct symbol *s)
{
	const char *name = (const char *)v->file + v->strings.offset + s->name;

	if (s->name >= v->strings.bytes)
		return NULL;
	return memchr(name, '\0', v->strings.bytes - s->name) != NULL ? name : NULL;
}

static const char *symbol_value(struct vdevfile *v, uint64_t index, uint64_t base, vdevfile_lookup lookup,
				uint64_t *value)
{
	struct symbol s;
	const char *name;

	if (index >= v->symbols.bytes / SYMBOL_BYTES)
		return "a relocation names a symbol that does not exist";
	memcpy(&s, v->file + v->symbols.offset + index * SYMBOL_BYTES, sizeof(s));
	if ((s.info & 0xf) > STT_SECTION || s.info >> 4 > STB_WEAK || s.section >= SHN_LORESERVE)
		return "it has a symbol of a kind that is not supported";
	if (s.section != 0) {
		if (s.value >= VDEVFILE_SPAN_MAX)
			return "it has a symbol outside its segments";
		*value = base + s.value;
		return NULL;
	}
	name = symbol_name(v, &s);
	if (!name)
		return "it has a symbol without a name";
	*value = 0;
	if (lookup(name, value) || s.info >> 4 == STB_WEAK)
		return NULL;
	return refuse_file(v, "it calls or uses '%.64s', which qvm does not have", name);
}

static bool is_writable(const struct vdevfile *v, uint64_t address)
{
	for (unsigned i = 0; i < v->image.count; i++) {
		const struct elf_segment *s = &v->image.segment[i];

		if ((s->prot & PROT_W) && range_holds(s->page, s->page_bytes, address, 8))
			return true;
	}
	return false;
}

static const char *relocate_one(struct vdevfile *v, const struct rela *r, uint8_t *memory, uint64_t base,
				vdevfile_lookup lookup)
{
	uint64_t value = base;
	const char *wrong = NULL;

	switch ((uint32_t)r->info) {
	case R_RELATIVE:
		if (r->info >> 32 != 0)
			return "a relocation is damaged";
		break;
	case R_ABS64:
	case R_GLOB_DAT:
	case R_JUMP_SLOT: wrong = symbol_value(v, r->info >> 32, base, lookup, &value); break;
	default:
		return refuse_file(v, "it has a relocation of type %" PRIu32 ", which is not supported",
				   (uint32_t)r->info);
	}
	if (wrong)
		return wrong;
	if (r->offset % 8 != 0 || !is_writable(v, r->offset))
		return "a relocation does not lie in a writable segment (compile it with -fPIC)";
	value += (uint64_t)r->addend;
	if (memory)
		memcpy(memory + r->offset, &value, sizeof(value));
	return NULL;
}

static const char *relocate_table(struct vdevfile *v, const struct vdevfile_table *t, uint8_t *memory, uint64_t base,
				  vdevfile_lookup lookup)
{
	const char *wrong = NULL;

	for (uint64_t at = 0; !wrong && at < t->bytes; at += RELA_BYTES) {
		struct rela r;

		memcpy(&r, v->file + t->offset + at, sizeof(r));
		wrong = relocate_one(v, &r, memory, base, lookup);
	}
	return wrong;
}

const char *vdevfile_relocate(struct vdevfile *v, uint8_t *memory, uint64_t base, vdevfile_lookup lookup)
{
	const char *wrong = relocate_table(v, &v->rela, memory, base, lookup);

	return wrong ? wrong : relocate_table(v, &v->jmprel, memory, base, lookup);
}

uint64_t vdevfile_constructor(const struct vdevfile *v, const uint8_t *memory, uint64_t base, unsigned index)
{
	uint64_t address;

	if (index >= v->init_bytes / 8)
		return 0;
	memcpy(&address, memory + v->init + index * 8, sizeof(address));
	for (unsigned i = 0; i < v->image.count; i++) {
		const struct elf_segment *s = &v->image.segment[i];
		const uint64_t into = address - base - s->page - s->lead;

		if ((s->prot & PROT_X) && address % 4 == 0 && into < s->file_bytes)
			return address;
	}
	return 0;
}

/* ---- names ---- */

bool vdevfile_name(const char *path, char name[VDEVFILE_NAME_MAX], bool *safety)
{
	static const char suffix[] = "-safety";
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	size_t length = strlen(file);

	if (length < 9 || strncmp(file, "vdev-", 5) != 0 || strcmp(file + length - 3, ".so") != 0)
		return false;
	file += 5;
	length -= 8;
	*safety = length > sizeof(suffix) - 1 && memcmp(file + length - (sizeof(suffix) - 1), suffix, 7) == 0;
	if (*safety)
		length -= sizeof(suffix) - 1;
	if (length >= VDEVFILE_NAME_MAX)
		return false;
	memcpy(name, file, length);
	name[length] = '\0';
	return true;
}

bool vdevfile_exported(const char *name, uint64_t *address)
{
#define QVM_EXPORT(symbol) #symbol,
	static const char *const names[] = {
#include <qvm/exports.def>
	};
#undef QVM_EXPORT

	*address = 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}
