/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does, between marks, what docs/architecture.md follows through the files of the tree: it writes to a device, makes a
 * virtual device raise an interrupt, and the board's real-time clock, which was passed to it (tools/path/journeys.py).
 * Each is done twice, since only the second time is everything where it will be from then on.
 */
#include "guest.h"

#define UART_DR        0x00
#define UART_IMSC      0x38
#define UART_ICR       0x44
#define UART_TX        0x20u /* of IMSC and ICR: a character has left */
#define GICD_IGROUPR   0x080
#define GICD_ISENABLER 0x100
#define RTC            0x9010000ull /* PL031 */
#define RTC_DR         0x00
#define RTC_MR         0x04
#define RTC_IMSC       0x10
#define RTC_RIS        0x14
#define RTC_ICR        0x1c
#define INTID_UART     37u /* in every configuration of the tests */
#define INTID_RTC      34u

static volatile bool taken;

/* The marks are the store, and what comes after it. */
__attribute__((noinline)) static void write_device(uint64_t address, uint32_t value)
{
	__asm__ volatile(".globl journey_write, journey_written\n"
			 "journey_write:\n\tstr %w0, [%1]\n"
			 "journey_written:\n\tnop" ::"r"(value),
			 "r"(address)
			 : "memory");
}

/* The interrupt comes between the store and this function's end, or right after it: guest_irq() is the other mark. */
__attribute__((noinline)) static void raise_interrupt(uint64_t address, uint32_t value)
{
	taken = false;
	__asm__ volatile(".globl journey_raise\n"
			 "journey_raise:\n\tstr %w0, [%1]" ::"r"(value),
			 "r"(address)
			 : "memory");
	while (!taken)
		;
}

/* The alarm is due, but masked: the store lets it through. */
__attribute__((noinline)) static void fire_alarm(void)
{
	while (!(read32(RTC + RTC_RIS) & 1))
		write32(RTC + RTC_MR, read32(RTC + RTC_DR));
	taken = false;
	__asm__ volatile(".globl journey_fire\n"
			 "journey_fire:\n\tstr %w0, [%1]" ::"r"(1),
			 "r"(RTC + RTC_IMSC)
			 : "memory");
	while (!taken)
		;
}

void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	if (intid == INTID_UART) {
		write32(board.uart + UART_IMSC, 0);
		write32(board.uart + UART_ICR, UART_TX);
	} else if (intid == INTID_RTC) {
		write32(RTC + RTC_IMSC, 0);
		write32(RTC + RTC_ICR, 1);
	} else {
		return;
	}
	taken = true;
}

static void enable(uint32_t bits)
{
	write32(board.gicd + GICD_IGROUPR + INTID_RTC / 32 * 4, bits);
	write32(board.gicd + GICD_ISENABLER + INTID_RTC / 32 * 4, bits);
}

void guest_main(void)
{
	say("journey: begins");
	enable(1u << INTID_UART % 32 | 1u << INTID_RTC % 32);
	irq_enable();
	for (unsigned int i = 0; i < 2; i++) {
		write_device(board.uart + UART_DR, '.');
		raise_interrupt(board.uart + UART_IMSC, UART_TX);
		fire_alarm();
	}
	say("journey: ends");
	system_off();
}

void guest_secondary(unsigned int cpu)
{
	(void)cpu;
}
