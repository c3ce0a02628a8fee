/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage-2 tables: trees of pages with 512 descriptors each, whose bits the architecture's codec knows (arch.h). Every
 * change of a valid descriptor follows break-before-make (Arm ARM D8.16.1): invalid first, TLB invalidation, then the
 * new value.
 */
#include "space.h"
#include "arch.h"
#include "bulkhead.h"

static unsigned level_shift(unsigned level)
{
	return 12 + 9 * (SPACE_LEVEL_LAST - level);
}

static uint64_t level_size(unsigned level)
{
	return BIT(level_shift(level));
}

static unsigned table_index(vaddr_t va, unsigned level)
{
	return (va >> level_shift(level)) & 511;
}

int space_init(struct space *s, struct kmem *k, unsigned tag, bool guest)
{
	s->root = kmem_page(k);
	if (!s->root)
		return -KE_NOMEM;
	s->root_pa = arch_va_to_pa(s->root);
	s->kmem = k;
	s->tag = tag;
	s->guest = guest;
	s->tables = 1;
	/* The tag may have been another's: nothing of that may be left in any TLB. */
	arch_tlb_flush_space(s);
	return 0;
}

/* The descriptor of `va` and its level: the leaf, or the invalid entry where the walk ends. */
static inline uint64_t *walk(const struct space *s, vaddr_t va, unsigned *level)
{
	/* All tables of a space lie in one block of memory, as the root does: its process's kernel memory. */
	uint64_t *table = s->root, to_va = (uint64_t)table - s->root_pa;
	unsigned shift = level_shift(SPACE_LEVEL_FIRST);

	for (*level = SPACE_LEVEL_FIRST;; (*level)++, shift -= 9) {
		uint64_t *entry = &table[va >> shift & 511];

		if (!arch_desc_is_table(*entry, *level))
			return entry;
		table = (uint64_t *)((*entry & ARCH_DESC_ADDR) + to_va);
	}
}

unsigned space_get_attr(const struct space *s, vaddr_t va)
{
	unsigned level;
	uint64_t desc = va < SPACE_LIMIT ? *walk(s, va, &level) : 0;

	return desc & ARCH_DESC_VALID ? arch_leaf_attr(desc) : 0;
}

/* As walk(), for who only looks, each level by itself: half of the instructions. False: not allowed. */
static inline __attribute__((always_inline)) bool access(const struct space *s, vaddr_t va, uint64_t need, void **at)
{
	uint64_t to_va = (uint64_t)s->root - s->root_pa, below = level_size(SPACE_LEVEL_FIRST) - 1, desc;

	if (va / SPACE_LIMIT != 0)
		return false;
	desc = s->root[table_index(va, SPACE_LEVEL_FIRST)];
#pragma GCC unroll 2
	for (unsigned level = SPACE_LEVEL_FIRST; level < SPACE_LEVEL_LAST; level++) {
		if (!arch_desc_is_table(desc, level))
			break;
		desc = ((uint64_t *)((desc & ARCH_DESC_ADDR) + to_va))[table_index(va, level + 1)];
		below = level_size(level + 1) - 1;
	}
	if (need & ~desc)
		return false;
	*at = arch_pa_to_va((desc & ARCH_DESC_ADDR) | (va & below));
	return true;
}

void *space_access(const struct space *s, vaddr_t va, unsigned attr, uint64_t *left)
{
	void *at;

	*left = PAGE_SIZE - (va & PAGE_MASK);
	return access(s, va, arch_leaf_needs(attr), &at) ? at : NULL;
}

/* The same, page by page; of the first ones it is known where they are. */
static __attribute__((noinline)) uint64_t copy_pages(const struct space *from, vaddr_t src, const struct space *to,
						     vaddr_t dst, uint64_t bytes, void *s, void *d)
{
	uint64_t done = 0;

	do {
		uint64_t at = (src & PAGE_MASK) > (dst & PAGE_MASK) ? src : dst, n = PAGE_SIZE - (at & PAGE_MASK);

		n = n < bytes - done ? n : bytes - done;
		memcpy(d, s, n);
		done += n;
		src += n;
		dst += n;
	} while (done < bytes && access(from, src, arch_leaf_needs(SPACE_R), &s) &&
		 access(to, dst, arch_leaf_needs(SPACE_W), &d));
	return done;
}

uint64_t space_copy(const struct space *from, vaddr_t src, const struct space *to, vaddr_t dst, uint64_t bytes)
{
	void *s, *d;

	if (unlikely(!access(from, src, arch_leaf_needs(SPACE_R), &s) ||
		     !access(to, dst, arch_leaf_needs(SPACE_W), &d)))
		return 0;
	if (unlikely((src & PAGE_MASK) + bytes > PAGE_SIZE || (dst & PAGE_MASK) + bytes > PAGE_SIZE))
		return copy_pages(from, src, to, dst, bytes, s, d);
	memcpy(d, s, bytes);
	return bytes;
}

