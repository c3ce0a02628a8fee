/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's register accesses (vgic_regs.c) do to shared interrupts (vgic.c). Each works on one word of 32. */
#pragma once

#include "qvm/arch/aarch64/vgic.h"

#define GICD_CTLR_ENABLE_GRP0 (1u << 0)
#define GICD_CTLR_ENABLE_GRP1 (1u << 1)
#define GICD_CTLR_ARE         (1u << 4)
#define GICD_CTLR_DS          (1u << 6)
#define VGIC_PRIORITY_MASK    0xf8u /* five bits, as many as the list registers of the first board sort by */
#define VGIC_ROUTE_IRM        (1ull << 31)
#define VGIC_ROUTE_AFFINITY   0xff00ffffffull

/* INTIDs of word `word` that are SPIs of this GIC. */
uint32_t vgic_spis(const struct vgic *g, unsigned word);

void vgic_spi_ctlr(struct vgic *g, uint32_t value);
void vgic_spi_group(struct vgic *g, unsigned word, uint32_t value);
void vgic_spi_enable(struct vgic *g, unsigned word, uint32_t set);
void vgic_spi_disable(struct vgic *g, unsigned word, uint32_t clear);
uint32_t vgic_spi_pending(struct vgic *g, unsigned word);
void vgic_spi_set_pending(struct vgic *g, unsigned word, uint32_t set);
void vgic_spi_clear_pending(struct vgic *g, unsigned word, uint32_t clear);
uint32_t vgic_spi_active(struct vgic *g, unsigned word);
void vgic_spi_set_active(struct vgic *g, unsigned word, uint32_t set);
void vgic_spi_clear_active(struct vgic *g, unsigned word, uint32_t clear);
void vgic_spi_config(struct vgic *g, unsigned word, uint32_t edge);
void vgic_spi_priority(struct vgic *g, unsigned intid, uint8_t priority);
void vgic_spi_route(struct vgic *g, unsigned intid, uint64_t route);

uint32_t vgic_typer(unsigned intids); /* GICD_TYPER of a GIC with so many */
