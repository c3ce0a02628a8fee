/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 Linux Image. Header and rules: Linux, Documentation/arch/arm64/booting.rst, section 4. */
#include "qvm/arch.h"
#include "qvm/load.h"
#include <inttypes.h>
#include <string.h>

#define IMAGE_MAGIC     0x644d5241u /* "ARM\x64", little-endian */
#define IMAGE_ALIGN     0x200000ull
#define FLAG_BIG_ENDIAN 1ull
#define FLAG_PAGE_SIZE  6ull /* advice only: 4, 16 or 64 KiB; whether the CPU has it, the guest finds out */
#define FLAG_ANYWHERE   8ull
#define IMAGE_HEADER    64u

struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags;
	uint64_t reserved[3];
	uint32_t magic, pe_header;
};
_Static_assert(sizeof(struct image_header) == IMAGE_HEADER, "the header of an Image has 64 bytes");

bool arch_image_is(const void *file, uint64_t bytes)
{
	struct image_header header;

	if (bytes < sizeof(header))
		return false;
	memcpy(&header, file, sizeof(header));
	return header.magic == IMAGE_MAGIC;
}

static bool check_header(struct loader *l, const struct image_header *h)
{
	if (h->flags & FLAG_BIG_ENDIAN)
		return loader_fail(l, "the Image is big-endian: only little-endian guests are supported");
	if (h->flags & ~(FLAG_BIG_ENDIAN | FLAG_PAGE_SIZE | FLAG_ANYWHERE))
		return loader_fail(l, "the Image has unknown flags 0x%" PRIx64, h->flags);
	if (h->image_size == 0)
		return loader_fail(l, "the Image does not say how much memory it takes (Linux before 3.17)");
	if (h->image_size > SPACE_LIMIT)
		return loader_fail(l, "the Image asks for 0x%" PRIx64 " bytes of memory", h->image_size);
	if (h->text_offset >= IMAGE_ALIGN || h->text_offset % GUEST_PAGE != 0)
		return loader_fail(l, "the Image has a wrong text_offset 0x%" PRIx64, h->text_offset);
	return true;
}

bool arch_image_load(struct loader *l, uint64_t address, const void *file, uint64_t bytes)
{
	struct image_header h;
	uint64_t reserve;

	memcpy(&h, file, sizeof(h));
	if (!check_header(l, &h))
		return false;
	/* image_size includes the BSS, which the kernel clears by itself: it must be free, not loaded. */
	reserve = h.image_size > bytes ? h.image_size : bytes;
	if (address == LOAD_ANYWHERE) {
		/* Without FLAG_ANYWHERE the base shall be as near as possible to the start of RAM: so it always is. */
		if (!loader_find_low(l, reserve, IMAGE_ALIGN, h.text_offset, &address))
			return loader_fail(l,
					   "no room in ram for the Image: it needs 0x%" PRIx64
					   " bytes from a multiple of 2 MiB plus 0x%" PRIx64 ": give the VM more",
					   reserve, h.text_offset);
	} else if (address < h.text_offset || (address - h.text_offset) % IMAGE_ALIGN != 0) {
		return loader_fail(
		    l, "the Image must lie at a multiple of 2 MiB plus 0x%" PRIx64 ": give such an address, or none",
		    h.text_offset);
	}
	if (!loader_take(l, address, reserve))
		return false;
	guest_memory_write(l->memory, address, file, bytes);
	if (!l->bootable) {
		l->entry = address;
		l->bootable = true;
	}
	return true;
}
