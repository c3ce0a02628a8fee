/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, alone and with interrupts of devices around them: those that are pending, and those in flight. */
#include "patterns.h"

#define SPI_FIRST   64 /* nobody's, so that only this program makes them pending */
#define WORD        (SPI_FIRST / 32 * 4)
#define TAKEN       0xa0
#define NEVER_TAKEN 0xf0    /* not above what gic_init_cpu() lets through */
#define FAR         1000000 /* microseconds */

void spi_enable(uint32_t intid, uint8_t priority)
{
	uint32_t word = intid / 32 * 4, bit = 1u << intid % 32;

	write32(board.gicd + GICD_IGROUPR + word, read32(board.gicd + GICD_IGROUPR + word) | bit);
	__asm__ volatile("strb %w0, [%1]" ::"r"(priority), "r"(board.gicd + GICD_IPRIORITY + intid) : "memory");
	write32(board.gicd + GICD_ISENABLER + word, bit);
}

/* In flight: acknowledged, and their priority dropped, so that others may interrupt; not yet deactivated. */
static void fly(unsigned int count)
{
	WRITE_REG("icc_ctlr_el1", 2);
	__asm__ volatile("isb");
	for (unsigned int i = 0; i < count; i++) {
		uint64_t intid = READ_REG("icc_iar1_el1");

		WRITE_REG("icc_eoir1_el1", intid);
		__asm__ volatile("isb");
	}
	WRITE_REG("icc_ctlr_el1", 0);
	__asm__ volatile("isb");
}

void spis_begin(enum spis how, unsigned int count)
{
	irq_disable();
	for (unsigned int i = 0; i < count; i++)
		spi_enable(SPI_FIRST + i, how == SPIS_PENDING ? NEVER_TAKEN : TAKEN);
	write32(board.gicd + GICD_ISPENDR + WORD, (1u << count) - 1);
	if (how == SPIS_IN_FLIGHT)
		fly(count);
	irq_enable();
}

void spis_end(void)
{
	write32(board.gicd + GICD_ICENABLER + WORD, ~0u);
	write32(board.gicd + GICD_ICPENDR + WORD, ~0u);
	write32(board.gicd + GICD_ICACTIVER + WORD, ~0u);
}

static void measure_around(enum spis how, unsigned int count, const char *id)
{
	spis_begin(how, count);
	MEASURE_ONE(count, time_timer(&records[0], false));
	results_worst(id);
	spis_end();
}

/* One is taken and completed, and is not seen again. */
static void measure_after_one(void)
{
	uint64_t count = records[0].count;

	spi_enable(SPI_FIRST, TAKEN);
	write32(board.gicd + GICD_ISPENDR + WORD, 1);
	await(&records[0], count);
	MEASURE_ONE(0, time_timer(&records[0], false));
	results_worst("vtimer_running_spis.after");
	spis_end();
}

/* ---- the physical timer ---- */

static void ptimer_off(void)
{
	WRITE_REG("cntp_ctl_el0", 0);
	__asm__ volatile("isb");
}

static void measure_arming(void)
{
	uint64_t far = now() + microseconds(FAR);

	MEASURE_ONE(1, TIME_REGISTER("msr cntp_cval_el0, %2; mov x9, #1; msr cntp_ctl_el0, x9", far++));
	results_worst("ptimer_arm.cval_ctl");
	MEASURE_ONE(2, TIME_REGISTER("msr cntp_cval_el0, %2", far++));
	MEASURE_ONE(3, TIME_REGISTER("msr cntp_tval_el0, %2", microseconds(FAR)));
	results_worst("ptimer_arm.running");
	MEASURE_ONE(4, ({
			    ptimer_off();
			    TIME_REGISTER("msr cntp_ctl_el0, %2", 1);
		    }));
	results_worst("ptimer_arm.ctl");
	ptimer_off();
}

static uint64_t time_ptimer(const struct irq_record *self)
{
	uint64_t count = self->count, deadline = now() + microseconds(TIMER_AHEAD);

	WRITE_REG("cntp_cval_el0", deadline);
	WRITE_REG("cntp_ctl_el0", 1);
	__asm__ volatile("isb");
	await(self, count);
	return self->counter - deadline - overhead / 2;
}

void measure_timers(void)
{
	measure_arming();
	records[0].reply = REPLY_SILENCES;
	MEASURE_ONE(0, time_ptimer(&records[0]));
	results_worst("ptimer");
	records[0].reply = 0;
	measure_around(SPIS_PENDING, 8, "vtimer_running_spis.pending_8");
	measure_around(SPIS_PENDING, 30, "vtimer_running_spis.pending_30");
	measure_around(SPIS_IN_FLIGHT, 8, "vtimer_running_spis.in_flight_8");
	measure_around(SPIS_IN_FLIGHT, 30, "vtimer_running_spis.in_flight_30");
	measure_after_one();
}
