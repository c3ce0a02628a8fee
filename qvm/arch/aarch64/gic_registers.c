/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the GIC's frames that guests seldom access, or whose access takes long anyway. What is read here takes
 * the VM's lock only for interrupts that may be with the kernel.
 */
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

/* Pending and active state of INTIDs 0 to 31, which only the kernel knows: mask 0 reads. */
static uint32_t private_state(struct guest_gic *g, unsigned vcpu, unsigned block, uint32_t value, uint32_t mask)
{
	unsigned which = block >= BLOCK_ISACTIVER ? VPRIV_ACTIVE : VPRIV_PENDING;
	uint32_t result = 0;

	return g->ops->vcpu_private(g->ctx, vcpu, which, value, mask, &result) < 0 ? 0 : result;
}

static uint32_t sgi_read(struct guest_gic *g, unsigned vcpu, uint32_t offset, unsigned size)
{
	const struct guest_gic_private *p = &g->private[vcpu];
	unsigned block = offset / BLOCK_BYTES, at = offset % BLOCK_BYTES;

	if (block == BLOCK_IPRIORITYR && at < sizeof(p->priority) && (size == 4 || size == 1)) {
		uint32_t word = get_word(&p->priority[at / 4]);

		return size == 4 ? word : word >> (at % 4 * 8) & 0xff;
	}
	if (size != 4 || at >= (block == BLOCK_ICFGR ? sizeof(p->cfgr) : 4))
		return 0;
	switch (block) {
	case BLOCK_IGROUPR: return get_word(&p->group);
	case BLOCK_ISENABLER:
	case BLOCK_ICENABLER: return get_word(&p->enable);
	case BLOCK_ICFGR: return get_word(&p->cfgr[at / 4]);
	case BLOCK_ISPENDR:
	case BLOCK_ICPENDR:
	case BLOCK_ISACTIVER:
	case BLOCK_ICACTIVER: return private_state(g, vcpu, block, 0, 0);
	default: return 0;
	}
}

struct vdev_value guest_gic_read_redist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct guest_gic *g = gic;
	uint32_t redist = (uint32_t)(ipa - g->config.gicr), offset = redist % GIC_FRAME;
	unsigned of = redist / QVM_GICR_BYTES % VCPU_MAX;

	(void)vcpu;
	if (!is_access(offset, size))
		return not_done;
	return done(redist & GIC_FRAME ? sgi_read(g, of, offset, size) : rd_read(g, of, offset, size));
}

/* What the guest reads comes first: it takes effect as soon as the kernel is told. Of a priority, all bits count. */
static void sgi_set(struct guest_gic *g, unsigned vcpu, unsigned which, uint32_t *word, uint32_t value, uint32_t mask)
{
	uint32_t result, changed = (*word ^ value) & mask;

	if (!changed)
		return;
	put_word(word, *word ^ changed);
	g->ops->vcpu_private(g->ctx, vcpu, which, *word, mask, &result);
}

static void sgi_write_priority(struct guest_gic *g, unsigned vcpu, uint32_t at, unsigned size, uint32_t value)
{
	unsigned word = at / 4;
	uint32_t mask = size == 4 ? ~0u : 0xffu << (at % 4 * 8);

	value = size == 4 ? value : value << (at % 4 * 8);
	sgi_set(g, vcpu, VPRIV_PRIO0 + word, &g->private[vcpu].priority[word], value & GIC_PRIORITY_MASK * 0x01010101u,
		mask);
}

/* GICR_ICFGR1. GICR_ICFGR0 is for SGIs, which are always edges: WI; and the timer's line always is a level. */
static void sgi_write_config(struct guest_gic *g, unsigned vcpu, uint32_t value)
{
	uint32_t *word = &g->private[vcpu].cfgr[1], bits = gather_bits(value) & ~(1u << (VIRQ_VTIMER - 16)), result;

	value = spread_bits(bits);
	if (*word == value)
		return;
	put_word(word, value);
	g->ops->vcpu_private(g->ctx, vcpu, VPRIV_CONFIG, bits << 16, 0xffff0000u, &result);
}

static void sgi_write(struct guest_gic *g, unsigned vcpu, uint32_t offset, unsigned size, uint32_t value)
{
	struct guest_gic_private *p = &g->private[vcpu];
	unsigned block = offset / BLOCK_BYTES, at = offset % BLOCK_BYTES;

	if (block == BLOCK_IPRIORITYR && at < sizeof(p->priority) && (size == 4 || size == 1))
		sgi_write_priority(g, vcpu, at, size, value);
	else if (size == 4 && offset == ICFGR + 4)
		sgi_write_config(g, vcpu, value);
	else if (size != 4 || at != 0)
		return;
	else if (block == BLOCK_IGROUPR)
		sgi_set(g, vcpu, VPRIV_GROUP, &p->group, value, ~0u);
	else if (block == BLOCK_ISENABLER)
		sgi_set(g, vcpu, VPRIV_ENABLE, &p->enable, ~0u, value);
	else if (block == BLOCK_ICENABLER)
		sgi_set(g, vcpu, VPRIV_ENABLE, &p->enable, 0, value);
}

/* Pending and active state is the kernel's alone: to change it needs no lock here, and nothing for mask 0. */
static bool is_private_state(uint32_t offset, unsigned size)
{
	return size == 4 && offset % BLOCK_BYTES == 0 &&
	       is_between(offset / BLOCK_BYTES, BLOCK_ISPENDR, BLOCK_ICACTIVER + 1);
}

bool guest_gic_write_redist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct guest_gic *g = gic;
	uint32_t redist = (uint32_t)(ipa - g->config.gicr), offset = redist % GIC_FRAME, bits = (uint32_t)value;
	unsigned of = redist / QVM_GICR_BYTES % VCPU_MAX, block = offset / BLOCK_BYTES;

	(void)vcpu;
	if (!is_access(offset, size))
		return false;
	if ((redist & GIC_FRAME) && is_private_state(offset, size)) {
		if (bits != 0) /* even banks set, odd ones clear */
			private_state(g, of, block, block % 2 ? 0 : bits, bits);
		return true;
	}
	mutex_lock(g->config.lock);
	if (redist & GIC_FRAME)
		sgi_write(g, of, offset, size, bits);
	else
		rd_write(g, of, offset, size, bits);
	mutex_unlock(g->config.lock);
	return true;
}
