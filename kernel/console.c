/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"
#include "arch.h"
#include "board.h"
#include "cpu.h"
#include "lock.h"
#include "panic.h"

static struct lock lock = LOCK_INIT(RANK_CONSOLE);
static bool off;            /* a driver owns the UART */
static uint64_t full_since; /* on the counter: the transmitter has had no room from then on; 0: it had */

void console_off(bool driver)
{
	lock_acquire(&lock);
	off = driver;
	full_since = 0;
	lock_release(&lock);
}

void console_given(paddr_t start, uint64_t bytes)
{
	if (board.console.bytes != 0 && board.console.start - start < bytes)
		console_off(true);
}

enum transmitter { ROOM, FULL, STUCK };

/* At 9600 baud a byte takes a millisecond. Who takes none for ten takes no more, until it has room again. */
static enum transmitter transmitter(void)
{
	uint64_t now = arch_clock_ticks() | 1; /* 0 means something else */

	if (!arch_console_full()) {
		full_since = 0;
		return ROOM;
	}
	if (full_since == 0)
		full_since = now;
	return now - full_since > arch_counter_hz() / 100 ? STUCK : FULL;
}

/* A UART that takes nothing must not stop the kernel: the byte is lost. */
static void put_raw(char c)
{
	enum transmitter state;

	while ((state = transmitter()) == FULL)
		arch_cpu_relax();
	if (state == ROOM)
		arch_console_put(c);
}

static void put_char(char c)
{
	if (c == '\n')
		put_raw('\r');
	put_raw(c);
}

/*
 * May anything be printed? *locked: its caller releases the lock, also if not. There is none before caches are on, nor
 * after a panic, for which no driver counts either.
 */
static bool begin(bool *locked)
{
	bool panics = READ_ONCE(panic_cpu) != 0;

	*locked = cpus[0].online && !panics;
	if (*locked)
		lock_acquire(&lock);
	return board.console.bytes != 0 && (!off || panics);
}

size_t console_try_write(const char *text, size_t bytes)
{
	size_t taken = 0;
	bool locked, may_print = begin(&locked);

	for (; may_print && taken < bytes && transmitter() != FULL; taken++)
		put_char(text[taken]);
	if (locked)
		lock_release(&lock);
	return may_print ? taken : bytes;
}

static void put_number(uint64_t value, unsigned base)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (at < sizeof(digits))
		put_char(digits[at++]);
}

static void print_format(const char *f, va_list args)
{
	for (; *f != '\0'; f++) {
		bool is_long = f[0] == '%' && f[1] == 'l';

		if (*f != '%') {
			put_char(*f);
			continue;
		}
		f += is_long ? 2 : 1;
		if (*f == 's') {
			for (const char *text = va_arg(args, const char *); *text != '\0'; text++)
				put_char(*text);
		} else {
			put_number(is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), *f == 'x' ? 16 : 10);
		}
	}
}

void console_vprint(const char *format, va_list args)
{
	bool locked;

	if (begin(&locked))
		print_format(format, args);
	if (locked)
		lock_release(&lock);
}

void printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	console_vprint(format, args);
	va_end(args);
}
