/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is room for what is loaded. */
#include "qvm/load.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void loader_init(struct loader *l, const struct guest_memory *memory)
{
	memset(l, 0, sizeof(*l));
	l->memory = memory;
	l->fdt_address = LOAD_ANYWHERE;
}

bool loader_fail(struct loader *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->problem, sizeof(l->problem), format, args);
	va_end(args);
	return false;
}

static const struct load_piece *find_overlap(const struct loader *l, uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < l->pieces; i++)
		if (start < l->piece[i].end && l->piece[i].start < start + bytes)
			return &l->piece[i];
	return NULL;
}

bool loader_take(struct loader *l, uint64_t start, uint64_t bytes)
{
	const struct load_piece *other;

	if (guest_memory_range(l->memory, start, bytes) == NULL)
		return loader_fail(
		    l, "0x%" PRIx64 " bytes at 0x%" PRIx64 " do not lie in one ram or rom area: make it larger", bytes,
		    start);
	other = find_overlap(l, start, bytes);
	if (other)
		return loader_fail(
		    l, "0x%" PRIx64 "-0x%" PRIx64 " overlaps what was loaded to 0x%" PRIx64 "-0x%" PRIx64 ": move it",
		    start, start + bytes - 1, other->start, other->end - 1);
	if (l->pieces == LOAD_PIECE_MAX)
		return loader_fail(l, "more than %u pieces to load", LOAD_PIECE_MAX);
	l->piece[l->pieces++] = (struct load_piece){start, start + bytes};
	return true;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* The addresses of guest memory end at SPACE_LIMIT and `bytes` is bounded by the caller, so that no sum wraps. */
bool loader_find_low(const struct loader *l, uint64_t bytes, uint64_t align, uint64_t offset, uint64_t *start)
{
	for (unsigned i = 0; i < l->memory->count; i++) {
		const struct guest_range *r = &l->memory->range[i];
		uint64_t at = align_up(r->ipa, align) + offset;

		if (r->rom)
			continue;
		/* Each step passes at least one piece for good. */
		for (unsigned step = 0; step <= l->pieces; step++) {
			const struct load_piece *in_way = find_overlap(l, at, bytes);

			if (guest_memory_range(l->memory, at, bytes) != r)
				break;
			if (!in_way) {
				*start = at;
				return true;
			}
			at = align_up(in_way->end, align) + offset;
		}
	}
	return false;
}

/* The highest free page-aligned place in one range of RAM. */
static bool find_high_in(const struct loader *l, const struct guest_range *r, uint64_t bytes, uint64_t *start)
{
	uint64_t end = r->ipa + r->bytes;

	for (unsigned step = 0; step <= l->pieces && !r->rom; step++) {
		const struct load_piece *in_way;
		uint64_t at;

		if (end < r->ipa + bytes)
			return false;
		at = (end - bytes) & ~(uint64_t)(GUEST_PAGE - 1);
		in_way = find_overlap(l, at, bytes);
		if (!in_way && at >= r->ipa) {
			*start = at;
			return true;
		}
		if (!in_way)
			return false;
		end = in_way->start;
	}
	return false;
}

/* High in the RAM that the kernel runs in, as it must reach both through one linear map; else in the highest that fits.
 */
static bool find_high(const struct loader *l, uint64_t bytes, uint64_t *start)
{
	const struct guest_range *home = l->bootable ? guest_memory_range(l->memory, l->entry, 4) : NULL;

	if (bytes > SPACE_LIMIT)
		return false;
	if (home && find_high_in(l, home, bytes, start))
		return true;
	for (unsigned i = l->memory->count; i-- > 0;)
		if (find_high_in(l, &l->memory->range[i], bytes, start))
			return true;
	return false;
}

bool loader_place(struct loader *l, uint64_t address, bool high, const void *file, uint64_t bytes, uint64_t *start)
{
	*start = address;
	if (address == LOAD_ANYWHERE &&
	    !(high ? find_high(l, bytes, start) : loader_find_low(l, bytes, GUEST_PAGE, 0, start)))
		return loader_fail(l, "no room in ram for 0x%" PRIx64 " bytes: give the VM more", bytes);
	if (!loader_take(l, *start, bytes))
		return false;
	guest_memory_write(l->memory, *start, file, bytes);
	return true;
}

bool loader_place_fdt(struct loader *l, uint64_t bytes, uint64_t *ipa)
{
	*ipa = l->fdt_address;
	if (*ipa == LOAD_ANYWHERE && !find_high(l, bytes, ipa))
		return loader_fail(l, "no room in ram for the device tree of 0x%" PRIx64 " bytes: give the VM more",
				   bytes);
	if (*ipa % 8 != 0)
		return loader_fail(l, "a device tree must lie at a multiple of 8");
	return loader_take(l, *ipa, bytes);
}
