/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each register by each access: 32 bits after reset, after a write, from the other virtual CPU, written by it; then 8,
 * 16 and 64 bits, read and written. Sizes that a register does not allow (IHI 0069, 12.1.3) have no right value.
 */
#include "regs.h"

static const struct size {
	unsigned int bytes, flag;
	const char *name;
} sizes[] = {{1, R_BYTES, "w8"}, {2, R_HALVES, "w16"}, {8, R_WIDE, "w64"}};

static uint64_t write_other(uint64_t address, uint64_t value)
{
	write32(address, (uint32_t)value);
	return 0;
}

static void prepare(uint64_t base, const struct reg *r)
{
	if (r->prepare)
		write32(base + r->prepare, ~0u);
}

static void undo(uint64_t base, const struct reg *r, uint32_t before)
{
	if (r->undo)
		write32(base + r->undo, ~0u);
	else
		write32(base + r->offset, before);
}

static void tell(const struct reg *r, uint32_t flag, uint64_t value, uint64_t right)
{
	if (r->flags & flag)
		found_right(value, right);
	else
		found(value);
}

void regs_reset(const char *group, uint64_t base, const struct reg *rows, size_t count)
{
	for (const struct reg *r = rows; r < rows + count; r++)
		if (CHECK(group, r->name, "w32", "reset"))
			tell(r, R_RESET, read32(base + r->offset), r->reset);
}

static void by_words(const char *group, uint64_t base, const struct reg *r)
{
	uint64_t address = base + r->offset;

	write32(address, r->value);
	if (CHECK(group, r->name, "w32", "written"))
		tell(r, R_AFTER, read32(address), r->after);
	if (CHECK(group, r->name, "w32", "other_cpu"))
		tell(r, R_AFTER, other(read_sized, address, 4), r->after);
}

/* What a smaller access reads or writes is a part of the value; the prepared value stays in the rest. */
static uint64_t part(uint64_t value, unsigned int bytes)
{
	return bytes >= 4 ? value : value & ((1ull << 8 * bytes) - 1);
}

static void by_size(const char *group, uint64_t base, const struct reg *r, const struct size *s, uint32_t before)
{
	uint64_t address = base + r->offset, high = read32(address + (s->bytes == 8 ? 4 : 0));

	if (CHECK(group, r->name, s->name, "read"))
		tell(r, r->flags & R_AFTER ? s->flag : 0, read_sized(address, s->bytes),
		     s->bytes == 8 ? high << 32 | r->after : part(r->after, s->bytes));
	undo(base, r, before);
	prepare(base, r);
	if (CHECK(group, r->name, s->name, "write")) {
		write_sized(address, s->bytes, s->bytes == 8 ? high << 32 | r->value : r->value);
		tell(r, r->flags & R_AFTER && s->bytes == 8 ? s->flag : 0, read32(address), r->after);
	}
	undo(base, r, before);
	prepare(base, r);
	write32(address, r->value);
}

static void check_one(const char *group, uint64_t base, const struct reg *r)
{
	uint64_t address = base + r->offset;
	uint32_t before = read32(address);

	prepare(base, r);
	by_words(group, base, r);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (r->offset % sizes[i].bytes == 0)
			by_size(group, base, r, &sizes[i], before);
	undo(base, r, before);
	prepare(base, r);
	if (CHECK(group, r->name, "w32", "written_by_other")) {
		other(write_other, address, r->value);
		pause_us(100);
		tell(r, R_AFTER, read32(address), r->after);
	}
	undo(base, r, before);
}

void regs_check(const char *group, uint64_t base, const struct reg *rows, size_t count)
{
	for (const struct reg *r = rows; r < rows + count; r++)
		check_one(group, base, r);
}
