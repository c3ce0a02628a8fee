/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 by polling (Arm DDI 0183), and numbers as text. */
#include "guest.h"

#define UART_DR      0x00
#define UART_FR      0x18
#define UART_FR_TXFF (1u << 5)
#define UART_LCRH    0x2c
#define UART_CR      0x30
#define UART_IMSC    0x38

/*
 * Lamport's bakery: mutual exclusion from plain loads and stores, because exclusives may not work with the MMU off.
 */
static volatile unsigned int choosing[CPU_LIMIT], ticket[CPU_LIMIT];

static bool before(unsigned int other, unsigned int self)
{
	unsigned int theirs = ticket[other], mine = ticket[self];

	return theirs && (theirs < mine || (theirs == mine && other < self));
}

static void lock(void)
{
	unsigned int self = cpu_index(), most = 0;

	choosing[self] = 1;
	barrier();
	for (unsigned int i = 0; i < CPU_LIMIT; i++)
		most = ticket[i] > most ? ticket[i] : most;
	ticket[self] = most + 1;
	barrier();
	choosing[self] = 0;
	barrier();
	for (unsigned int i = 0; i < CPU_LIMIT; i++) {
		while (choosing[i])
			yield();
		barrier();
		while (before(i, self))
			yield();
	}
	barrier();
}

static void unlock(void)
{
	barrier();
	ticket[cpu_index()] = 0;
}

void uart_init(void)
{
	if (board.sbsa_uart || !board.uart)
		return;
	write32(board.uart + UART_IMSC, 0);
	write32(board.uart + UART_LCRH, 0x70); /* 8 bits, FIFO */
	write32(board.uart + UART_CR, 0x301);  /* enable, transmit, receive */
}

static void put_char(char c)
{
	if (!board.uart)
		return;
	/* A guest that attacks its own UART may have switched it off meanwhile: a full FIFO then never drains. */
	for (unsigned int i = 1; read32(board.uart + UART_FR) & UART_FR_TXFF; i++) {
		if (i % 4096 == 0)
			uart_init();
		yield();
	}
	write32(board.uart + UART_DR, (uint8_t)c);
}

void line_begin(void)
{
	lock();
	uart_init();
}

void put(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_base(uint64_t value, unsigned int base)
{
	char digits[24];
	unsigned int n = sizeof(digits);

	digits[--n] = 0;
	do {
		digits[--n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put(digits + n);
}

void put_number(uint64_t value)
{
	put_base(value, 10);
}

void put_hex(uint64_t value)
{
	put("0x");
	put_base(value, 16);
}

void line_end(void)
{
	put("\r\n");
	unlock();
}

void say(const char *text)
{
	line_begin();
	put(text);
	line_end();
}
