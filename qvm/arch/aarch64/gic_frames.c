/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of the GIC that the guest sees: the distributor (IHI 0069 section 12.8) and, for each vCPU, a
 * redistributor of two frames, RD and SGI (section 12.10). Registers of INTIDs 0 to 31 in the distributor are RAZ/WI
 * because affinity routing is always on; in the redistributors they belong to the kernel's half.
 */
#include "qvm/arch/aarch64/guest_gic.h"
#include "qvm/arch/aarch64/spi.h"

/* Offsets that both the distributor and the SGI frame have. */
#define BANK_IGROUPR   1u /* banks of 0x80 bytes from here on: IGROUPR, ISENABLER ... ICACTIVER */
#define BANK_ICACTIVER 7u
#define IPRIORITYR     0x400u
#define ICFGR          0xc00u
#define ID_REGISTERS   0xffd0u

#define GICD_CTLR           0x0u
#define GICD_IIDR           0x8u
#define GICD_ICFGR_END      0xd00u
#define GICD_IPRIORITYR_END 0x7fcu
#define GICD_IROUTER        0x6000u
#define GICD_IROUTER_FIRST  (GICD_IROUTER + 8 * QVM_SPI_FIRST)
#define GICD_IROUTER_END    (GICD_IROUTER + 8 * GUEST_GIC_INTIDS)

#define GICR_IIDR                  0x4u
#define GICR_TYPER                 0x8u
#define GICR_WAKER                 0x14u
#define GICR_PROPBASER             0x70u
#define GICR_PENDBASER             0x78u
#define GICR_IPRIORITYR_END        0x420u
#define GICR_ICFGR_END             0xc08u
#define GICR_TYPER_LAST            (1u << 4)
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)

/* Implementer Arm (JEP106 0x43b), product 'B', revision 0. */
#define GIC_IIDR 0x4200043bu

/* PIDR4-7, PIDR0-3, CIDR0-3 (GICD_PIDR2 and its neighbours); the part number tells the frames apart, PIDR2 says GICv3.
 */
static const uint8_t dist_id[12] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
static const uint8_t redist_id[12] = {0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

/* An access to the vGIC, once its frame is known. */
struct access {
	unsigned vcpu;   /* whose redistributor */
	uint32_t offset; /* in the frame */
	unsigned size;
};

/*
 * Section 12.1.3: 32 bits everywhere, bytes for priorities, 64 bits for the 64-bit registers. Any other size reads as
 * zero and is ignored, like a register that is reserved.
 */
static bool size_ok(const struct access *a, bool priority, bool wide)
{
	return a->size == 4 || (a->size == 1 && priority) || (a->size == 8 && wide);
}

/* The part of a 64-bit register that an access of 4 or 8 bytes reads. */
static uint64_t part_of(const struct access *a, uint64_t whole)
{
	if (a->size == 8)
		return whole;
	return a->offset & 4 ? whole >> 32 : whole & 0xffffffffu;
}

static uint64_t with_part(const struct access *a, uint64_t whole, uint64_t value)
{
	if (a->size == 8)
		return value;
	if (a->offset & 4)
		return (whole & 0xffffffffu) | (value << 32);
	return (whole & ~0xffffffffull) | (value & 0xffffffffu);
}

/* One bit for each of 16 interrupts to the upper of two bits each, as ICFGR has it, and back. */
static uint32_t spread_bits(uint32_t bits)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 16; i++)
		value |= ((bits >> i) & 1) << (2 * i + 1);
	return value;
}

static uint32_t gather_bits(uint32_t value)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 16; i++)
		bits |= ((value >> (2 * i + 1)) & 1) << i;
	return bits;
}

/* --- Distributor --- */

static uint32_t dist_bank_read(struct guest_gic *g, unsigned bank, unsigned word)
{
	switch (bank) {
	case 1: return g->group[word];
	case 2:
	case 3: return g->enable[word];
	case 4:
	case 5: return spi_get_pending(g, word);
	default: return spi_get_active(g, word);
	}
}

static void dist_bank_write(struct guest_gic *g, unsigned bank, unsigned word, uint32_t value)
{
	static void (*const write[])(struct guest_gic *, unsigned, uint32_t) = {
	    [1] = spi_set_group,     [2] = spi_enable,     [3] = spi_disable,      [4] = spi_set_pending,
	    [5] = spi_clear_pending, [6] = spi_set_active, [7] = spi_clear_active,
	};

	write[bank](g, word, value);
}

static uint32_t dist_config_read(const struct guest_gic *g, unsigned index)
{
	return spread_bits((g->edge[index / 2] | g->bound_edge[index / 2]) >> (index % 2 * 16));
}

static void dist_config_write(struct guest_gic *g, unsigned index, uint32_t value)
{
	unsigned word = index / 2, shift = index % 2 * 16;
	uint32_t keep = (g->edge[word] | g->bound_edge[word]) & ~(0xffffu << shift);

	spi_set_config(g, word, keep | (gather_bits(value) << shift));
}

