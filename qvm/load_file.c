/* SPDX-License-Identifier: Apache-2.0 */
/* Which format a file has, and what follows from that. */
#include "qvm/arch.h"
#include "qvm/load.h"
#include <inttypes.h>

static bool load_initrd(struct loader *l, uint64_t address, const void *file, uint64_t bytes)
{
	uint64_t start;

	if (l->initrd_end != 0)
		return loader_fail(l, "a second initrd: a guest has one");
	if (!loader_place(l, address, true, file, bytes, &start))
		return false;
	l->initrd_start = start;
	l->initrd_end = start + bytes;
	return true;
}

static bool keep_fdt(struct loader *l, uint64_t address, const void *file, uint64_t bytes)
{
	if (l->fdt)
		return loader_fail(l, "a second device tree: a guest has one");
	if (!load_fdt_good(l, file, bytes))
		return false;
	l->fdt = file;
	l->fdt_bytes = bytes;
	l->fdt_address = address;
	return true;
}

/* Nobody recognised it: plain bytes, which the boot vCPU starts to execute if they are the first that were loaded. */
static bool load_raw(struct loader *l, uint64_t address, const void *file, uint64_t bytes, bool first)
{
	const struct load_format *format = first ? load_format_of(file, bytes) : NULL;
	uint64_t start;

	if (format)
		return loader_fail(l, "the guest cannot start in it: it is %s; %s", format->name, format->remedy);
	if (!loader_place(l, address, false, file, bytes, &start))
		return false;
	if (first) {
		if (start % 4 != 0)
			return loader_fail(l, "the guest would start at 0x%" PRIx64 ", which is not a multiple of 4",
					   start);
		l->entry = start;
		l->bootable = true;
	}
	return true;
}

bool loader_add(struct loader *l, enum qvm_load_type type, uint64_t address, const void *file, uint64_t bytes)
{
	const bool first = !l->began;
	uint64_t start;

	if (bytes == 0)
		return loader_fail(l, "the file is empty");
	switch (type) {
	case QVM_LOAD_DATA: return loader_place(l, address, false, file, bytes, &start);
	case QVM_LOAD_INITRD: return load_initrd(l, address, file, bytes);
	case QVM_LOAD_FDT: return keep_fdt(l, address, file, bytes);
	case QVM_LOAD_ANY: break;
	}
	if (load_is_fdt(file, bytes))
		return keep_fdt(l, address, file, bytes);
	l->began = true;
	if (arch_image_is(file, bytes))
		return arch_image_load(l, address, file, bytes);
	if (load_is_elf(file, bytes))
		return load_elf(l, address, file, bytes);
	return load_raw(l, address, file, bytes, first);
}

bool loader_add_file(struct loader *l, const struct qvm_load *load, const void *file, uint64_t bytes)
{
	const void *before = l->fdt;

	if (!loader_add(l, load->type, load->address_given ? load->address : LOAD_ANYWHERE, file, bytes))
		return false;
	if (l->fdt != before)
		l->fdt_place = &load->place;
	return true;
}
