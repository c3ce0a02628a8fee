/* SPDX-License-Identifier: Apache-2.0 */
/* What register accesses (gic_frames.c), virtual CPUs (guest_gic.c) and devices (spi_line.c) do to shared interrupts.
 */
#pragma once

#include "likely.h"
#include "qvm/arch/aarch64/guest_gic.h"

#define GICD_CTLR_ENABLE_GRP0 (1u << 0)
#define GICD_CTLR_ENABLE_GRP1 (1u << 1)
#define GICD_CTLR_ARE         (1u << 4)
#define GICD_CTLR_DS          (1u << 6)
#define GIC_IIDR              0x4200043bu /* implementer Arm (JEP106 0x43b), product 'B', revision 0 */
#define GIC_PRIORITY_MASK     0xf8u       /* five bits, as many as the list registers of the first board sort by */
#define GIC_ROUTE_IRM         (1ull << 31)
#define GIC_ROUTE_AFFINITY    0xff00ffffffull

/*
 * Words that are read without the lock. In which order `latch` and `placed` change can be seen, and of `watched` and of
 * what is read after it, too: spi_line.c.
 */
static inline uint32_t get_word(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void put_word(uint32_t *word, uint32_t value)
{
	uint32_t *to = word; /* clang-tidy does not see that an atomic store writes */

	__atomic_store_n(to, value, __ATOMIC_SEQ_CST);
}

static inline unsigned word_of(unsigned intid)
{
	return intid / 32;
}

static inline uint32_t bit_of(unsigned intid)
{
	return 1u << (intid % 32);
}

static inline void set_bits(uint32_t *word, uint32_t set)
{
	put_word(word, *word | set);
}

/* Priority and group, as the kernel takes them. */
static inline unsigned rank_of(const struct guest_gic *g, unsigned intid)
{
	return g->priority[intid] | (g->group[word_of(intid)] & bit_of(intid) ? 0 : VIRQ_GROUP0);
}

static inline bool is_spi(const struct guest_gic *g, unsigned intid)
{
	return intid >= QVM_SPI_FIRST && intid < g->config.intids;
}

/* Where there is no such SPI it is nothing. */
static inline uint32_t lines_of(const struct guest_gic *g, unsigned word)
{
	return __atomic_load_n(&g->input[word].line, __ATOMIC_SEQ_CST) | g->bound[word];
}

/* True: the kernel has it; false: guest_gic_retry() comes. */
static inline bool note_taken(struct guest_gic *g, int status)
{
	if (likely(status >= 0))
		return true;
	__atomic_store_n(&g->refused, true, __ATOMIC_RELAXED);
	return false;
}

/* Hands one to the kernel if it should be there and is not. */
void spi_offer(struct guest_gic *g, unsigned intid);
/* Tells the kernel that its line is low, if it was told the contrary. */
void spi_lower(struct guest_gic *g, unsigned intid);

/* Hands to the kernel whatever should be there and is not. */
void spi_offer_all(struct guest_gic *g);

/* This vCPU is off: what was in flight there is taken back. */
void spi_leave_vcpu(struct guest_gic *g, unsigned vcpu);

/* Everything to its reset value, and taken back from the kernel; lines stay. */
void spi_reset_all(struct guest_gic *g);

/* Registers of the distributor. All but the last two work on one word of 32 interrupts. */
void spi_set_ctlr(struct guest_gic *g, uint32_t value);
void spi_set_group(struct guest_gic *g, unsigned word, uint32_t value);
void spi_enable(struct guest_gic *g, unsigned word, uint32_t set);
void spi_disable(struct guest_gic *g, unsigned word, uint32_t clear);
uint32_t spi_get_pending(struct guest_gic *g, unsigned word);
void spi_set_pending(struct guest_gic *g, unsigned word, uint32_t set);
void spi_clear_pending(struct guest_gic *g, unsigned word, uint32_t clear);
uint32_t spi_get_active(struct guest_gic *g, unsigned word);
void spi_set_active(struct guest_gic *g, unsigned word, uint32_t set);
void spi_clear_active(struct guest_gic *g, unsigned word, uint32_t clear);
void spi_set_config(struct guest_gic *g, unsigned word, uint32_t edge);
void spi_set_priority(struct guest_gic *g, unsigned intid, uint8_t priority);
void spi_set_route(struct guest_gic *g, unsigned intid, uint64_t route);
