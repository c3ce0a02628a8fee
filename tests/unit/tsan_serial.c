/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: vdev/pl011 tests/unit/stub/threads.c */
/* A guest's serial port with real threads: every byte arrives once and in order, and no wake is lost. */
#include "stub/threads.h"
#include "vdev/pl011/serial.h"
#include <qvm/guest.h>
#include <qvm/vdev-fdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UART    0x1000ull
#define FLAGS   (UART + 0x18)
#define RXFE    (1u << 4)
#define TXFF    (1u << 5)
#define BUSY    (1u << 3)
#define BYTES   100000u
#define SINGLES 50000u

static struct vdev_factory *factory;
static vdev_t vdev;
static uint8_t received[BYTES];
static uint32_t received_count, typed_count;
static _Atomic bool smooth; /* the console driver is not slow */

void thread_sleep(uint64_t ns)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

uint64_t guest_clock_ns(void)
{
	return 0;
}

int vdev_thread_create(vdev_t *vdp, void (*entry)(void *), void *arg, size_t stack_bytes, const char *name)
{
	(void)vdp;
	(void)stack_bytes;
	(void)name;
	return stub_thread(entry, arg) ? 1 : -1;
}

int hostdev_open(struct hostdev *dev, const char *path)
{
	(void)dev;
	assert_string_equal(path, "/dev/console/c");
	return 0;
}

/* Is slow now and then. */
void hostdev_write(struct hostdev *dev, const void *data, size_t bytes)
{
	const uint32_t count = __atomic_load_n(&received_count, __ATOMIC_RELAXED);

	(void)dev;
	if (!smooth && rand() % 10 == 0)
		thread_sleep(200000);
	if (count + bytes > BYTES)
		abort();
	memcpy(received + count, data, bytes);
	__atomic_store_n(&received_count, count + (uint32_t)bytes, __ATOMIC_RELEASE);
}

size_t hostdev_read(struct hostdev *dev, void *data, size_t bytes)
{
	uint8_t *to = data;
	size_t i = 0;

	(void)dev;
	while (typed_count == BYTES)
		thread_sleep(100000000);
	while (i < bytes && i < 1 + typed_count % 50 && typed_count < BYTES)
		to[i++] = (uint8_t)(typed_count++ % 251);
	return i;
}

struct guest_line guest_line_of(guest_intr_t intr)
{
	static uint32_t input[2] = {0, ~0u};

	assert_int_equal(intr, 37);
	return (struct guest_line){input, 1, intr};
}

void guest_line_heed(guest_intr_t intr, bool level)
{
	(void)level;
	assert_int_equal(intr, 37);
}

void vdev_logf(enum vdev_log_level level, const vdev_t *vdp, const char *format, ...)
{
	(void)level;
	(void)vdp;
	fputs(format, stderr);
	abort();
}

int vdev_register_factory(struct vdev_factory *f, unsigned abi)
{
	factory = f;
	return abi == QVM_VDEV_ABI ? 0 : -1;
}

/* Nobody asks for a device tree here. */
int vdev_fdt_node(vdev_t *vdp, int parent, const char *base)
{
	(void)vdp;
	(void)base;
	return parent;
}

int vdev_fdt_bytes(int node, const char *property, const void *value, size_t bytes)
{
	(void)property;
	(void)value;
	(void)bytes;
	return node;
}

int vdev_fdt_cells(int node, const char *property, const uint32_t *cells, unsigned count)
{
	(void)property;
	(void)cells;
	(void)count;
	return node;
}

uint32_t vdev_fdt_clock(uint32_t hz)
{
	return hz;
}

int vdev_fdt_alias(vdev_t *vdp, const char *base)
{
	(void)vdp;
	(void)base;
	return 0;
}

static uint64_t guest_read(uint64_t ipa)
{
	return factory->reg_read(&vdev, 0, ipa - UART, 4).value;
}

static void guest_write(uint64_t ipa, uint64_t value)
{
	assert_true(factory->reg_write(&vdev, 0, ipa - UART, 4, value));
}

/* The life of the device up to a guest that runs. */
static int set_up(void **state)
{
	(void)state;
	vdev = (vdev_t){.v_factory = factory,
			.v_block = {QST_MEMORY, UART, 0x1000},
			.v_intr = 37,
			.v_device = calloc(1, factory->extra_space)};
	assert_int_equal(factory->control(&vdev, VDEV_CTRL_OPTIONS_START, NULL), 0);
	assert_int_equal(factory->control(&vdev, VDEV_CTRL_FIRST_OPTIDX, "/dev/console/c"), 0);
	assert_int_equal(factory->control(&vdev, VDEV_CTRL_OPTIONS_END, NULL), 0);
	assert_int_equal(factory->control(&vdev, VDEV_CTRL_GUEST_CONFIGURED, NULL), 0);
	return 0;
}

/* All that was taken from the ring has arrived. */
static void drained(void)
{
	const struct serial *s = vdev.v_device;

	while (__atomic_load_n(&s->head, __ATOMIC_ACQUIRE) != __atomic_load_n(&s->tail, __ATOMIC_ACQUIRE))
		thread_sleep(1000000);
}

static void a_stream_arrives_in_order(void **state)
{
	uint32_t sent = 0, got = 0;

	(void)state;
	guest_write(UART + 0x2c, 0x70);
	guest_write(UART + 0x30, 0x301);
	while (sent < BYTES || got < BYTES) {
		const uint64_t flags = guest_read(FLAGS);

		if (sent < BYTES && !(flags & TXFF))
			guest_write(UART, sent++ % 253);
		if (got < BYTES && !(flags & RXFE))
			assert_int_equal(guest_read(UART), got++ % 251);
	}
	while (guest_read(FLAGS) & BUSY) /* bytes in the device's own FIFO */
		thread_sleep(1000000);
	drained();
	assert_int_equal(__atomic_load_n(&received_count, __ATOMIC_ACQUIRE), BYTES);
	for (uint32_t i = 0; i < BYTES; i++)
		assert_int_equal(received[i], i % 253);
}

/* One byte, then silence until it has arrived: a wake that is lost is not made good by the next byte. */
static void no_wake_is_lost_for_single_bytes(void **state)
{

	(void)state;
	__atomic_store_n(&received_count, 0, __ATOMIC_RELEASE);
	smooth = true;
	for (uint32_t i = 0; i < SINGLES; i++) {
		unsigned patience = 20000000;

		guest_write(UART, i % 253);
		while (__atomic_load_n(&received_count, __ATOMIC_ACQUIRE) == i && --patience > 0)
			continue;
		assert_int_not_equal(patience, 0);
	}
	drained();
	for (uint32_t i = 0; i < SINGLES; i++)
		assert_int_equal(received[i], i % 253);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_stream_arrives_in_order),
					   cmocka_unit_test(no_wake_is_lost_for_single_bytes)};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
