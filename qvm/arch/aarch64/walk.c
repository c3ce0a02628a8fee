/* SPDX-License-Identifier: Apache-2.0 */
/* A walk of the guest's stage 1 tables, as its CPU would make it (Arm ARM D8). */
#include "qvm/arch/aarch64/walk.h"

#define SCTLR_M    (1ull << 0)
#define SCTLR_EPAN (1ull << 57)
#define TCR_TBI0   37
#define TCR_TBI1   38
#define TCR_HA     (1ull << 39)
#define TCR_HD     (1ull << 40)
#define TCR_DS     (1ull << 59)
#define IPS_52     6u

#define DESC_VALID    1ull
#define DESC_TABLE    2ull
#define DESC_USER     (1ull << 6) /* AP[1] */
#define DESC_READONLY (1ull << 7) /* AP[2] */
#define DESC_AF       (1ull << 10)
#define DESC_DBM      (1ull << 51)
#define DESC_UXN      (1ull << 54)
#define TABLE_UXN     (1ull << 60)
#define TABLE_NO_USER (1ull << 61) /* APTable */
#define TABLE_NO_W    (1ull << 62)
#define TABLE_LIMITS  (TABLE_UXN | TABLE_NO_USER | TABLE_NO_W)

static bool bit(uint64_t value, unsigned n)
{
	return value >> n & 1;
}

/* Output addresses may have so many bits: TCR_EL1.IPS, and what the guest is shown. */
static uint8_t output_bits(uint64_t tcr)
{
	static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
	const uint8_t asked = bits[tcr >> 32 & 7];

	return asked < WALK_PA_BITS ? asked : WALK_PA_BITS;
}

/* Sizes that some CPU translates: with FEAT_LVA and FEAT_LPA2 up to 52 bits, with FEAT_TTST down to 16. */
static bool size_good(const struct walk_half *h)
{
	const unsigned most = h->ds || h->granule_bits == 16 ? 52 : 48, least = h->granule_bits == 16 ? 17 : 16;

	return h->granule_bits != 0 && h->size_bits >= least && h->size_bits <= most;
}

/* Fields of TCR_EL1 (Arm ARM D24.2.187) for TTBR0 or TTBR1. */
static void read_half(struct walk_half *h, uint64_t tcr, bool upper)
{
	/* TG0 and TG1 number the granules differently. */
	static const uint8_t tg0[4] = {12, 16, 14, 0}, tg1[4] = {0, 14, 12, 16};

	*h = (struct walk_half){
	    .size_bits = (uint8_t)(64 - (tcr >> (upper ? 16 : 0) & 0x3f)),
	    .granule_bits = upper ? tg1[tcr >> 30 & 3] : tg0[tcr >> 14 & 3],
	    .out = output_bits(tcr),
	    .tagged = bit(tcr, upper ? TCR_TBI1 : TCR_TBI0),
	    .flat = bit(tcr, upper ? 42 : 41),
	    .user_disabled = bit(tcr, upper ? 56 : 55),
	};
	h->ds = (tcr & TCR_DS) && h->granule_bits != 16;
	h->wide = h->ds || (h->granule_bits == 16 && (tcr >> 32 & 7) >= IPS_52);
	h->used = !bit(tcr, upper ? 23 : 7) && size_good(h);
	if (h->used) {
		const unsigned stride = h->granule_bits - 3u, below = (h->size_bits - h->granule_bits - 1u) / stride;

		h->shift = (uint8_t)(h->granule_bits + below * stride);
		h->level = (int8_t)(3 - (int)below);
		/* Bits above those translated must all be 0 below and all be 1 above; a tag in the top byte may differ.
		 */
		h->above = ~0ull << h->size_bits & ~0ull >> (h->tagged ? 8 : 0);
		h->sign = upper ? h->above : 0;
	}
}

static const struct walk_half *half_of(const struct walk_regs *regs, bool upper)
{
	struct walk_layout *layout = regs->layout;

	if (!layout->known || layout->tcr != regs->tcr) {
		read_half(&layout->half[0], regs->tcr, false);
		read_half(&layout->half[1], regs->tcr, true);
		layout->tcr = regs->tcr;
		layout->known = true;
	}
	return &layout->half[upper];
}

static uint64_t ttbr_base(const struct walk_half *h, uint64_t ttbr)
{
	if (!h->wide)
		return ttbr & 0x0000fffffffffff8ull; /* bit 0 is CnP; a short first table needs less alignment */
	return (ttbr & 0x0000ffffffffffc0ull) | (ttbr >> 2 & 0xf) << 48;
}

/* Of a table, a block or a page; `low`: bits below that belong to the input address. */
static uint64_t desc_address(const struct walk_half *h, uint64_t desc, uint64_t low)
{
	uint64_t address = desc & (h->ds ? 0x0003fffffffff000ull : 0x0000fffffffff000ull) & ~low;

	if (h->ds)
		address |= (desc >> 8 & 3) << 50;
	else if (h->wide)
		address |= (desc >> 12 & 0xf) << 48;
	return address;
}

