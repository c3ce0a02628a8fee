/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a guest's GIC: reset, and virtual CPUs that go on and off. */
#include "qvm/arch/aarch64/gic_frames.h"
#include "qvm/arch/aarch64/spi.h"
#include <range.h>
#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(((struct guest_gic *)0)->image) == offsetof(struct guest_gic, ops), "images are whole");

void guest_gic_retry(struct guest_gic *g)
{
	if (!g->refused)
		return;
	__atomic_store_n(&g->refused, false, __ATOMIC_RELAXED);
	spi_offer_all(g);
}

void guest_gic_power(struct guest_gic *g, unsigned vcpu, bool on)
{
	if (vcpu >= g->config.vcpus)
		return;
	if (on) {
		g->powered |= 1u << vcpu;
	} else {
		g->powered &= ~(1u << vcpu);
		spi_leave_vcpu(g, vcpu);
	}
	spi_offer_all(g);
}

void guest_gic_reset(struct guest_gic *g)
{
	spi_reset_all(g);
	g->control[CONTROL_CTLR] = GICD_CTLR_ARE | GICD_CTLR_DS;
	g->powered = 0;
	g->asleep = (1u << g->config.vcpus) - 1;
	__atomic_store_n(&g->refused, false, __ATOMIC_RELAXED);
}

/*
 * ITLinesNumber, ten bits of INTID, Aff3 valid; no security, LPIs, message-based or extended SPIs, and no range
 * selector for SGIs, since a guest has eight vCPUs.
 */
static uint32_t distributor_typer(unsigned intids)
{
	return ((intids + 31) / 32 - 1) | (9u << 19) | (1u << 24);
}

#define SHOW(at, member)                                                              \
	{                                                                             \
		(at) / BLOCK_BYTES, offsetof(struct guest_gic, member) / BLOCK_BYTES, \
		    sizeof(((struct guest_gic *)0)->member) / BLOCK_BYTES             \
	}

/* The image of each block of the distributor, and what never changes. */
static void show_images(struct guest_gic *g)
{
	static const struct {
		uint16_t block;
		uint8_t image, count;
	} shown[] = {
	    SHOW(0x0, control),    SHOW(0x80, group), SHOW(0x100, enable), SHOW(0x180, enable),
	    SHOW(0x400, priority), SHOW(0xc00, cfgr), SHOW(0x6000, route), SHOW(0xff80, id),
	};
	/* PIDR4-7, PIDR0-3, CIDR0-3 (GICD_PIDR2 and its neighbours); PIDR2 says GICv3. */
	static const uint8_t id[12] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

	for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		for (unsigned n = 0; n < shown[i].count; n++)
			g->image_of[shown[i].block + n] = (uint8_t)(shown[i].image + n);
	g->control[CONTROL_TYPER] = distributor_typer(g->config.intids);
	g->control[CONTROL_IIDR] = GIC_IIDR;
	for (unsigned i = 0; i < sizeof(id); i++)
		g->id[GUEST_GIC_WORDS - sizeof(id) + i] = id[i];
}

static bool frames_ok(const struct guest_gic_config *c)
{
	uint64_t redist_bytes = c->vcpus * QVM_GICR_BYTES;

	if (c->gicd % QVM_GICD_BYTES || c->gicr % QVM_GICD_BYTES)
		return false;
	if (c->gicd > UINT64_MAX - QVM_GICD_BYTES || c->gicr > UINT64_MAX - redist_bytes)
		return false;
	return !ranges_overlap(c->gicd, QVM_GICD_BYTES, c->gicr, redist_bytes);
}

bool guest_gic_init(struct guest_gic *g, const struct guest_gic_config *config, const struct guest_gic_ops *ops,
		    void *ctx)
{
	unsigned intids = config->intids ? config->intids : GUEST_GIC_INTIDS_DEFAULT;

	if (config->vcpus < 1 || config->vcpus > VCPU_MAX || !frames_ok(config))
		return false;
	if (intids <= QVM_SPI_FIRST || intids > GUEST_GIC_INTIDS)
		return false;
	for (unsigned v = 0; v < config->vcpus; v++) {
		if (config->affinity[v] & ~GIC_ROUTE_AFFINITY)
			return false;
		for (unsigned other = 0; other < v; other++) {
			if (config->affinity[v] == config->affinity[other])
				return false;
		}
	}
	memset(g, 0, sizeof(*g));
	g->ops = ops;
	g->ctx = ctx;
	g->config = *config;
	intids = (intids + 31) / 32 * 32;
	g->config.intids = intids < GUEST_GIC_INTIDS ? intids : GUEST_GIC_INTIDS;
	for (unsigned intid = QVM_SPI_FIRST; intid < g->config.intids; intid++)
		g->exists[intid / 32] |= 1u << (intid % 32);
	for (uint32_t v = 0; v < VCPU_MAX; v++)
		g->request[v].frame = v * (uint32_t)QVM_GICR_BYTES + GIC_FRAME;
	show_images(g);
	guest_gic_reset(g);
	return true;
}
