/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to the UART with EL1 settings that most guests do not have, and by instructions of which the syndrome does
 * not say what they do. The register is UARTFR, of 32 bits.
 */
#include "patterns.h"

#define SCTLR_I    (1ull << 12)
#define SCTLR_UCT  (1ull << 15)
#define SCTLR_ENIA (1ull << 31)

void sctlr_write(uint64_t value)
{
	WRITE_REG("sctlr_el1", value);
	__asm__ volatile("isb" ::: "memory");
}

static void measure_set(uint64_t bits, const char *id)
{
	uint64_t before = READ_REG("sctlr_el1");

	sctlr_write(before | bits);
	MEASURE_ONE(0, time_read(board.uart + UART_FR));
	results_worst(id);
	sctlr_write(before);
}

/* The first access after each change. */
static void measure_changing(uint64_t bits)
{
	uint64_t value = READ_REG("sctlr_el1");

	MEASURE_ONE(bits, ({
			    value ^= bits;
			    sctlr_write(value);
			    time_read(board.uart + UART_FR);
		    }));
}

static void measure_debug(void)
{
	uint64_t before = READ_REG("mdscr_el1");

	WRITE_REG("mdscr_el1", before | MDSCR_MDE);
	__asm__ volatile("isb" ::: "memory");
	MEASURE_ONE(0, time_read(board.uart + UART_FR));
	results_worst("mmio_odd_el1.mde");
	WRITE_REG("mdscr_el1", before);
	__asm__ volatile("isb" ::: "memory");
}

static void measure_decoded(const char *id)
{
	MEASURE_ONE(1, TIME_ACCESS("ldp %w2, w9, [%3]", board.uart + UART_FR, 0));
	MEASURE_ONE(2, TIME_ACCESS("ldr %w2, [%3], #8", board.uart + UART_FR, 0));
	MEASURE_ONE(3, TIME_ACCESS("ldrb %w2, [%3, #8]!", board.uart + UART_FR - 8, 0));
	MEASURE_ONE(4, TIME_ACCESS("str %w2, [%3], #8", board.uart + 0x38, 0));
	results_worst(id);
}

/* Instructions are decoded where they lie: with the MMU on, by the guest's tables. */
void measure_odd(void)
{
	uint64_t off = READ_REG("sctlr_el1");

	measure_set(SCTLR_A, "mmio_odd_el1.a");
	measure_set(SCTLR_UMA, "mmio_odd_el1.uma");
	measure_set(SCTLR_ENIA, "mmio_odd_el1.enia");
	measure_debug();
	measure_changing(SCTLR_I);
	measure_changing(SCTLR_UCT);
	measure_changing(SCTLR_UMA);
	results_worst("mmio_odd_el1.changed");
	measure_decoded("mmio_decoded.off");
	mmu_build();
	mmu_enable();
	measure_decoded("mmio_decoded.mmu");
	sctlr_write(off);
}