static uint32_t dist_priority_read(const struct guest_gic *g, unsigned first, unsigned count)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value |= (uint32_t)g->priority[first + i] << (8 * i);
	return value;
}

static void dist_priority_write(struct guest_gic *g, unsigned first, unsigned count, uint32_t value)
{
	for (unsigned i = 0; i < count; i++)
		spi_set_priority(g, first + i, (uint8_t)(value >> (8 * i)));
}

static bool is_bank(uint32_t offset)
{
	return offset / 0x80 >= BANK_IGROUPR && offset / 0x80 <= BANK_ICACTIVER;
}

static bool is_dist_priority(uint32_t offset)
{
	return offset >= IPRIORITYR && offset < GICD_IPRIORITYR_END;
}

static bool is_dist_router(uint32_t offset)
{
	return offset >= GICD_IROUTER_FIRST && offset < GICD_IROUTER_END;
}

static uint32_t dist_read(struct guest_gic *g, const struct access *a)
{
	uint32_t offset = a->offset;

	if (is_bank(offset))
		return dist_bank_read(g, offset / 0x80, offset % 0x80 / 4);
	if (is_dist_priority(offset))
		return dist_priority_read(g, offset - IPRIORITYR, a->size);
	if (offset >= ICFGR && offset < GICD_ICFGR_END)
		return dist_config_read(g, (offset - ICFGR) / 4);
	if (offset >= ID_REGISTERS)
		return dist_id[(offset - ID_REGISTERS) / 4];
	switch (offset) {
	case GICD_CTLR: return g->ctlr | GICD_CTLR_ARE | GICD_CTLR_DS;
	case GICD_TYPER: return g->typer;
	case GICD_IIDR: return GIC_IIDR;
	default: return 0;
	}
}

static void dist_write(struct guest_gic *g, const struct access *a, uint32_t value)
{
	uint32_t offset = a->offset;

	if (is_bank(offset))
		dist_bank_write(g, offset / 0x80, offset % 0x80 / 4, value);
	else if (is_dist_priority(offset))
		dist_priority_write(g, offset - IPRIORITYR, a->size, value);
	else if (offset >= ICFGR && offset < GICD_ICFGR_END)
		dist_config_write(g, (offset - ICFGR) / 4, value);
	else if (offset == GICD_CTLR)
		spi_set_ctlr(g, value);
}

static bool dist_size_ok(const struct access *a)
{
	return size_ok(a, is_dist_priority(a->offset), is_dist_router(a->offset));
}

/* --- Redistributors --- */

static uint64_t redist_typer(const struct guest_gic *g, unsigned vcpu)
{
	uint64_t affinity = g->config.affinity[vcpu];
	uint64_t value = (affinity >> 32 << 56) | (affinity & 0xffffff) << 32;

	return value | (uint64_t)vcpu << 8 | (vcpu + 1 == g->config.vcpus ? GICR_TYPER_LAST : 0);
}

static bool is_redist_wide(uint32_t offset)
{
	uint32_t reg = offset & ~7u;

	return reg == GICR_TYPER || reg == GICR_PROPBASER || reg == GICR_PENDBASER;
}

/* The RD frame. Without LPIs, GICR_CTLR, PROPBASER and PENDBASER have nothing to say. */
static uint64_t rd_read(const struct guest_gic *g, const struct access *a)
{
	if (a->offset >= ID_REGISTERS)
		return redist_id[(a->offset - ID_REGISTERS) / 4];
	if ((a->offset & ~7u) == GICR_TYPER)
		return part_of(a, redist_typer(g, a->vcpu));
	if (a->offset == GICR_IIDR)
		return GIC_IIDR;
	if (a->offset == GICR_WAKER && (g->asleep & (1u << a->vcpu)))
		return GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP;
	return 0;
}

static void rd_write(struct guest_gic *g, const struct access *a, uint64_t value)
{
	if (a->offset != GICR_WAKER)
		return;
	g->asleep &= ~(1u << a->vcpu);
	if (value & GICR_WAKER_PROCESSOR_SLEEP)
		g->asleep |= 1u << a->vcpu;
}

/* State of INTIDs 0 to 31: mask 0 reads. What the kernel refuses reads as zero. */
static uint32_t private_state(struct guest_gic *g, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask)
{
	uint32_t result = 0;

	return g->ops->vcpu_private(g->ctx, vcpu, which, value, mask, &result) < 0 ? 0 : result;
}

/* Which private state the seven banks show. */
static const uint8_t bank_state[] = {
    [1] = VPRIV_GROUP,   [2] = VPRIV_ENABLE, [3] = VPRIV_ENABLE, [4] = VPRIV_PENDING,
    [5] = VPRIV_PENDING, [6] = VPRIV_ACTIVE, [7] = VPRIV_ACTIVE,
};

static bool is_redist_priority(uint32_t offset)
{
	return offset >= IPRIORITYR && offset < GICR_IPRIORITYR_END;
}

