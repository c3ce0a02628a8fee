/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a guest's GIC: reset, and virtual CPUs that go on and off. */
#include "qvm/arch/aarch64/guest_gic.h"
#include "qvm/arch/aarch64/spi.h"
#include <range.h>
#include <string.h>

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
	g->ctlr = 0;
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
	g->typer = distributor_typer(g->config.intids);
	guest_gic_reset(g);
	return true;
}
