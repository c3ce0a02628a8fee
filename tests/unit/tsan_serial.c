/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/serial.c vdev/pl011.c lib/qvmconf/vdev_pl011.c */
/* A guest's serial port with real threads: every byte arrives once and in order, and no wake is lost. */
/* Before the system's headers, which also have a TIMER_ABSTIME. */
#include "qvm/vm.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define UART    0x1000ull
#define FLAGS   (UART + 0x18)
#define RXFE    (1u << 4)
#define TXFF    (1u << 5)
#define BUSY    (1u << 3)
#define BYTES   100000u
#define SINGLES 50000u

struct vm vm;
static pthread_mutex_t vm_lock = PTHREAD_MUTEX_INITIALIZER, words = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint8_t received[BYTES];
static uint32_t received_count, typed_count;
static _Atomic bool smooth; /* the console driver neither fails nor is slow */

void mutex_lock(struct mutex *m)
{
	(void)m;
	pthread_mutex_lock(&vm_lock);
}

void mutex_unlock(struct mutex *m)
{
	(void)m;
	pthread_mutex_unlock(&vm_lock);
}

int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	(void)timeout_ns;
	pthread_mutex_lock(&words);
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == expected)
		pthread_cond_wait(&changed, &words);
	pthread_mutex_unlock(&words);
	return 0;
}

void word_wake(uint32_t *word, unsigned count)
{
	(void)word;
	(void)count;
	pthread_mutex_lock(&words);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&words);
}

void thread_sleep(uint64_t ns)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

uint64_t ClockTime(void)
{
	return 0;
}

struct start {
	void (*entry)(void *);
	void *arg;
};

static void *run(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	start.entry(start.arg);
	return NULL;
}

int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name)
{
	struct start *start = malloc(sizeof(*start));
	pthread_t thread;

	(void)stack_bytes;
	(void)priority;
	(void)runmask;
	(void)name;
	*start = (struct start){entry, arg};
	if (pthread_create(&thread, NULL, run, start) != 0)
		return -1;
	pthread_detach(thread);
	return 1;
}

int console_open(struct console *console, const char *name, unsigned flags)
{
	(void)name;
	(void)flags;
	console->id = 1;
	return 0;
}

int ConnectDetach_r(int coid)
{
	(void)coid;
	return 0;
}

/* Fails now and then, as a driver does that is being restarted, and is slow now and then. */
int console_write(const struct console *console, const void *data, size_t bytes)
{
	const uint32_t count = __atomic_load_n(&received_count, __ATOMIC_RELAXED);

	(void)console;
	if (!smooth && rand() % 20 == 0)
		return -1;
	if (!smooth && rand() % 10 == 0)
		thread_sleep(200000);
	if (count + bytes > BYTES)
		abort();
	memcpy(received + count, data, bytes);
	__atomic_store_n(&received_count, count + (uint32_t)bytes, __ATOMIC_RELEASE);
	return (int)bytes;
}

int console_read(const struct console *console, void *data, size_t bytes)
{
	uint8_t *to = data;
	size_t i = 0;

	(void)console;
	while (typed_count == BYTES)
		thread_sleep(100000000);
	while (i < bytes && i < 1 + typed_count % 50 && typed_count < BYTES)
		to[i++] = (uint8_t)(typed_count++ % 251);
	return (int)i;
}

void vgic_set_line(struct vgic *g, unsigned intid, bool level)
{
	(void)g;
	(void)intid;
	(void)level;
}

_Noreturn void vm_refuse(enum vm_exit code, const struct qvm_place *place, const char *format, ...)
{
	(void)code;
	(void)place;
	fputs(format, stderr);
	abort();
}

int slogf(enum slog_severity severity, const char *format, ...)
{
	(void)severity;
	(void)format;
	return 0;
}

static uint64_t guest_read(struct serial *s, uint64_t ipa)
{
	return serial_read(s, 0, ipa, 4).value;
}

static void guest_write(struct serial *s, uint64_t ipa, uint64_t value)
{
	serial_write(s, 0, ipa, 4, value);
}

static const struct qvm_vdev config = {.loc = UART, .bytes = 0x1000, .intr = {37}, .intr_count = 1, .option_count = 1};

static void test_stream(void **state)
{
	struct serial *s = &vm.serial[0];
	uint32_t sent = 0, got = 0;

	(void)state;
	vm.config.vdev_options[0] = (struct qvm_vdev_option){.name = "hostdev", .value = "/dev/console/c"};
	serial_open(s, &config);
	serial_start(s);
	guest_write(s, UART + 0x2c, 0x70);
	guest_write(s, UART + 0x30, 0x301);
	while (sent < BYTES || got < BYTES) {
		const uint64_t flags = guest_read(s, FLAGS);

		if (sent < BYTES && !(flags & TXFF))
			guest_write(s, UART, sent++ % 253);
		if (got < BYTES && !(flags & RXFE))
			assert_int_equal(guest_read(s, UART), got++ % 251);
	}
	while (guest_read(s, FLAGS) & BUSY) /* bytes in the device's own FIFO */
		thread_sleep(1000000);
	serial_drain(s, 1);
	assert_int_equal(__atomic_load_n(&received_count, __ATOMIC_ACQUIRE), BYTES);
	for (uint32_t i = 0; i < BYTES; i++)
		assert_int_equal(received[i], i % 253);
}

/* One byte, then silence until it has arrived: a wake that is lost is not made good by the next byte. */
static void test_single_bytes(void **state)
{
	struct serial *s = &vm.serial[0];

	(void)state;
	__atomic_store_n(&received_count, 0, __ATOMIC_RELEASE);
	smooth = true;
	for (uint32_t i = 0; i < SINGLES; i++) {
		unsigned patience = 20000000;

		guest_write(s, UART, i % 253);
		while (__atomic_load_n(&received_count, __ATOMIC_ACQUIRE) == i && --patience > 0)
			continue;
		assert_int_not_equal(patience, 0);
	}
	serial_drain(s, 1);
	for (uint32_t i = 0; i < SINGLES; i++)
		assert_int_equal(received[i], i % 253);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_stream), cmocka_unit_test(test_single_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
