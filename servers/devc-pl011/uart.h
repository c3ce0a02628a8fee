/* SPDX-License-Identifier: Apache-2.0 */
/* The Arm PrimeCell UART (PL011): Technical Reference Manual, DDI 0183, chapter 3. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct uart {
	volatile uint32_t *registers;
	uint32_t interrupts; /* that are wanted */
};

/*
 * Takes the UART over as the firmware set it: baud rate and pins stay. Receives by interrupt from now on. Whoever sends
 * is told by RTS when the receive FIFO is full, where that is wired.
 */
void uart_init(struct uart *uart, volatile void *registers);

/*
 * A received byte, or -1 if there is none. Damaged ones (framing, parity, break) are left out. The receiver's interrupt
 * stays requested until the FIFO is read (section 3.4), so there is nothing to acknowledge.
 */
int uart_receive(struct uart *uart);

/* Is there room in the transmit FIFO? Then a byte can be sent. */
bool uart_can_send(const struct uart *uart);
void uart_send(struct uart *uart, uint8_t byte);

/* Asks for interrupts when something was received, or for none: then it stays in the FIFO. */
void uart_want_input(struct uart *uart, bool on);

/* Asks for an interrupt when the full transmit FIFO has room again, or for none. */
void uart_want_room(struct uart *uart, bool on);
