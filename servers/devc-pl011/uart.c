/* SPDX-License-Identifier: Apache-2.0 */
#include "uart.h"

/* DDI 0183, table 3-1: offsets in words, and the bits used. */
enum {
	UARTDR = 0x00 / 4,
	UARTFR = 0x18 / 4,
	UARTLCR_H = 0x2c / 4,
	UARTCR = 0x30 / 4,
	UARTIFLS = 0x34 / 4,
	UARTIMSC = 0x38 / 4,
	UARTICR = 0x44 / 4,
};

#define DR_DAMAGED   (7u << 8) /* BE, PE, FE */
#define FR_BUSY      (1u << 3)
#define FR_RXFE      (1u << 4)
#define FR_TXFF      (1u << 5)
#define LCR_8N1_FIFO (3u << 5 | 1u << 4)
#define CR_ON        (1u << 14 | 1u << 9 | 1u << 8 | 1u << 0) /* RTSEn, RXE, TXE, UARTEN */
#define CR_CTSEN     (1u << 15)
#define IFLS_LEVELS  (1u << 3 | 1u << 0) /* at 1/4, both ways; RT covers what stays below */
#define INT_RX       (1u << 4)
#define INT_TX       (1u << 5)
#define INT_RT       (1u << 6)
#define INT_ALL      0x7ffu

#define DRAIN_ROUNDS 1000000u /* far more than 32 characters take at 9600 baud; then the UART is stuck anyway */

void uart_init(struct uart *uart, volatile void *registers)
{
	volatile uint32_t *r = registers;

	uart->registers = r;
	/* Section 3.3.8: UARTLCR_H changes only while the UART is off, and what is being sent would be cut off. */
	for (unsigned i = 0; i < DRAIN_ROUNDS && (r[UARTFR] & FR_BUSY); i++)
		;
	uint32_t cts = r[UARTCR] & CR_CTSEN; /* only the firmware knows whether it is wired */

	r[UARTIMSC] = 0;
	r[UARTCR] = 0;
	r[UARTLCR_H] = LCR_8N1_FIFO;
	r[UARTIFLS] = IFLS_LEVELS;
	r[UARTICR] = INT_ALL;
	r[UARTCR] = CR_ON | cts;
	uart->interrupts = 0;
	uart_want_input(uart, true);
}

int uart_receive(struct uart *uart)
{
	while (!(uart->registers[UARTFR] & FR_RXFE)) {
		uint32_t data = uart->registers[UARTDR];

		if (!(data & DR_DAMAGED))
			return (int)(data & 0xff);
	}
	return -1;
}

bool uart_can_send(const struct uart *uart)
{
	return !(uart->registers[UARTFR] & FR_TXFF);
}

void uart_send(struct uart *uart, uint8_t byte)
{
	uart->registers[UARTDR] = byte;
}

static void want_interrupts(struct uart *uart, uint32_t interrupts, bool on)
{
	uart->interrupts = on ? uart->interrupts | interrupts : uart->interrupts & ~interrupts;
	uart->registers[UARTIMSC] = uart->interrupts;
}

void uart_want_input(struct uart *uart, bool on)
{
	want_interrupts(uart, INT_RX | INT_RT, on);
}

void uart_want_room(struct uart *uart, bool on)
{
	want_interrupts(uart, INT_TX, on);
}
