/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/walk.h"

#define SCTLR_M    (1ull << 0)
#define TCR_EPD0   (1ull << 7)
#define TCR_EPD1   (1ull << 23)
#define TCR_TBI0   (1ull << 37)
#define TCR_TBI1   (1ull << 38)
#define ADDR_48    0x0000fffffffff000ull
#define BADDR_48   0x0000fffffffffffeull /* of a TTBR: a short first table needs less alignment; bit 0 is CnP */
#define DESC_VALID 1ull
#define DESC_TABLE 2ull

/* How one half of the address space is translated: fields of TCR_EL1 (Arm ARM D19.2.139) for TTBR0 or TTBR1. */
struct half {
	uint64_t table;
	unsigned size_bits;    /* 64 - TnSZ */
	unsigned granule_bits; /* 12, 14, 16; 0 = reserved value */
	bool disabled, tagged;
};

static struct half half_of(const struct walk_regs *regs, bool upper)
{
	/* TG0 and TG1 number the granules differently. */
	static const uint8_t tg0[4] = {12, 16, 14, 0}, tg1[4] = {0, 14, 12, 16};
	const uint64_t tcr = regs->tcr;

	if (upper)
		return (struct half){.table = regs->ttbr1 & BADDR_48,
				     .size_bits = 64 - (unsigned)(tcr >> 16 & 0x3f),
				     .granule_bits = tg1[tcr >> 30 & 3],
				     .disabled = tcr & TCR_EPD1,
				     .tagged = tcr & TCR_TBI1};
	return (struct half){.table = regs->ttbr0 & BADDR_48,
			     .size_bits = 64 - (unsigned)(tcr & 0x3f),
			     .granule_bits = tg0[tcr >> 14 & 3],
			     .disabled = tcr & TCR_EPD0,
			     .tagged = tcr & TCR_TBI0};
}

/* Bits of the address above those translated must all be 0 below and all be 1 above; a tag in the top byte may differ.
 */
static bool in_range(const struct half *h, bool upper, uint64_t va)
{
	const unsigned top = h->tagged ? 56 : 64;
	uint64_t above;

	if (h->size_bits >= top)
		return true;
	above = va >> h->size_bits & ((1ull << (top - h->size_bits)) - 1);
	return above == (upper ? (1ull << (top - h->size_bits)) - 1 : 0);
}

/* A block may lie at level 1 with a granule of 4 KiB and at level 2 with any (Arm ARM D8.3.1; 52-bit addresses are not
 * offered to guests). `shift` is the lowest address bit that the level translates. */
static bool block_allowed(unsigned granule_bits, unsigned shift)
{
	const unsigned level2 = granule_bits + (granule_bits - 3);

	return shift == level2 || (granule_bits == 12 && shift == 30);
}

bool guest_walk(const struct guest_memory *m, const struct walk_regs *regs, uint64_t va, uint64_t *ipa)
{
	const bool upper = va >> 55 & 1;
	const struct half h = half_of(regs, upper);
	uint64_t table = h.table, desc;
	unsigned bits, shift, top;

	if (!(regs->sctlr & SCTLR_M)) {
		*ipa = va;
		return true;
	}
	if (h.disabled || h.granule_bits == 0 || h.size_bits < 25 || h.size_bits > 48 || !in_range(&h, upper, va))
		return false;
	/* Each level translates `bits`; the first one what is left at the top. At most four levels: the loop is bounded
	 * by `shift`, which falls by `bits` (9, 11 or 13) from below 48 to the granule. */
	bits = h.granule_bits - 3;
	shift = h.granule_bits + (h.size_bits - h.granule_bits - 1) / bits * bits;
	for (top = h.size_bits;; top = shift, shift -= bits) {
		const uint64_t index = va >> shift & ((1ull << (top - shift)) - 1);
		const uint64_t low = (1ull << shift) - 1;

		if (!guest_read64(m, table + index * 8, &desc) || !(desc & DESC_VALID))
			return false;
		if (shift == h.granule_bits ? !(desc & DESC_TABLE)
					    : !(desc & DESC_TABLE) && !block_allowed(h.granule_bits, shift))
			return false;
		if (shift == h.granule_bits || !(desc & DESC_TABLE)) {
			*ipa = (desc & ADDR_48 & ~low) | (va & low);
			return true;
		}
		table = desc & ADDR_48 & ~((1ull << h.granule_bits) - 1);
	}
}