static bool is_block(const struct walk_half *h, int level)
{
	if (h->granule_bits == 12)
		return level == 1 || level == 2 || (level == 0 && h->ds);
	return level == 2 || (level == 1 && (h->ds || h->granule_bits == 16));
}

static bool fault(struct walk *w, unsigned kind, int level)
{
	w->fsc = (uint8_t)FSC_AT(kind, level);
	w->level = (int8_t)level;
	return false;
}

/* Rights of a block or page, D8.4. `limits`: what the tables on the way take away. */
static bool is_permitted(const struct walk_regs *regs, uint64_t desc, uint64_t limits, unsigned access)
{
	const bool user = (desc & DESC_USER) && !(limits & TABLE_NO_USER);
	const bool user_exec = !(desc & DESC_UXN) && !(limits & TABLE_UXN);

	if ((access & WALK_USER) && !user)
		return false;
	if ((access & WALK_PAN) && (user || ((regs->sctlr & SCTLR_EPAN) && user_exec)))
		return false;
	return !(access & WALK_WRITE) || !((desc & DESC_READONLY) || (limits & TABLE_NO_W));
}

/*
 * The last descriptor: access flag, permissions, and what the hardware does about both (FEAT_HAFDBS). Another CPU may
 * have changed the descriptor since: then it is a fault, and the guest that makes the access again meets the new one.
 */
static bool check_leaf(const struct guest_memory *m, const struct walk_regs *regs, uint64_t at, uint64_t desc,
		       uint64_t limits, unsigned access, struct walk *w)
{
	const bool marks = regs->tcr & TCR_HA, dirties = marks && (regs->tcr & TCR_HD) && (desc & DESC_DBM);
	uint64_t now = desc;

	if (!(desc & DESC_AF) && !marks)
		return fault(w, FSC_ACCESS_FLAG, w->level);
	now |= DESC_AF;
	if ((access & WALK_WRITE) && dirties)
		now &= ~DESC_READONLY;
	if (!is_permitted(regs, now, limits, access))
		return fault(w, FSC_PERMISSION, w->level);
	if (now != desc && !guest_memory_exchange64(m, at, desc, now))
		return fault(w, desc & DESC_AF ? FSC_PERMISSION : FSC_ACCESS_FLAG, w->level);
	return true;
}

static bool walk_tables(const struct guest_memory *m, const struct walk_regs *regs, const struct walk_half *h,
			uint64_t va, bool upper, unsigned access, struct walk *w)
{
	const unsigned stride = h->granule_bits - 3, out = h->out;
	uint64_t table = ttbr_base(h, upper ? regs->ttbr1 : regs->ttbr0), limits = 0;
	unsigned shift = h->shift;

	if (table >> out != 0)
		return fault(w, FSC_ADDRESS_SIZE, 0);
	w->level = h->level;
	/* At most five levels: `shift` falls by `stride` (9, 11 or 13) from below 52 to the granule. */
	for (unsigned top = h->size_bits;; top = shift, shift -= stride, w->level++) {
		const uint64_t at = table + (va >> shift & ((1ull << (top - shift)) - 1)) * 8;
		const bool last = shift == h->granule_bits;
		const uint64_t *descriptor = guest_memory_ptr(m, at, sizeof(*descriptor));
		uint64_t low = (1ull << shift) - 1, desc;

		if (!descriptor)
			return fault(w, FSC_EXTERNAL_WALK, w->level);
		desc = __atomic_load_n(descriptor, __ATOMIC_RELAXED);
		if (!(desc & DESC_VALID) || (last && !(desc & DESC_TABLE)))
			return fault(w, FSC_TRANSLATION, w->level);
		if (last || !(desc & DESC_TABLE)) {
			if (!last && !is_block(h, w->level))
				return fault(w, FSC_TRANSLATION, w->level);
			w->ipa = desc_address(h, desc, low) | (va & low);
			if (w->ipa >> out != 0)
				return fault(w, FSC_ADDRESS_SIZE, w->level);
			return (access & WALK_ANY) || check_leaf(m, regs, at, desc, limits, access, w);
		}
		low = (1ull << h->granule_bits) - 1;
		table = desc_address(h, desc, low);
		if (table >> out != 0)
			return fault(w, FSC_ADDRESS_SIZE, w->level);
		limits |= h->flat ? 0 : desc & TABLE_LIMITS;
	}
}

bool walk_translate(const struct guest_memory *m, const struct walk_regs *regs, uint64_t va, unsigned access,
		    struct walk *w)
{
	const bool upper = va >> 55 & 1;
	const struct walk_half *h;

	*w = (struct walk){.ipa = bit(regs->tcr, upper ? TCR_TBI1 : TCR_TBI0) ? va << 8 >> 8 : va};
	if (!(regs->sctlr & SCTLR_M))
		return w->ipa >> WALK_PA_BITS == 0 || fault(w, FSC_ADDRESS_SIZE, 0);
	h = half_of(regs, upper);
	if (!h->used || (va & h->above) != h->sign || ((access & WALK_USER) && h->user_disabled))
		return fault(w, FSC_TRANSLATION, 0);
	return walk_tables(m, regs, h, va, upper, access, w);
}
