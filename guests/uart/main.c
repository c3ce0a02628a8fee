/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the board's own UART, a PL011 (Arm DDI 0183), and listens with its loopback to what anybody else writes there.
 * Boot arguments: uart=ADDRESS; seconds=N to listen, 3 without it; end=1: switched off at once, so that the host has
 * something to report.
 */
#include "guest.h"

#define UART_DR   0x00
#define UART_FR   0x18
#define UART_LCRH 0x2c
#define UART_CR   0x30
#define FR_TXFF   (1u << 5)
#define FR_RXFE   (1u << 4)
#define LCRH_8N1  0x70u /* with FIFOs */
#define CR_ON     0x301u
#define CR_LBE    (1u << 7)

static uint64_t uart;

static void write_byte(char c)
{
	while (read32(uart + UART_FR) & FR_TXFF)
		yield();
	write32(uart + UART_DR, (uint8_t)c);
}

static void write_text(const char *text)
{
	for (; *text; text++)
		write_byte(*text);
}

static void write_decimal(uint64_t number)
{
	if (number >= 10)
		write_byte((char)('0' + number / 10 % 10));
	write_byte((char)('0' + number % 10));
}

/* How many bytes came that were not ours, 99 at most. */
static uint64_t listen(uint64_t seconds)
{
	uint64_t end = now() + seconds * counter_hz(), heard = 0;

	write32(uart + UART_CR, CR_ON | CR_LBE);
	while (now() < end) {
		while (!(read32(uart + UART_FR) & FR_RXFE)) {
			read32(uart + UART_DR);
			heard++;
		}
	}
	write32(uart + UART_CR, CR_ON);
	return heard < 99 ? heard : 99;
}

void guest_main(void)
{
	uint64_t heard;

	uart = bootarg("uart", 0);
	if (bootarg("end", 0) || !uart)
		system_off();
	write32(uart + UART_LCRH, LCRH_8N1);
	write32(uart + UART_CR, CR_ON | CR_LBE);
	/* What it writes itself comes back: else it would hear nobody. */
	while (!(read32(uart + UART_FR) & FR_RXFE))
		read32(uart + UART_DR);
	write_byte('x');
	while ((read32(uart + UART_DR) & 0xff) != 'x')
		yield();
	heard = listen(bootarg("seconds", 3));
	write_text("uart: heard ");
	write_decimal(heard);
	write_text("\r\n");
	system_off();
}

void guest_secondary(unsigned int cpu)
{
	(void)cpu;
}

void guest_irq(struct frame *frame, uint32_t intid)
{
	(void)frame;
	(void)intid;
}
