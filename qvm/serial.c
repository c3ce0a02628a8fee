/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/serial.h"

#include <stdio.h>
#include <string.h>

#include "qvm/vm.h"

#define THREAD_STACK 8192u
#define RETRY_NS     10000000ull

static uint32_t fill_of(const struct serial *s)
{
	return __atomic_load_n(&s->head, __ATOMIC_ACQUIRE) - __atomic_load_n(&s->tail, __ATOMIC_ACQUIRE);
}

/* Called by the device, with the lock held. Only the first byte after a pause costs a kernel call. */
static bool tx(void *ctx, uint8_t byte)
{
	struct serial *s = ctx;

	if (s->consoles.output == NULL)
		return true;
	if (fill_of(s) == SERIAL_RING)
		return false;
	s->ring[s->head % SERIAL_RING] = byte;
	__atomic_store_n(&s->head, s->head + 1, __ATOMIC_SEQ_CST);
	/* Either the writer sees the new head before it sleeps, or this sees that it sleeps: both are SEQ_CST. */
	if (__atomic_load_n(&s->writer_sleeps, __ATOMIC_SEQ_CST) != 0) {
		__atomic_store_n(&s->writer_sleeps, 0, __ATOMIC_SEQ_CST);
		word_wake(&s->writer_sleeps, 1);
	}
	return true;
}

static void set_irq(void *ctx, bool level)
{
	const struct serial *s = ctx;

	vgic_set_line(&vm.vgic, s->config->intr[0], level);
}

static const struct pl011_ops operations = {.tx = tx, .set_irq = set_irq};

static void wait_for_output(struct serial *s)
{
	while (fill_of(s) == 0) {
		__atomic_store_n(&s->writer_sleeps, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&s->head, __ATOMIC_SEQ_CST) != s->tail)
			break;
		word_wait(&s->writer_sleeps, 1, 0);
	}
	__atomic_store_n(&s->writer_sleeps, 0, __ATOMIC_SEQ_CST);
}

/* A console driver that was restarted has a new channel. */
static void reopen(struct console *console, const char *name)
{
	thread_sleep(RETRY_NS);
	ConnectDetach_r(console->coid);
	console_open(console, name, PM_WAIT);
}

/* The text stays here until somebody takes it. */
static void send(struct serial *s, const uint8_t *text, uint32_t bytes)
{
	while (console_write(&s->output, text, bytes) < 0)
		reopen(&s->output, s->consoles.output);
}

static void writer(void *arg)
{
	struct serial *s = arg;

	for (;;) {
		uint32_t bytes, at;

		wait_for_output(s);
		at = s->tail % SERIAL_RING;
		bytes = fill_of(s);
		if (bytes > PROTO_DATA)
			bytes = PROTO_DATA;
		if (bytes > SERIAL_RING - at)
			bytes = SERIAL_RING - at;
		send(s, s->ring + at, bytes);
		__atomic_store_n(&s->tail, s->tail + bytes, __ATOMIC_RELEASE);
		mutex_lock(&vm.lock);
		pl011_tx_ready(&s->uart);
		mutex_unlock(&vm.lock);
	}
}

/* Gives one byte to the device, or says that it must wait until the guest has made room. */
static bool offer(struct serial *s, uint8_t byte)
{
	bool taken;

	mutex_lock(&vm.lock);
	taken = pl011_receive(&s->uart, byte);
	if (!taken)
		__atomic_store_n(&s->reader_waits, 1, __ATOMIC_RELEASE);
	mutex_unlock(&vm.lock);
	return taken;
}

static void reader(void *arg)
{
	struct serial *s = arg;
	uint8_t text[64];

	for (;;) {
		int bytes = console_read(&s->input, text, sizeof(text));

		if (bytes < 0)
			reopen(&s->input, s->consoles.input);
		for (int i = 0; i < bytes;) {
			if (offer(s, text[i]))
				i++;
			else
				word_wait(&s->reader_waits, 1, 0);
		}
	}
}

/* After each access: the guest may have read from the FIFO or enabled its receiver. */
static void wake_reader(struct serial *s)
{
	if (s->reader_waits != 0 && pl011_rx_room(&s->uart) > 0) {
		__atomic_store_n(&s->reader_waits, 0, __ATOMIC_RELEASE);
		word_wake(&s->reader_waits, 1);
	}
}

static __attribute__((noinline)) struct mmio_data read_locked(struct serial *s, uint64_t offset, unsigned size)
{
	struct mmio_data data = {0};

	mutex_lock(&vm.lock);
	data.done = pl011_read(&s->uart, offset, size, &data.value);
	wake_reader(s);
	mutex_unlock(&vm.lock);
	return data;
}

struct mmio_data serial_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct serial *s = device;
	const uint64_t offset = ipa - s->config->loc;
	struct mmio_data data = {.done = true};

	(void)vcpu;
	return pl011_flags(&s->uart, offset, size, &data.value) ? data : read_locked(s, offset, size);
}

bool serial_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct serial *s = device;
	bool good;

	(void)vcpu;
	mutex_lock(&vm.lock);
	good = pl011_write(&s->uart, ipa - s->config->loc, size, value);
	wake_reader(s);
	mutex_unlock(&vm.lock);
	return good;
}

static void connect(struct console *console, const struct serial *s, const char *name)
{
	const int result = name != NULL ? console_open(console, name, PM_WAIT) : 0;

	if (result < 0)
		vm_refuse(VM_EXIT_CONFIG, &s->config->place, "cannot open the console %s: %s", name, strerror(-result));
}

void serial_open(struct serial *s, const struct qvm_vdev *config)
{
	s->config = config;
	pl011_consoles(&vm.config, config, &s->consoles);
	pl011_init(&s->uart, &operations, s);
	connect(&s->output, s, s->consoles.output);
	connect(&s->input, s, s->consoles.input);
}

static void start(struct serial *s, void (*entry)(void *), const char *what)
{
	char name[NAME_MAX_];
	int tid;

	snprintf(name, sizeof(name), "%.11s %s", s->config->name != NULL ? s->config->name : "pl011", what);
	tid = thread_create(entry, s, THREAD_STACK, 0, 0, name);
	if (tid < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, &s->config->place, "no thread for the serial port: %s", strerror(-tid));
}

void serial_start(struct serial *s)
{
	if (s->consoles.output != NULL)
		start(s, writer, "out");
	if (s->consoles.input != NULL)
		start(s, reader, "in");
}

void serial_drain(const struct serial *s, uint64_t deadline)
{
	while (fill_of(s) != 0 && ClockTime() < deadline)
		thread_sleep(1000000);
}

void serial_report(const struct serial *s)
{
	slogf(SLOG_INFO, "%s at 0x%llx: input %s, output %s, %u bytes to be sent",
	      s->config->name != NULL ? s->config->name : "pl011", (unsigned long long)s->config->loc,
	      s->consoles.input != NULL ? s->consoles.input : "none",
	      s->consoles.output != NULL ? s->consoles.output : "none", (unsigned)fill_of(s));
}
