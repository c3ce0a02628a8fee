/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the GIC's frames that guests seldom access, or whose access takes long anyway. What is read here takes
 * the VM's lock only for interrupts that may be with the kernel.
 */
#include "likely.h"
#include "qvm/arch/aarch64/gic_frames.h"
#include "qvm/arch/aarch64/spi.h"

#define IPRIORITYR   0x400u
#define ICFGR        0xc00u
#define ID_REGISTERS 0xffd0u
#define PIDR0        0xffe0u

#define GICD_CTLR           0x0u
#define GICD_IPRIORITYR_END 0x800u
#define GICD_ICFGR_END      0xd00u
#define GICD_IROUTER        0x6000u
#define GICD_IROUTER_END    0x8000u

#define GICR_IIDR                  0x4u
#define GICR_TYPER                 0x8u
#define GICR_WAKER                 0x14u
#define GICR_IPRIORITYR_END        0x420u
#define GICR_TYPER_LAST            (1u << 4)
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)

static const struct vdev_value not_done;

static inline struct vdev_value done(uint64_t value)
{
	return (struct vdev_value){.value = value, .done = true};
}

/* One bit for each of 16 interrupts to the upper of two bits each, as ICFGR has it, and back. */
static uint32_t spread_bits(uint32_t bits)
{
	bits &= 0xffff;
	bits = (bits | bits << 8) & 0x00ff00ff;
	bits = (bits | bits << 4) & 0x0f0f0f0f;
	bits = (bits | bits << 2) & 0x33333333;
	return ((bits | bits << 1) & 0x55555555) << 1;
}

static uint32_t gather_bits(uint32_t value)
{
	value = value >> 1 & 0x55555555;
	value = (value | value >> 1) & 0x33333333;
	value = (value | value >> 2) & 0x0f0f0f0f;
	value = (value | value >> 4) & 0x00ff00ff;
	return (value | value >> 8) & 0xffff;
}

/* --- Distributor --- */

static uint32_t dist_state_locked(struct guest_gic *g, unsigned word, bool active)
{
	uint32_t value;

	mutex_lock(g->config.lock);
	value = active ? spi_get_active(g, word) : spi_get_pending(g, word);
	mutex_unlock(g->config.lock);
	return value;
}

/* The state is all here if nothing of this word is on its way to the kernel, or there. */
static uint32_t dist_state(struct guest_gic *g, unsigned word, bool active)
{
	if (__atomic_load_n(&g->held[word].both, __ATOMIC_ACQUIRE) != 0)
		return dist_state_locked(g, word, active);
	if (active)
		return get_word(&g->active[word]);
	return get_word(&g->input[word].line) & g->exists[word] & ~get_word(&g->edge[word]);
}

struct vdev_value gic_registers_read(void *gic, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct guest_gic *g = gic;
	uint32_t offset = dist_offset(ipa);
	unsigned block = offset / BLOCK_BYTES;

	(void)vcpu; /* with affinity routing no register depends on who reads it */
	if (size == 4 && offset % 4 == 0)
		return done(block >= BLOCK_ISPENDR && block <= BLOCK_ICACTIVER
				? dist_state(g, offset % BLOCK_BYTES / 4, block >= BLOCK_ISACTIVER)
				: 0);
	if (!is_access(offset, size))
		return not_done;
	if (size == 1 && is_between(offset, IPRIORITYR, GICD_IPRIORITYR_END))
		return done(__atomic_load_n(&g->priority[offset - IPRIORITYR], __ATOMIC_RELAXED));
	if (size == 8 && is_between(offset, GICD_IROUTER, GICD_IROUTER_END))
		return done(__atomic_load_n(&g->route[(offset - GICD_IROUTER) / 8], __ATOMIC_RELAXED));
	return done(0);
}

static void dist_write_config(struct guest_gic *g, unsigned index, uint32_t value)
{
	unsigned word = index / 2, shift = index % 2 * 16;
	uint32_t edge = gather_bits(value) & g->exists[word] >> shift;

	put_word(&g->cfgr[index], spread_bits(edge));
	spi_set_config(g, word, (g->edge[word] & ~(0xffffu << shift)) | edge << shift);
}

static void dist_write_priority(struct guest_gic *g, uint32_t first, unsigned count, uint32_t value)
{
	for (unsigned i = 0; i < count; i++)
		spi_set_priority(g, first + i, (uint8_t)(value >> (8 * i)));
}

static void dist_write_route(struct guest_gic *g, uint32_t offset, unsigned size, uint64_t value)
{
	unsigned intid = (offset - GICD_IROUTER) / 8;
	uint64_t old = g->route[intid];

	if (size == 4 && offset % 8)
		value = (uint32_t)old | value << 32;
	else if (size == 4)
		value = (old & ~0xffffffffull) | (uint32_t)value;
	spi_set_route(g, intid, value);
}