static uint32_t sgi_read(struct guest_gic *g, const struct access *a)
{
	uint32_t offset = a->offset, value;

	if (is_bank(offset))
		return offset % 0x80 ? 0 : private_state(g, a->vcpu, bank_state[offset / 0x80], 0, 0);
	if (is_redist_priority(offset)) {
		value = private_state(g, a->vcpu, VPRIV_PRIO0 + (offset - IPRIORITYR) / 4, 0, 0);
		return a->size == 1 ? (value >> (offset % 4 * 8)) & 0xff : value;
	}
	if (offset >= ICFGR && offset < GICR_ICFGR_END)
		return spread_bits(private_state(g, a->vcpu, VPRIV_CONFIG, 0, 0) >> (offset == ICFGR ? 0 : 16));
	return 0;
}

static void sgi_bank_write(struct guest_gic *g, const struct access *a, uint32_t value)
{
	unsigned bank = a->offset / 0x80;

	if (a->offset % 0x80)
		return;
	if (bank == BANK_IGROUPR)
		private_state(g, a->vcpu, VPRIV_GROUP, value, ~0u);
	else if (value != 0) /* even banks set, odd ones clear; nothing to do for mask 0, which would read */
		private_state(g, a->vcpu, bank_state[bank], bank % 2 ? 0 : value, value);
}

static void sgi_write(struct guest_gic *g, const struct access *a, uint32_t value)
{
	uint32_t offset = a->offset, mask = ~0u;

	if (is_bank(offset)) {
		sgi_bank_write(g, a, value);
	} else if (is_redist_priority(offset)) {
		if (a->size == 1) {
			mask = 0xffu << (offset % 4 * 8);
			value <<= offset % 4 * 8;
		}
		value &= GIC_PRIORITY_MASK * 0x01010101u;
		private_state(g, a->vcpu, VPRIV_PRIO0 + (offset - IPRIORITYR) / 4, value, mask);
	} else if (offset == ICFGR + 4) { /* GICR_ICFGR0 is for SGIs, which are always edges: WI */
		private_state(g, a->vcpu, VPRIV_CONFIG, gather_bits(value) << 16, 0xffff0000u);
	}
}

static bool redist_size_ok(const struct access *a, bool sgi)
{
	return size_ok(a, sgi && is_redist_priority(a->offset), !sgi && is_redist_wide(a->offset));
}

/* --- Entry points --- */

enum frame { FRAME_NONE, FRAME_DIST, FRAME_RD, FRAME_SGI, FRAME_ZERO };

/* Finds the frame of an access. FRAME_ZERO: in one of them, but no register there has this size. */
static enum frame find_frame(const struct guest_gic *g, uint64_t ipa, unsigned size, struct access *a)
{
	uint64_t redist = ipa - g->config.gicr, dist = ipa - g->config.gicd;
	bool sgi;

	a->size = size;
	a->vcpu = 0;
	if ((size != 1 && size != 2 && size != 4 && size != 8) || (ipa & (size - 1)))
		return FRAME_NONE;
	if (dist < QVM_GICD_BYTES) {
		a->offset = (uint32_t)dist;
		return dist_size_ok(a) ? FRAME_DIST : FRAME_ZERO;
	}
	if (redist >= g->config.vcpus * QVM_GICR_BYTES)
		return FRAME_NONE;
	sgi = redist & GIC_FRAME;
	a->vcpu = (unsigned)(redist / QVM_GICR_BYTES);
	a->offset = (uint32_t)(redist % GIC_FRAME);
	if (!redist_size_ok(a, sgi))
		return FRAME_ZERO;
	return sgi ? FRAME_SGI : FRAME_RD;
}

bool guest_gic_read(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t *value)
{
	struct access a;

	(void)vcpu; /* with affinity routing no register depends on who reads it */
	switch (find_frame(g, ipa, size, &a)) {
	case FRAME_DIST:
		*value =
		    is_dist_router(a.offset) ? part_of(&a, g->route[(a.offset - GICD_IROUTER) / 8]) : dist_read(g, &a);
		return true;
	case FRAME_RD: *value = rd_read(g, &a); return true;
	case FRAME_SGI: *value = sgi_read(g, &a); return true;
	case FRAME_ZERO: *value = 0; return true;
	case FRAME_NONE: break;
	}
	return false;
}

/* It runs at each write of a guest, and has no array that could be overrun: so it does without a guard. */
__attribute__((no_stack_protector)) bool guest_gic_write(struct guest_gic *g, unsigned vcpu, uint64_t ipa,
							 unsigned size, uint64_t value)
{
	struct access a;
	unsigned intid;

	(void)vcpu;
	switch (find_frame(g, ipa, size, &a)) {
	case FRAME_DIST:
		intid = (a.offset - GICD_IROUTER) / 8;
		if (is_dist_router(a.offset))
			spi_set_route(g, intid, with_part(&a, g->route[intid], value));
		else
			dist_write(g, &a, (uint32_t)value);
		return true;
	case FRAME_RD: rd_write(g, &a, value); return true;
	case FRAME_SGI: sgi_write(g, &a, (uint32_t)value); return true;
	case FRAME_ZERO: return true;
	case FRAME_NONE: break;
	}
	return false;
}
