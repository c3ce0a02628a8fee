/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: vdev/pl011/pl011.c */
/*
 * The UART register by register, then as drivers use it: a model of an interrupt-driven one with Linux's order of
 * accesses, a polling console, and one that calls itself until an interrupt takes over.
 */
#include "unit.h"
#include "vdev/pl011/pl011.h"
#include <stdio.h>
#include <string.h>

enum {
	DR = 0,
	RSR = 4,
	FR = 0x18,
	IBRD = 0x24,
	FBRD = 0x28,
	LCR_H = 0x2c,
	CR = 0x30,
	IFLS = 0x34,
	IMSC = 0x38,
	RIS = 0x3c,
	MIS = 0x40,
	ICR = 0x44,
	DMACR = 0x48
};

#define FR_BUSY 0x08u
#define FR_RXFE 0x10u
#define FR_TXFF 0x20u
#define FR_RXFF 0x40u
#define FR_TXFE 0x80u
#define INT_RX  0x10u
#define INT_TX  0x20u
#define INT_RT  0x40u
#define INT_OE  0x400u
#define FIFO_ON 0x70u /* LCR_H: 8 bits, FEN */

static struct pl011 uart;

static struct back_end {
	char text[8192];
	unsigned count, room;
	bool irq;
	unsigned irq_changes;
} back_end;

static bool tx(void *ctx, uint8_t byte)
{
	assert_ptr_equal(ctx, &back_end);
	if (back_end.room == 0)
		return false;
	assert_true(back_end.count < sizeof(back_end.text));
	back_end.room--;
	back_end.text[back_end.count++] = (char)byte;
	return true;
}

static void set_irq(void *ctx, bool level)
{
	(void)ctx;
	assert_int_not_equal(level, back_end.irq);
	back_end.irq = level;
	back_end.irq_changes++;
}

static const struct pl011_ops ops = {tx, set_irq};

static int setup(void **state)
{
	(void)state;
	memset(&back_end, 0, sizeof(back_end));
	back_end.room = ~0u;
	pl011_init(&uart, &ops, &back_end);
	return 0;
}

static uint32_t get(uint64_t offset)
{
	uint64_t value = ~0ull;

	assert_true(pl011_read(&uart, offset, 4, &value));
	assert_int_equal(value >> 32, 0);
	return (uint32_t)value;
}

static void put(uint64_t offset, uint32_t value)
{
	assert_true(pl011_write(&uart, offset, 4, value));
}

static void room_again(unsigned bytes)
{
	back_end.room = bytes;
	pl011_tx_ready(&uart);
}

static void registers_have_their_reset_values_and_bits(void **state)
{
	static const struct {
		uint32_t offset, reset, written;
	} t[] = {
	    {RSR, 0, 0},         {0x20, 0, 0xff},     {IBRD, 0, 0xffff},   {FBRD, 0, 0x3f},     {LCR_H, 0, 0xff},
	    {CR, 0x301, 0xff87}, {IFLS, 0x12, 0x3f},  {DMACR, 0, 7},       {MIS, 0, 0},         {IMSC, 0, 0x7ff},
	    {ICR, 0, 0},         {0x80, 0, 0},        {0xfe0, 0x11, 0x11}, {0xfe4, 0x10, 0x10}, {0xfe8, 0x34, 0x34},
	    {0xfec, 0, 0},       {0xff0, 0x0d, 0x0d}, {0xff4, 0xf0, 0xf0}, {0xff8, 0x05, 0x05}, {0xffc, 0xb1, 0xb1},
	};

	(void)state;
	assert_int_equal(get(FR), 0x97);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(get(t[i].offset), t[i].reset);
		put(t[i].offset, ~0u);
		assert_int_equal(get(t[i].offset), t[i].written);
	}
	pl011_reset(&uart);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(get(t[i].offset), t[i].reset);
	assert_int_equal(get(FR), 0x97);
}