void gic_registers_write(struct guest_gic *g, uint32_t offset, unsigned size, uint64_t value)
{
	if (size <= 4 && size != 2 && is_between(offset, IPRIORITYR, GICD_IPRIORITYR_END))
		dist_write_priority(g, offset - IPRIORITYR, size, (uint32_t)value);
	else if (size >= 4 && is_between(offset, GICD_IROUTER, GICD_IROUTER_END))
		dist_write_route(g, offset, size, value);
	else if (size == 4 && is_between(offset, ICFGR, GICD_ICFGR_END))
		dist_write_config(g, (offset - ICFGR) / 4, (uint32_t)value);
	else if (size == 4 && offset == GICD_CTLR)
		spi_set_ctlr(g, (uint32_t)value);
}

/* --- Redistributors --- */

static uint64_t redist_typer(const struct guest_gic *g, unsigned vcpu)
{
	uint64_t affinity = g->config.affinity[vcpu];
	uint64_t value = (affinity >> 32 << 56) | (affinity & 0xffffff) << 32;

	return value | (uint64_t)vcpu << 8 | (vcpu + 1 == g->config.vcpus ? GICR_TYPER_LAST : 0);
}

/* The RD frame. Without LPIs, GICR_CTLR, PROPBASER and PENDBASER have nothing to say. */
static uint64_t rd_read(const struct guest_gic *g, unsigned vcpu, uint32_t offset, unsigned size)
{
	if (size == 8)
		return offset == GICR_TYPER ? redist_typer(g, vcpu) : 0;
	if (size != 4)
		return 0;
	if (offset >= ID_REGISTERS)
		return g->id[offset % BLOCK_BYTES / 4] + (offset == PIDR0); /* the part number tells the frames apart */
	switch (offset) {
	case GICR_IIDR: return GIC_IIDR;
	case GICR_TYPER: return (uint32_t)redist_typer(g, vcpu);
	case GICR_TYPER + 4: return redist_typer(g, vcpu) >> 32;
	case GICR_WAKER:
		return get_word(&g->asleep) & (1u << vcpu) ? GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP
							   : 0;
	default: return 0;
	}
}

static void rd_write(struct guest_gic *g, unsigned vcpu, uint32_t offset, unsigned size, uint32_t value)
{
	uint32_t awake = g->asleep & ~(1u << vcpu);

	if (offset == GICR_WAKER && size == 4)
		put_word(&g->asleep, value & GICR_WAKER_PROCESSOR_SLEEP ? awake | 1u << vcpu : awake);
}

/*
 * The SGI frame: INTIDs 0 to 31, which the kernel keeps. The vCPU's own access is finished by the kernel as the guest
 * goes on, that to another one's is a call.
 */
#define SGIS_ARE_EDGES 0xaaaaaaaau /* GICR_ICFGR0 */

/* What a word is to the kernel: VPRIV_*, whether it sets bits or clears them, and whether those that are 0 count, too.
 */
#define WORD(offset, what) [(offset) / 4] = IS_WORD | (what)
#define PRIORITY(n)        WORD(IPRIORITYR + 4 * (n), SETS | WHOLE | (VPRIV_PRIO0 + (n)))
#define VPRIV              0x1fu
#define SETS               0x20u
#define WHOLE              0x40u
#define IS_WORD            0x80u

static const uint8_t words[] = {
    WORD(BLOCK_IGROUPR * BLOCK_BYTES, SETS | WHOLE | VPRIV_GROUP),
    WORD(BLOCK_ISENABLER *BLOCK_BYTES, SETS | VPRIV_ENABLE),
    WORD(BLOCK_ICENABLER *BLOCK_BYTES, VPRIV_ENABLE),
    WORD(BLOCK_ISPENDR *BLOCK_BYTES, SETS | VPRIV_PENDING),
    WORD(BLOCK_ICPENDR *BLOCK_BYTES, VPRIV_PENDING),
    WORD(BLOCK_ISACTIVER *BLOCK_BYTES, SETS | VPRIV_ACTIVE),
    WORD(BLOCK_ICACTIVER *BLOCK_BYTES, VPRIV_ACTIVE),
    PRIORITY(0),
    PRIORITY(1),
    PRIORITY(2),
    PRIORITY(3),
    PRIORITY(4),
    PRIORITY(5),
    PRIORITY(6),
    PRIORITY(7),
};

