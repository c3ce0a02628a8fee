/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/devc-pl011/uart.c */
/* The console driver's half of the PL011, on plain memory: what it leaves in the registers (DDI 0183, chapter 3). */
#include "servers/devc-pl011/uart.h"
#include "unit.h"
#include <string.h>

enum {
	DR = 0,
	FR = 0x18 / 4,
	LCR_H = 0x2c / 4,
	CR = 0x30 / 4,
	IFLS = 0x34 / 4,
	IMSC = 0x38 / 4,
	ICR = 0x44 / 4,
	WORDS = 0x1000 / 4
};

#define UARTEN (1u << 0)
#define TXE    (1u << 8)
#define RXE    (1u << 9)
#define RTS    (1u << 11)
#define RTSEN  (1u << 14)
#define CTSEN  (1u << 15)
#define RX     (1u << 4)
#define TX     (1u << 5)
#define RT     (1u << 6)
#define OTHER  0xa5a5a5a5u

static uint32_t r[WORDS], before[WORDS];

/* No register has changed since remember(), but this one. */
static void remember(void)
{
	memcpy(before, r, sizeof(r));
}

static void assert_only(unsigned word, uint32_t value)
{
	assert_int_equal(r[word], value);
	before[word] = value;
	assert_memory_equal(r, before, sizeof(r));
}

/* RTS is the receiver's to drive, CTS obeyed only if the firmware did; nothing else of UARTCR outlives the start. */
static void the_receiver_drives_rts(void **state)
{
	static const uint32_t found[] = {0,      CTSEN,           UARTEN | TXE | RXE, CTSEN | UARTEN | TXE,
					 0xffff, 0xffff & ~CTSEN, RTS | 0x80};

	(void)state;
	for (unsigned i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		struct uart uart = {.registers = NULL, .interrupts = OTHER};

		for (unsigned w = 0; w < WORDS; w++)
			r[w] = OTHER;
		r[FR] = 0x90;
		r[CR] = found[i];
		remember();
		uart_init(&uart, r);
		before[CR] = RTSEN | RXE | TXE | UARTEN | (found[i] & CTSEN);
		before[LCR_H] = 0x70; /* 8 bits, no parity, FIFOs */
		before[IFLS] = 0x9;   /* both at 1/4 */
		before[ICR] = 0x7ff;  /* what was pending is past */
		assert_only(IMSC, RX | RT);
	}
}

/* Who has no room for input masks RX and RT alone: the FIFO fills, and RTS holds the sender. */
static void without_room_for_input_only_its_interrupts_are_masked(void **state)
{
	struct uart uart;

	(void)state;
	memset(r, 0, sizeof(r));
	uart_init(&uart, r);
	remember();
	uart_want_input(&uart, false);
	assert_only(IMSC, 0);
	uart_want_input(&uart, false);
	assert_only(IMSC, 0);
	uart_want_room(&uart, true);
	assert_only(IMSC, TX);
	uart_want_input(&uart, true);
	assert_only(IMSC, RX | TX | RT);
	uart_want_input(&uart, false);
	assert_only(IMSC, TX);
	uart_want_input(&uart, true);
	uart_want_room(&uart, false);
	assert_only(IMSC, RX | RT);
}

static void data_goes_both_ways(void **state)
{
	struct uart uart;

	(void)state;
	memset(r, 0, sizeof(r));
	uart_init(&uart, r);
	r[FR] = 1u << 4;
	r[DR] = 'x';
	assert_int_equal(uart_receive(&uart), -1);
	assert_true(uart_can_send(&uart));
	r[FR] = 1u << 5;
	r[DR] = 1u << 11 | 0xff; /* an overrun has lost the next one: this one is whole */
	assert_int_equal(uart_receive(&uart), 0xff);
	assert_false(uart_can_send(&uart));
	remember();
	uart_send(&uart, 0xfe);
	assert_only(DR, 0xfe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_receiver_drives_rts),
	    cmocka_unit_test(without_room_for_input_only_its_interrupts_are_masked),
	    cmocka_unit_test(data_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