/* Without the lock: every offset shows what a read shows, but that of a character that waits. */
static void what_changes_nothing_is_seen_without_a_read(void **state)
{
	(void)state;
	put(IBRD, 0x1234);
	put(IMSC, INT_TX | INT_RX);
	put(DR, 'a');
	for (unsigned waits = 0; waits < 2; waits++) {
		for (uint64_t offset = 0; offset < PL011_BYTES; offset++) {
			const int64_t seen = pl011_peek(&uart, offset);
			uint64_t value;

			assert_int_equal(seen < 0, offset % 4 != 0 || (waits && offset == DR));
			if (seen < 0)
				continue;
			assert_true(pl011_read(&uart, offset, 4, &value));
			assert_int_equal(value, (uint64_t)seen);
		}
		assert_int_equal(pl011_receive(&uart, 'b'), waits == 0);
	}
	assert_int_equal(get(DR), 'b');
	assert_int_equal(pl011_peek(&uart, DR), 0);
}

static bool may_pass(uint32_t offset, uint32_t value)
{
	put(offset, value);
	return uart.passes;
}

/* A character that goes past the FIFO leaves the device as one that goes through it. */
static void a_character_may_go_past_the_fifo(void **state)
{
	(void)state;
	for (unsigned fifo = 0; fifo < 2; fifo++) {
		struct pl011 through;

		put(LCR_H, fifo ? FIFO_ON : 0);
		put(IMSC, INT_TX);
		put(ICR, ~0u);
		assert_true(uart.passes);
		assert_false(back_end.irq);
		put(DR, 'a');
		through = uart;
		put(ICR, ~0u);
		assert_true(pl011_passed(&uart));
		assert_true(uart.irq);
		assert_false(back_end.irq);
		assert_false(pl011_passed(&uart));
		back_end.irq = true;
		assert_memory_equal(&through.tx.count, &uart.tx.count, sizeof(uart.tx.count));
		assert_memory_equal(through.reg, uart.reg, sizeof(uart.reg));
	}
	assert_false(may_pass(CR, 0x301 | 0x80)); /* loopback */
	assert_false(may_pass(CR, 0x201));        /* the transmitter is off */
	assert_false(may_pass(CR, 0x300));        /* the UART is */
	assert_true(may_pass(CR, 0x301));
	back_end.room = 0;
	assert_false(may_pass(DR, 'b'));
	room_again(1);
	assert_true(uart.passes);
}

static void each_register_has_its_sizes(void **state)
{
	uint64_t value;

	(void)state;
	put(IBRD, 0x1234);
	assert_true(pl011_read(&uart, IBRD, 1, &value) && value == 0x34);
	assert_true(pl011_read(&uart, IBRD, 2, &value) && value == 0x1234);
	assert_true(pl011_write(&uart, DR, 1, 'a'));
	assert_true(pl011_write(&uart, DR, 2, 0xff00 | 'b'));
	assert_string_equal(back_end.text, "ab");
	assert_true(pl011_write(&uart, IBRD, 1, 0xabcd));
	assert_int_equal(get(IBRD), 0xcd);
	assert_false(pl011_read(&uart, IBRD, 8, &value));
	assert_false(pl011_read(&uart, IBRD, 3, &value));
	assert_false(pl011_read(&uart, IBRD + 1, 1, &value));
	assert_false(pl011_write(&uart, IBRD + 2, 4, 0));
	assert_false(pl011_read(&uart, PL011_BYTES, 4, &value));
	assert_false(pl011_write(&uart, ~3ull, 4, 0));
}

/* An early console, as Linux's: nothing is initialised; wait for TXFF, write, wait for BUSY. */
static void a_polling_driver_gets_its_text_out(void **state)
{
	const char *text = "early console\r\n";

	(void)state;
	for (const char *p = text; *p; p++) {
		assert_false(get(FR) & FR_TXFF);
		put(DR, (uint8_t)*p);
		assert_false(get(FR) & FR_BUSY);
	}
	assert_string_equal(back_end.text, text);
	assert_int_equal(back_end.irq_changes, 0);
}

