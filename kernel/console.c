/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"
#include "arch.h"
#include "board.h"
#include "lock.h"

static struct lock lock = LOCK_INIT(RANK_CONSOLE);
static bool shared;         /* several CPUs print: take the lock */
static bool off;            /* a driver owns the UART */
static bool seized;         /* panic: neither lock nor driver counts */
static uint64_t full_since; /* on the counter: the transmitter has had no room from then on; 0: it had */

void console_share(void)
{
	shared = true;
}

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

void console_seize(void)
{
	seized = true;
	full_since = 0;
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

/* May anything be printed? *locked: its caller releases the lock, also if not. */
static bool begin(bool *locked)
{
	*locked = shared && !seized;
	if (*locked)
		lock_acquire(&lock);
	return board.console.bytes != 0 && (!off || seized);
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

/* How one % is to be printed. */
struct conversion {
	bool zeros, is_long;
	unsigned width;
};

static void put_padded(const char *text, size_t length, const struct conversion *c)
{
	for (size_t i = length; i < c->width; i++)
		put_char(c->zeros ? '0' : ' ');
	for (size_t i = 0; i < length; i++)
		put_char(text[i]);
}

static void put_number(uint64_t value, unsigned base, bool negative, const struct conversion *c)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative)
		digits[--at] = '-';
	put_padded(digits + at, sizeof(digits) - at, c);
}

static const char *parse_conversion(const char *f, struct conversion *c)
{
	*c = (struct conversion){.zeros = *f == '0'};
	for (; *f >= '0' && *f <= '9'; f++)
		c->width = c->width * 10 + (unsigned)(*f - '0');
	for (; *f == 'l'; f++)
		c->is_long = true;
	return f;
}

static void print_format(const char *format, va_list args)
{
	for (const char *f = format; *f != '\0'; f++) {
		struct conversion c;
		const char *text;
		int64_t number;

		if (*f != '%') {
			put_char(*f);
			continue;
		}
		f = parse_conversion(f + 1, &c);
		switch (*f) {
		case 's':
			text = va_arg(args, const char *);
			put_padded(text, strlen(text), &c);
			break;
		case 'd':
			number = c.is_long ? va_arg(args, int64_t) : va_arg(args, int);
			put_number(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10, number < 0, &c);
			break;
		case 'u': put_number(c.is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), 10, false, &c); break;
		case 'x': put_number(c.is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), 16, false, &c); break;
		case '\0': return;
		default: put_char(*f); break;
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
