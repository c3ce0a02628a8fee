/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt controller of the fake machine, and its SErrors. */
#include "arch.h"
#include "cpu.h"
#include "host.h"
#include <string.h>

/* A bit for each; SPIs in words by number. */

static uint32_t private_pending[CPU_MAX], private_active[CPU_MAX], sgis_sent[CPU_MAX];
static uint32_t spi_pending[HOST_INTIDS / 32], spi_active[HOST_INTIDS / 32], spi_enabled[HOST_INTIDS / 32];
static uint8_t spi_cpu[HOST_INTIDS];
static unsigned questions_left;
static uint32_t raise_then, foreign, dropped;
static uint64_t serror[CPU_MAX];

void host_gic_reset(void)
{
	memset(private_pending, 0, sizeof(private_pending));
	memset(private_active, 0, sizeof(private_active));
	memset(sgis_sent, 0, sizeof(sgis_sent));
	memset(spi_pending, 0, sizeof(spi_pending));
	memset(spi_active, 0, sizeof(spi_active));
	memset(spi_enabled, 0, sizeof(spi_enabled));
	questions_left = 0;
	foreign = 0;
	memset(serror, 0, sizeof(serror));
}

static uint32_t word_get(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* The value before. */
static uint32_t word_put(uint32_t *word, unsigned bit, bool set)
{
	uint32_t mask = (uint32_t)BIT(bit % 32);

	return (set ? __atomic_fetch_or(word, mask, __ATOMIC_ACQ_REL)
		    : __atomic_fetch_and(word, ~mask, __ATOMIC_ACQ_REL)) &
	       mask;
}

/* The most important interrupt that waits for a CPU. */
static uint32_t waiting_for(unsigned cpu)
{
	uint32_t own = word_get(&private_pending[cpu]) & ~word_get(&private_active[cpu]);

	if (foreign)
		return foreign;
	if (host_clock_armed(cpu) <= arch_clock_now() && !(word_get(&private_active[cpu]) & BIT(ARCH_IRQ_TIMER)))
		own |= (uint32_t)BIT(ARCH_IRQ_TIMER);
	if (own)
		return (uint32_t)__builtin_ctz(own);
	for (uint32_t w = 1; w < HOST_INTIDS / 32; w++) {
		uint32_t ready = word_get(&spi_pending[w]) & word_get(&spi_enabled[w]) & ~word_get(&spi_active[w]);

		for (; ready; ready &= ready - 1) {
			uint32_t intid = 32 * w + (uint32_t)__builtin_ctz(ready);

			if (__atomic_load_n(&spi_cpu[intid], __ATOMIC_RELAXED) == cpu)
				return intid;
		}
	}
	return ARCH_IRQ_NONE;
}

bool host_irq_waits(unsigned cpu)
{
	return waiting_for(cpu) != ARCH_IRQ_NONE;
}

uint32_t arch_irq_ack(void)
{
	uint32_t intid = waiting_for(host_cpu);

	if (intid == ARCH_IRQ_NONE)
		return intid;
	if (foreign && intid == foreign) {
		foreign = 0;
		return intid;
	}
	if (intid < 32) {
		word_put(&private_active[host_cpu], intid, true);
		word_put(&private_pending[host_cpu], intid, false);
	} else {
		word_put(&spi_active[intid / 32], intid, true);
		word_put(&spi_pending[intid / 32], intid, false);
	}
	return intid;
}

void arch_irq_drop(uint32_t intid)
{
	__atomic_store_n(&dropped, intid, __ATOMIC_RELAXED);
}

void arch_irq_deactivate(uint32_t intid)
{
	uint32_t *word = intid < 32 ? &private_active[host_cpu] : &spi_active[intid / 32];

	if (!word_put(word, intid, false))
		host_fail("interrupt %u is deactivated, but not active", intid);
}

void arch_irq_enable(uint32_t intid, unsigned cpu)
{
	arch_irq_route(intid, cpu);
	word_put(&spi_enabled[intid / 32], intid, true);
}

void arch_irq_disable(uint32_t intid)
{
	word_put(&spi_enabled[intid / 32], intid, false);
}

void arch_irq_route(uint32_t intid, unsigned cpu)
{
	__atomic_store_n(&spi_cpu[intid], (uint8_t)cpu, __ATOMIC_RELAXED);
}

void arch_irq_set_edge(uint32_t intid, bool edge)
{
	(void)intid;
	(void)edge;
}

void arch_irq_set_pending(uint32_t spi, bool pending)
{
	word_put(&spi_pending[spi / 32], spi, pending);
}

bool arch_irq_is_pending(uint32_t spi)
{
	return word_get(&spi_pending[spi / 32]) & BIT(spi % 32);
}

bool arch_irq_is_active(uint32_t spi)
{
	return word_get(&spi_active[spi / 32]) & BIT(spi % 32);
}

void arch_irq_clear(uint32_t intid)
{
	word_put(&spi_pending[intid / 32], intid, false);
	word_put(&spi_active[intid / 32], intid, false);
}

void arch_ipi_send(unsigned cpu, unsigned sgi)
{
	__atomic_fetch_add(&sgis_sent[cpu], 1, __ATOMIC_RELAXED);
	word_put(&private_pending[cpu], sgi, true);
}

void arch_ipi_kick_running(const struct cpu *c, const struct thread *t)
{
	if (__atomic_load_n(&c->current, __ATOMIC_SEQ_CST) == t)
		arch_ipi_send(c->id, IPI_KICK);
}

uint32_t arch_irq_limit(void)
{
	return HOST_INTIDS;
}

void host_raise(uint32_t spi)
{
	arch_irq_set_pending(spi, true);
}

bool host_is_enabled(uint32_t spi)
{
	return word_get(&spi_enabled[spi / 32]) & BIT(spi % 32);
}

unsigned host_sgi_count(unsigned cpu)
{
	return __atomic_load_n(&sgis_sent[cpu], __ATOMIC_RELAXED);
}

void host_raise_foreign(uint32_t intid)
{
	foreign = intid;
}

uint32_t host_dropped(void)
{
	return __atomic_load_n(&dropped, __ATOMIC_RELAXED);
}

void host_serror(unsigned cpu, uint64_t esr)
{
	serror[cpu] = esr;
}

bool arch_async_error_pending(void)
{
	return serror[host_cpu] != 0;
}

uint64_t arch_async_error_take(void)
{
	uint64_t esr = serror[host_cpu];

	serror[host_cpu] = 0;
	return esr;
}

void host_raise_after(unsigned questions, uint32_t spi)
{
	questions_left = questions;
	raise_then = spi;
}

uint64_t arch_irq_pending(void)
{
	if (questions_left && --questions_left == 0)
		host_raise(raise_then);
	return host_irq_waits(host_cpu);
}