static void a_full_back_end_fills_the_fifo(void **state)
{
	(void)state;
	put(LCR_H, FIFO_ON);
	back_end.room = 0;
	for (unsigned i = 0; i < PL011_FIFO; i++) {
		assert_false(get(FR) & FR_TXFF);
		put(DR, 'A' + i);
		assert_int_equal(get(FR) & (FR_BUSY | FR_TXFE), FR_BUSY);
	}
	assert_true(get(FR) & FR_TXFF);
	put(DR, '!'); /* lost, as the driver ought to know */
	assert_false(get(RIS) & INT_TX);
	room_again(15);
	assert_int_equal(back_end.count, 15);
	assert_false(get(RIS) & INT_TX); /* 17 left, above the level of 16 */
	assert_int_equal(get(FR) & (FR_BUSY | FR_TXFE | FR_TXFF), FR_BUSY);
	room_again(1);
	assert_true(get(RIS) & INT_TX);
	put(DR, 'z');
	assert_false(get(RIS) & INT_TX); /* above the level again */
	room_again(100);
	assert_int_equal(get(FR) & (FR_BUSY | FR_TXFE), FR_TXFE);
	assert_memory_equal(back_end.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`z", 33);
	assert_int_equal(back_end.count, 33);

	put(LCR_H, 0); /* one register instead of the FIFO */
	back_end.room = 0;
	put(DR, '1');
	assert_true(get(FR) & FR_TXFF);
	assert_false(get(RIS) & INT_TX);
	put(DR, '2');
	room_again(2);
	assert_int_equal(back_end.count, 34);
	assert_true(get(RIS) & INT_TX);
}

static void a_disabled_transmitter_sends_nothing(void **state)
{
	(void)state;
	put(CR, 0x300);
	put(LCR_H, FIFO_ON);
	put(DR, 'x');
	put(DR, 'y');
	assert_int_equal(back_end.count, 0);
	assert_true(get(FR) & FR_BUSY);
	put(CR, 0x201);
	assert_int_equal(back_end.count, 0);
	put(CR, 0x101);
	assert_string_equal(back_end.text, "xy");
}

static void the_transmit_interrupt_comes_by_transition(void **state)
{
	(void)state;
	put(LCR_H, FIFO_ON);
	put(IMSC, INT_TX);
	assert_false(back_end.irq); /* by transition: not before something was sent */
	put(DR, 'a');
	assert_true(back_end.irq);
	assert_int_equal(get(MIS), INT_TX);
	put(ICR, INT_TX);
	assert_false(back_end.irq);
	put(DR, 'b');
	assert_true(back_end.irq);
	put(IMSC, 0);
	assert_false(back_end.irq);
	assert_int_equal(get(RIS), INT_TX);
	assert_int_equal(get(MIS), 0);
}

static void the_receive_interrupt_comes_at_its_level(void **state)
{
	static const uint8_t levels[8] = {4, 8, 16, 24, 28, 28, 28, 28};

	(void)state;
	for (unsigned sel = 0; sel < 8; sel++) {
		setup(NULL);
		put(LCR_H, FIFO_ON);
		put(IFLS, sel << 3);
		put(IMSC, INT_RX);
		for (unsigned i = 0; i < levels[sel]; i++) {
			assert_false(back_end.irq);
			assert_int_equal(get(RIS), i ? INT_RT : 0);
			assert_true(pl011_receive(&uart, (uint8_t)i));
		}
		assert_true(back_end.irq);
		assert_int_equal(get(DR), 0);
		assert_false(back_end.irq);
		assert_true(pl011_receive(&uart, 0x99));
		assert_true(back_end.irq);
		assert_true(pl011_receive(&uart, 0x9a));
		assert_int_equal(get(DR), 1);
		assert_true(back_end.irq); /* still at the level */
		put(ICR, INT_RX);
		assert_false(back_end.irq);
		for (unsigned i = 2; i < levels[sel]; i++) {
			assert_int_equal(get(RIS), INT_RT);
			assert_int_equal(get(DR), i);
		}
		assert_int_equal(get(DR), 0x99);
		assert_int_equal(get(DR), 0x9a);
		assert_int_equal(get(RIS), 0);
		assert_true(get(FR) & FR_RXFE);
		assert_int_equal(get(DR), 0);
	}
}

static void without_a_fifo_one_byte_is_received(void **state)
{
	(void)state;
	put(IMSC, INT_RX | INT_RT);
	assert_int_equal(pl011_rx_room(&uart), 1);
	assert_true(pl011_receive(&uart, 'q'));
	assert_int_equal(get(RIS), INT_RX);
	assert_true(back_end.irq);
	assert_true(get(FR) & FR_RXFF);
	assert_false(pl011_receive(&uart, 'r')); /* back pressure, no overrun */
	assert_int_equal(get(RIS), INT_RX);
	assert_int_equal(get(DR), 'q');
	assert_false(back_end.irq);
}

static void room_is_what_the_fifo_has(void **state)
{
	(void)state;
	put(LCR_H, FIFO_ON);
	for (unsigned i = 0; i < PL011_FIFO; i++) {
		assert_int_equal(pl011_rx_room(&uart), PL011_FIFO - i);
		assert_true(pl011_receive(&uart, (uint8_t)i));
	}
	assert_int_equal(pl011_rx_room(&uart), 0);
	assert_false(pl011_receive(&uart, 0));
	put(LCR_H, 0); /* what is in the FIFO stays */
	assert_int_equal(pl011_rx_room(&uart), 0);
	for (unsigned i = 0; i < PL011_FIFO; i++)
		assert_int_equal(get(DR), i);
	put(CR, 0x101); /* no RXE */
	assert_int_equal(pl011_rx_room(&uart), 0);
	assert_false(pl011_receive(&uart, 0));
	put(CR, 0x300);
	assert_false(pl011_receive(&uart, 0));
	put(CR, 0x301);
	assert_true(pl011_receive(&uart, 0));
}

static void loopback_receives_what_is_sent(void **state)
{
	(void)state;
	put(LCR_H, FIFO_ON);
	put(IMSC, 0xf);
	put(CR, 0x381);
	assert_true(back_end.irq); /* the modem lines fell */
	assert_int_equal(get(RIS), 0xe);
	assert_int_equal(get(FR) & 0x107, 0);
	put(ICR, 0xf);
	put(CR, 0x2381);
	assert_int_equal(get(FR) & 0x107, 0x100);
	assert_int_equal(get(RIS), 1);
	put(CR, 0x3f81);
	assert_int_equal(get(FR) & 0x107, 0x107);
	put(ICR, 0x7ff);
	for (unsigned i = 0; i < PL011_FIFO + 2; i++)
		put(DR, i);
	assert_int_equal(back_end.count, 0);
	assert_false(pl011_receive(&uart, 0));
	assert_int_equal(get(RSR), 8);
	assert_true(get(RIS) & INT_OE);
	assert_int_equal(get(DR), 0x800); /* with the flag that something was lost */
	assert_int_equal(get(DR), 1);
	put(RSR, 0);
	assert_int_equal(get(RSR), 0);
	put(ICR, INT_OE);
	for (unsigned i = 2; i < PL011_FIFO; i++)
		assert_int_equal(get(DR), i);
	assert_true(get(FR) & FR_RXFE);
}

static void a_reset_clears_everything(void **state)
{
	(void)state;
	put(LCR_H, FIFO_ON);
	put(IMSC, INT_RT | INT_TX);
	back_end.room = 0;
	put(DR, 'x');
	pl011_receive(&uart, 'y');
	assert_true(back_end.irq);
	pl011_reset(&uart);
	assert_false(back_end.irq);
	assert_int_equal(get(FR), 0x97);
	put(DR, 'z'); /* the back end is still full */
	assert_int_equal(back_end.count, 0);
	room_again(5);
	assert_string_equal(back_end.text, "z");
}

/* --- An interrupt-driven driver --- */

static struct driver {
	const char *out;
	unsigned left;
	char in[4096];
	unsigned in_count;
	uint32_t mask;
} driver;

static void driver_open(void)
{
	memset(&driver, 0, sizeof(driver));
	put(ICR, 0x7f0);
	put(IMSC, 0);
	put(IFLS, 0x12);
	put(LCR_H, FIFO_ON);
	put(CR, 0x301);
	put(ICR, INT_RT | INT_RX);
	for (unsigned i = 0; i < 2 * PL011_FIFO && !(get(FR) & FR_RXFE); i++)
		get(DR);
	driver.mask = INT_RX | INT_RT;
	put(IMSC, driver.mask);
}

static void driver_mask(uint32_t mask)
{
	driver.mask = mask;
	put(IMSC, mask);
}

/* Half a FIFO at a time; without an interrupt, only while there is room. */
static void driver_send(bool from_interrupt)
{
	for (unsigned n = 0; n < PL011_FIFO / 2 && driver.left; n++) {
		if ((!from_interrupt || n > 0) && (get(FR) & FR_TXFF))
			break;
		put(DR, (uint8_t)*driver.out++);
		driver.left--;
	}
	driver_mask(driver.left ? driver.mask | INT_TX : driver.mask & ~INT_TX);
}

static void driver_receive(void)
{
	while (!(get(FR) & FR_RXFE)) {
		uint32_t data = get(DR);

		assert_int_equal(data & 0xf00, 0);
		driver.in[driver.in_count++] = (char)data;
	}
}

static void driver_interrupt(void)
{
	uint32_t status = get(MIS);

	for (unsigned pass = 0; status && pass < 256; pass++) {
		put(ICR, status & ~(INT_TX | INT_RT | INT_RX));
		if (status & (INT_RT | INT_RX))
			driver_receive();
		if (status & INT_TX)
			driver_send(true);
		status = get(MIS);
	}
}

static void an_interrupt_driver_loses_nothing(void **state)
{
	static char text[4000], typed[2000];
	unsigned in = 0;
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)('!' + i % 90);
	for (unsigned i = 0; i < sizeof(typed); i++)
		typed[i] = (char)('a' + i % 26);
	back_end.room = 0;
	driver_open();
	driver.out = text;
	driver.left = sizeof(text);
	driver_send(false);
	for (unsigned round = 0; round < 5000; round++) {
		seed = seed * 1664525u + 1013904223u;
		room_again(seed >> 28);
		for (unsigned n = (seed >> 20) & 63;
		     n && in < sizeof(typed) && pl011_receive(&uart, (uint8_t)typed[in]); n--)
			in++;
		if (back_end.irq)
			driver_interrupt();
		assert_false(back_end.irq);
	}
	assert_int_equal(driver.left, 0);
	assert_int_equal(back_end.count, sizeof(text));
	assert_memory_equal(back_end.text, text, sizeof(text));
	assert_int_equal(driver.in_count, sizeof(typed));
	assert_memory_equal(driver.in, typed, sizeof(typed));
	assert_int_equal(driver.mask, INT_RX | INT_RT);
}

/* With a back end that takes all at once, the interrupt comes for each half FIFO until the text has gone. */
static void a_fast_back_end_interrupts_for_each_half_fifo(void **state)
{
	static char text[500];

	(void)state;
	memset(text, 'T', sizeof(text));
	driver_open();
	driver.out = text;
	driver.left = sizeof(text);
	driver_send(false);
	for (unsigned n = 0; back_end.irq && n < 1000; n++)
		driver_interrupt();
	assert_int_equal(driver.left, 0);
	assert_int_equal(back_end.count, sizeof(text));
}

/* A driver that sets the mask first and calls its own handler until the FIFO is full, for want of a first interrupt. */
static void a_driver_that_fills_the_fifo_first_goes_on(void **state)
{
	unsigned sent = 0;

	(void)state;
	driver_open();
	back_end.room = 10;
	put(IMSC, INT_TX);
	while (!(get(FR) & FR_TXFF)) {
		put(DR, 'k');
		sent++;
	}
	assert_int_equal(sent, 10 + PL011_FIFO);
	assert_false(back_end.irq);
	room_again(PL011_FIFO);
	assert_true(back_end.irq);
	assert_int_equal(back_end.count, sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(registers_have_their_reset_values_and_bits, setup),
	    cmocka_unit_test_setup(each_register_has_its_sizes, setup),
	    cmocka_unit_test_setup(what_changes_nothing_is_seen_without_a_read, setup),
	    cmocka_unit_test_setup(a_character_may_go_past_the_fifo, setup),
	    cmocka_unit_test_setup(a_polling_driver_gets_its_text_out, setup),
	    cmocka_unit_test_setup(a_full_back_end_fills_the_fifo, setup),
	    cmocka_unit_test_setup(a_disabled_transmitter_sends_nothing, setup),
	    cmocka_unit_test_setup(the_transmit_interrupt_comes_by_transition, setup),
	    cmocka_unit_test_setup(the_receive_interrupt_comes_at_its_level, setup),
	    cmocka_unit_test_setup(without_a_fifo_one_byte_is_received, setup),
	    cmocka_unit_test_setup(room_is_what_the_fifo_has, setup),
	    cmocka_unit_test_setup(loopback_receives_what_is_sent, setup),
	    cmocka_unit_test_setup(a_reset_clears_everything, setup),
	    cmocka_unit_test_setup(an_interrupt_driver_loses_nothing, setup),
	    cmocka_unit_test_setup(a_fast_back_end_interrupts_for_each_half_fifo, setup),
	    cmocka_unit_test_setup(a_driver_that_fills_the_fifo_first_goes_on, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