/* Largest leaf that fits at va and pa within bytes. */
static unsigned leaf_level(vaddr_t va, paddr_t pa, uint64_t bytes)
{
	unsigned level = SPACE_LEVEL_FIRST;

	while (level < SPACE_LEVEL_LAST && (!is_aligned(va | pa, level_size(level)) || bytes < level_size(level)))
		level++;
	return level;
}

/*
 * The entry for a leaf at va: of the level given, or of a lower one where a table is in the way that an earlier unmap
 * left. Makes the tables that are missing, all or none. Something that is mapped there ends it.
 */
static uint64_t *leaf_entry(struct space *s, vaddr_t va, unsigned *level, int *error)
{
	unsigned at;
	uint64_t *entry = walk(s, va, &at);

	*error = -KE_EXIST;
	if (*entry & ARCH_DESC_VALID)
		return NULL;
	*error = -KE_NOMEM;
	if (at > *level)
		*level = at;
	if (kmem_pages_left(s->kmem) < *level - at)
		return NULL;
	for (; at < *level; at++) {
		uint64_t *table = kmem_page(s->kmem);

		s->tables++;
		/* The zeroes of the table must be seen before the entry that points to it: arch_table_write() orders.
		 */
		arch_table_write(entry, arch_va_to_pa(table) | ARCH_DESC_TABLE);
		entry = &table[table_index(va, at + 1)];
	}
	return entry;
}

int64_t space_map(struct space *s, vaddr_t va, paddr_t pa, uint64_t bytes, unsigned attr)
{
	uint64_t done = 0;

	for (unsigned n = 0; n < SPACE_STEP && done < bytes;) {
		unsigned level = leaf_level(va + done, pa + done, bytes - done);
		int error;
		uint64_t *entry = leaf_entry(s, va + done, &level, &error);
		uint64_t size = level_size(level), bits = arch_leaf_bits(attr, level);
		unsigned left = 512 - table_index(va + done, level);

		if (!entry)
			return done ? (int64_t)done : error;
		/* On to the end of this table, while nothing is in the way. A larger leaf can only begin at the next.
		 */
		arch_table_sync();
		for (; left && n < SPACE_STEP && bytes - done >= size && !(*entry & ARCH_DESC_VALID); left--, n++) {
			arch_table_store(entry++, (pa + done) | bits);
			done += size;
		}
		arch_table_sync();
	}
	return (int64_t)done;
}

/* Break a block into a table of the next level with the same meaning. */
static int split(struct space *s, uint64_t *entry, unsigned level)
{
	uint64_t old = *entry, size = level_size(level + 1), value, *table;

	if (s->guest)
		return -KE_INVAL;
	table = kmem_page(s->kmem);
	if (!table)
		return -KE_NOMEM;
	s->tables++;
	value = arch_leaf_split(old, level + 1);
	/* Four at a time: with interrupts off this is the longest loop of the file. */
	for (unsigned i = 0; i < 512; i += 4, value += 4 * size) {
		table[i] = value;
		table[i + 1] = value + size;
		table[i + 2] = value + 2 * size;
		table[i + 3] = value + 3 * size;
	}
	arch_table_write(entry, 0);
	arch_tlb_flush_space(s);
	arch_table_write(entry, arch_va_to_pa(table) | ARCH_DESC_TABLE);
	return 0;
}

/* Leaves that are taken away together, and what comes in their place. */
struct batch {
	vaddr_t va[SPACE_CHANGE_STEP];
	uint64_t *entry[SPACE_CHANGE_STEP], value[SPACE_CHANGE_STEP];
	unsigned count;
};

/* Go over the leaves of a range. A split is a step of its own. */
int64_t space_change(struct space *s, vaddr_t va, uint64_t bytes, unsigned attr)
{
	struct batch batch;
	uint64_t done = 0;
	int error = 0;

	batch.count = 0;
	for (unsigned n = 0; n < SPACE_CHANGE_STEP && done < bytes; n++) {
		unsigned level;
		uint64_t *entry = walk(s, va + done, &level), old = *entry;
		uint64_t size = level_size(level), offset = (va + done) & (size - 1);

		if (!(old & ARCH_DESC_VALID)) {
			uint64_t hole = size - offset;

			done += hole < bytes - done ? hole : bytes - done;
			continue;
		}
		if (s->sealed && !(old & ARCH_LEAF_SHARED)) {
			error = -KE_PERM;
			break;
		}
		if (offset || size > bytes - done) {
			error = batch.count ? 0 : split(s, entry, level);
			break;
		}
		if (attr) {
			batch.entry[batch.count] = entry;
			batch.value[batch.count] =
			    (old & ARCH_DESC_ADDR) | arch_leaf_bits(attr | (arch_leaf_attr(old) & SPACE_DEVICE), level);
		}
		batch.va[batch.count++] = va + done;
		arch_table_store(entry, 0);
		done += size;
	}
	if (!batch.count)
		return done ? (int64_t)done : error;
	/* No TLB has them any more; then the new ones. */
	arch_tlb_flush_pages(s, batch.va, batch.count);
	if (attr) {
		for (unsigned i = 0; i < batch.count; i++)
			arch_table_store(batch.entry[i], batch.value[i]);
		arch_table_sync();
	}
	return (int64_t)done;
}
