/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port, its threads and the console driver. */
#include "vm_under_test.h"

static struct vdev_value serial_read(uint64_t ipa, unsigned size)
{
	const struct mmio_region *region = mmio_find(&vm.mmio, ipa, size);

	return region->read(region->device, 0, ipa, size);
}

static bool serial_write(uint64_t ipa, unsigned size, uint64_t value)
{
	const struct mmio_region *region = mmio_find(&vm.mmio, ipa, size);

	return region->write(region->device, 0, ipa, size, value);
}

/* A full ring holds the guest back, lets others run once, and loses nothing. */
static void a_full_ring_holds_the_guest_back(void **state)
{
	uint64_t flags, began;
	unsigned taken = 0;

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	began = core.now;
	serial_write(UART + 0x2c, 4, 0x70); /* UARTLCR_H: 8 bits, FIFO */
	serial_write(UART + 0x30, 4, 0x301);
	for (unsigned i = 0; i < 2 * SERIAL_RING; i++) {
		flags = serial_read(UART + 0x18, 4).value;
		if (flags & 1u << 5) /* TXFF */
			break;
		assert_int_equal(core.now - began, taken > SERIAL_RING ? 1000 : 0);
		serial_write(UART, 1, taken++ & 0xff);
	}
	assert_int_equal(core.now - began, 1000);
	assert_in_range(taken, SERIAL_RING + 1, SERIAL_RING + PL011_FIFO);
	assert_int_equal(port()->head, SERIAL_RING);
	for (unsigned i = 0; i < SERIAL_RING; i++)
		assert_int_equal(port()->ring[i], i & 0xff);
	port()->tail += 100;
	mutex_lock(&port()->vdev->v_mtx);
	pl011_tx_ready(&port()->uart);
	mutex_unlock(&port()->vdev->v_mtx);
	assert_int_equal(port()->head, taken);
	assert_int_equal(port()->ring[0], SERIAL_RING & 0xff);
}

/* A burst goes out in few messages, around the end of the ring, and over a restart of the console driver. */
static void a_burst_goes_out_in_few_messages(void **state)
{
	char sent[SERIAL_RING + 100];
	struct serial *s;

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	s = port();
	s->head = s->tail = 0xffffff00u; /* the counters wrap, too */
	serial_write(UART + 0x30, 4, 0x301);
	for (unsigned i = 0; i < 2000; i++) {
		sent[i] = (char)(i * 7);
		serial_write(UART, 4, (uint8_t)sent[i]);
	}
	k.refusals = 2;
	assert_int_equal(run_thread("pl011 out"), STUB_WORD_WAITS);
	assert_int_equal(k.console_bytes, 2000);
	assert_memory_equal(k.console, sent, 2000);
	assert_in_range(k.messages, 4, 6);
	assert_int_equal(s->head, s->tail);
	assert_int_equal(s->writer_sleeps, 1);
	/* The next byte wakes it. */
	serial_write(UART, 4, 'x');
	assert_int_equal(s->writer_sleeps, 0);
}

/* Input waits in the reader while the guest's FIFO is full, and nothing is lost. */
static void input_waits_for_room_in_the_fifo(void **state)
{
	static const char typed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
	struct serial *s;

	(void)state;
	build_vm(CONFIG_HEAD CONFIG_TAIL);
	s = port();
	serial_write(UART + 0x30, 4, 0);
	k.typed = typed;
	assert_int_equal(run_thread("pl011 in"), STUB_WORD_WAITS); /* the guest has disabled its receiver */
	assert_int_equal(s->reader_waits, 1);
	serial_write(UART + 0x2c, 4, 0x70);
	serial_write(UART + 0x30, 4, 0x301);
	assert_int_equal(s->reader_waits, 0);
	k.typed = typed; /* the thread was torn out of its loop: again from the start */
	assert_int_equal(run_thread("pl011 in"), STUB_WORD_WAITS);
	assert_int_equal(pl011_rx_room(&s->uart), 0);
	for (unsigned i = 0; i < PL011_FIFO; i++) {
		assert_int_equal(serial_read(UART, 4).value, typed[i]);
		assert_int_equal(s->reader_waits, 0);
	}
	k.typed = "z";
	assert_int_equal(run_thread("pl011 in"), STUB_INPUT_WAITS);
	assert_int_equal(pl011_rx_room(&s->uart), PL011_FIFO - 1);
}

int serial_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_full_ring_holds_the_guest_back),
	    CASE(a_burst_goes_out_in_few_messages),
	    CASE(input_waits_for_room_in_the_fifo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
