/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage-2 tables (Arm ARM D8.3, VMSAv8-64 descriptor formats). Every change of a valid descriptor follows
 * break-before-make (D8.16.1): invalid first, TLB invalidation, then the new value.
 */
#include "space.h"

#include "arch.h"
#include "bulkhead.h"

#define DESC_VALID    BIT(0)
#define DESC_TABLE    BIT(1) /* at level 3: page */
#define DESC_ADDR     0x0000fffffffff000ull
#define DESC_AF       BIT(10)
#define DESC_SH_INNER (3ull << 8)
#define DESC_S2AP_R   BIT(6)
#define DESC_S2AP_W   BIT(7)
#define DESC_NORMAL   (0xfull << 2) /* write-back, inner and outer */
#define DESC_NGNRE    (1ull << 2)
#define DESC_XN       (2ull << 53) /* right with and without FEAT_XNX */

#define LEVEL_FIRST 1
#define LEVEL_LAST  3

static unsigned level_shift(unsigned level)
{
	return 12 + 9 * (LEVEL_LAST - level);
}

static uint64_t level_size(unsigned level)
{
	return BIT(level_shift(level));
}

static unsigned table_index(vaddr_t va, unsigned level)
{
	return (va >> level_shift(level)) & 511;
}

static bool is_table(uint64_t desc, unsigned level)
{
	return level < LEVEL_LAST && (desc & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
}

static uint64_t leaf_bits(unsigned attr, unsigned level)
{
	uint64_t d = DESC_VALID | DESC_AF | (level == LEVEL_LAST ? DESC_TABLE : 0);

	d |= attr & SPACE_DEVICE ? DESC_NGNRE : DESC_NORMAL | DESC_SH_INNER;
	d |= (attr & SPACE_R ? DESC_S2AP_R : 0) | (attr & SPACE_W ? DESC_S2AP_W : 0);
	return d | (attr & SPACE_X ? 0 : DESC_XN);
}

static unsigned leaf_attr(uint64_t desc)
{
	return (desc & DESC_S2AP_R ? SPACE_R : 0) | (desc & DESC_S2AP_W ? SPACE_W : 0) |
	       (desc & DESC_XN ? 0 : SPACE_X) | ((desc & DESC_NORMAL) == DESC_NORMAL ? 0 : SPACE_DEVICE);
}

int space_init(struct space *s, struct kmem *k, unsigned vmid, bool guest)
{
	s->root = kmem_page(k);
	if (!s->root)
		return -KE_NOMEM;
	s->root_pa = va_to_pa(s->root);
	s->kmem = k;
	s->vmid = vmid;
	s->guest = guest;
	s->tables = 1;
	/* The VMID may have been another's: nothing of that may be left in any TLB. */
	tlb_flush_space(vmid, s->root_pa);
	return 0;
}

/* The descriptor of `va` and its level: the leaf, or the invalid entry where the walk ends. */
static uint64_t *walk(const struct space *s, vaddr_t va, unsigned *level)
{
	uint64_t *table = s->root;

	for (*level = LEVEL_FIRST;; (*level)++) {
		uint64_t *entry = &table[table_index(va, *level)];

		if (!is_table(*entry, *level))
			return entry;
		table = pa_to_va(*entry & DESC_ADDR);
	}
}

bool space_walk(const struct space *s, vaddr_t va, paddr_t *pa, unsigned *attr)
{
	unsigned level;
	uint64_t desc;

	if (va >= SPACE_LIMIT)
		return false;
	desc = *walk(s, va, &level);
	if (!(desc & DESC_VALID))
		return false;
	*pa = (desc & DESC_ADDR) | (va & (level_size(level) - 1));
	*attr = leaf_attr(desc);
	return true;
}

void *space_access(const struct space *s, vaddr_t va, unsigned attr, uint64_t *left)
{
	paddr_t pa;
	unsigned has;

	if (!space_walk(s, va, &pa, &has) || (has & attr) != attr || (has & SPACE_DEVICE))
		return NULL;
	*left = PAGE_SIZE - (va & PAGE_MASK);
	return pa_to_va(pa);
}

/* Largest leaf that fits at va and pa within bytes. */
static unsigned leaf_level(vaddr_t va, paddr_t pa, uint64_t bytes)
{
	unsigned level = LEVEL_FIRST;

	while (level < LEVEL_LAST && (!is_aligned(va | pa, level_size(level)) || bytes < level_size(level)))
		level++;
	return level;
}

/* Put a leaf of `level` at va. Makes tables on the way. An entry that is in the way ends it. */
static int map_leaf(struct space *s, vaddr_t va, unsigned level, uint64_t desc)
{
	unsigned at;
	uint64_t *entry = walk(s, va, &at);

	if ((*entry & DESC_VALID) || at > level)
		return -KE_EXIST;
	if (kmem_pages_left(s->kmem) < level - at)
		return -KE_NOMEM;
	for (; at < level; at++) {
		uint64_t *table = kmem_page(s->kmem);

		s->tables++;
		/* The zeroes of the table must be seen before the entry that points to it: table_write() orders. */
		table_write(entry, va_to_pa(table) | DESC_VALID | DESC_TABLE);
		entry = &table[table_index(va, at + 1)];
	}
	table_write(entry, desc);
	return 0;
}

int64_t space_map(struct space *s, vaddr_t va, paddr_t pa, uint64_t bytes, unsigned attr)
{
	uint64_t done = 0;

	for (unsigned n = 0; n < SPACE_STEP && done < bytes; n++) {
		unsigned level = leaf_level(va + done, pa + done, bytes - done);
		int error = map_leaf(s, va + done, level, (pa + done) | leaf_bits(attr, level));

		/* An empty table where a block would fit: left by an earlier unmap. Fill it with smaller leaves. */
		while (error == -KE_EXIST && level < LEVEL_LAST) {
			level++;
			error = map_leaf(s, va + done, level, (pa + done) | leaf_bits(attr, level));
		}
		if (error)
			return done ? (int64_t)done : error;
		done += level_size(level);
	}
	return (int64_t)done;
}

/* Break a block into a table of the next level with the same meaning. */
static int split(struct space *s, uint64_t *entry, unsigned level)
{
	uint64_t old = *entry, *table;

	if (s->guest)
		return -KE_INVAL;
	table = kmem_page(s->kmem);
	if (!table)
		return -KE_NOMEM;
	s->tables++;
	for (unsigned i = 0; i < 512; i++)
		table[i] = (old & ~DESC_TABLE) + i * level_size(level + 1) + (level + 1 == LEVEL_LAST ? DESC_TABLE : 0);
	table_write(entry, 0);
	tlb_flush_space(s->vmid, s->root_pa);
	table_write(entry, va_to_pa(table) | DESC_VALID | DESC_TABLE);
	return 0;
}

/* Go over the leaves of a range; new_bits 0 unmaps, else the attributes become new_attr. */
static int64_t change(struct space *s, vaddr_t va, uint64_t bytes, bool unmap, unsigned new_attr)
{
	uint64_t done = 0;

	for (unsigned n = 0; n < SPACE_CHANGE_STEP && done < bytes;) {
		unsigned level;
		uint64_t *entry = walk(s, va + done, &level);
		uint64_t size = level_size(level), offset = (va + done) & (size - 1);

		if (!(*entry & DESC_VALID)) {
			uint64_t hole = size - offset;

			done += hole < bytes - done ? hole : bytes - done;
			n++;
			continue;
		}
		if (offset || size > bytes - done) {
			int error = split(s, entry, level);

			if (error)
				return done ? (int64_t)done : error;
			continue;
		}
		uint64_t old = *entry;

		table_write(entry, 0);
		tlb_flush_page(s->vmid, s->root_pa, va + done);
		if (!unmap)
			table_write(entry,
				    (old & DESC_ADDR) | leaf_bits(new_attr | (leaf_attr(old) & SPACE_DEVICE), level));
		done += size;
		n++;
	}
	return (int64_t)done;
}

int64_t space_unmap(struct space *s, vaddr_t va, uint64_t bytes)
{
	return change(s, va, bytes, true, 0);
}

int64_t space_protect(struct space *s, vaddr_t va, uint64_t bytes, unsigned attr)
{
	return change(s, va, bytes, false, attr);
}