/* What an access to a word of the table means to the kernel. False: it is none. */
static inline bool decode_word(uint32_t offset, unsigned size, uint32_t value, struct arch_request *r)
{
	const bool good = (size == 4) & (offset % 4 == 0) & (offset / 4 < sizeof(words));
	const unsigned word = good ? words[offset / 4] : 0;

	if (unlikely(!word))
		return false;
	r->which = word & VPRIV;
	r->value = word & SETS ? value : 0;
	r->mask = word & WHOLE ? ~0u : value;
	return true;
}

/* The others: a byte of priorities, and the word of which one bit of two is one to the kernel. False: nothing. */
static inline bool decode_other(uint32_t offset, unsigned size, uint32_t value, struct arch_request *r)
{
	const unsigned shift = offset % 4 * 8;

	if (size == 1 && is_between(offset, IPRIORITYR, GICR_IPRIORITYR_END)) {
		r->which = VPRIV_PRIO0 + (offset - IPRIORITYR) / 4;
		r->value = (uint64_t)value << shift;
		r->mask = 0xffull << shift;
	} else if (size == 4 && offset == ICFGR + 4) {
		r->which = VPRIV_CONFIG;
		r->value = (uint64_t)gather_bits(value) << 16;
		r->mask = 0xffff0000;
	} else {
		return false;
	}
	return true;
}

static bool decode_access(uint32_t offset, unsigned size, uint32_t value, struct arch_request *r)
{
	return decode_word(offset, size, value, r) || decode_other(offset, size, value, r);
}

static inline unsigned redist_of(uint32_t redist)
{
	return redist / QVM_GICR_BYTES % VCPU_MAX;
}

static inline uint32_t sgi_constant(uint32_t offset, unsigned size)
{
	return size == 4 && offset == ICFGR ? SGIS_ARE_EDGES : 0;
}

/* Of another vCPU. */
static __attribute__((noinline)) struct vdev_value sgi_read(struct guest_gic *g, uint32_t redist, unsigned size)
{
	const uint32_t offset = redist % GIC_FRAME;
	struct arch_request r;
	uint32_t now = 0;

	if (!decode_access(offset, size, 0, &r))
		return done(sgi_constant(offset, size));
	if (g->ops->vcpu_private(g->ctx, redist_of(redist), (unsigned)r.which, 0, 0, &now) < 0)
		now = 0;
	return done(size == 1 ? now >> offset % 4 * 8 & 0xff : now);
}

static __attribute__((noinline)) struct vdev_value read_other(struct guest_gic *g, uint32_t redist, unsigned size,
							      struct arch_request *r)
{
	const uint32_t own = redist - r->frame;

	if (!is_access(redist, size))
		return not_done;
	if (!(redist & GIC_FRAME))
		return done(rd_read(g, redist_of(redist), redist % GIC_FRAME, size));
	if (own >= GIC_FRAME)
		return sgi_read(g, redist, size);
	if (!decode_other(own, size, 0, r))
		return done(sgi_constant(own, size));
	r->wanted = 1;
	r->value = r->mask = 0;
	return not_done;
}

struct vdev_value guest_gic_read_redist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct guest_gic *g = gic;
	struct arch_request *r = &g->request[vcpu];
	const uint32_t redist = (uint32_t)(ipa - g->config.gicr);

	if (unlikely(!decode_word(redist - r->frame, size, 0, r)))
		return read_other(g, redist, size, r);
	r->wanted = 1;
	r->value = r->mask = 0;
	return not_done;
}

static __attribute__((noinline)) bool write_other(struct guest_gic *g, uint32_t redist, unsigned size, uint32_t value,
						  struct arch_request *own)
{
	const uint32_t of = redist_of(redist), offset = redist % GIC_FRAME;
	struct arch_request r;
	uint32_t now;

	if (!is_access(offset, size))
		return false;
	if (!(redist & GIC_FRAME)) {
		mutex_lock(g->config.lock);
		rd_write(g, of, offset, size, value);
		mutex_unlock(g->config.lock);
	} else if (redist - own->frame < GIC_FRAME) {
		own->wanted = decode_other(offset, size, value, own) ? own->mask : 0;
		return own->wanted == 0;
	} else if (decode_access(offset, size, value, &r) && r.mask != 0) {
		g->ops->vcpu_private(g->ctx, of, (unsigned)r.which, (uint32_t)r.value, (uint32_t)r.mask, &now);
	}
	return true;
}

bool guest_gic_write_redist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct guest_gic *g = gic;
	struct arch_request *r = &g->request[vcpu];
	const uint32_t redist = (uint32_t)(ipa - g->config.gicr);

	if (unlikely(!decode_word(redist - r->frame, size, (uint32_t)value, r)))
		return write_other(g, redist, size, (uint32_t)value, r);
	r->wanted = r->mask;
	return r->mask == 0;
}
