/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own output: formatted text on a polled PL011 (Arm DDI 0183), which firmware has set up. */
#include "console.h"
#include "arch.h"
#include "boot.h"
#include "lock.h"
#include "sysreg.h"
#include <stdarg.h>

#define UART_DR 0x000
#define UART_FR 0x018
#define UART_CR 0x030
#define FR_TXFF BIT(5)
#define CR_ON   0x301u /* UARTEN, TXE, RXE */

static BOOT_FIXED paddr_t uart;
static struct lock lock = LOCK_INIT(RANK_CONSOLE);
static bool shared;         /* several CPUs print: take the lock. Not before the MMU is on */
static bool off;            /* a driver owns the UART */
static bool seized;         /* panic: neither lock nor driver counts */
static uint64_t full_since; /* on the counter: the transmitter has had no room from then on; 0: it had */

void console_early(paddr_t at)
{
	uart = at;
	if ((mmio_read32(at + UART_CR) & 1) == 0)
		mmio_write32(at + UART_CR, CR_ON);
}

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
	if (uart != 0 && uart >= start && uart - start < bytes)
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
	uint64_t now = sysreg_read(cntpct_el0);

	now |= 1; /* 0 means something else */
	if ((mmio_read32(uart + UART_FR) & FR_TXFF) == 0) {
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
		mmio_write32(uart + UART_DR, (uint8_t)c);
}

static void put(char c)
{
	if (c == '\n')
		put_raw('\r');
	put_raw(c);
}

static void end(bool locked)
{
	if (locked)
		lock_release(&lock);
}

static bool begin(bool *locked)
{
	*locked = shared && !seized;
	if (uart == 0)
		return false;
	if (*locked)
		lock_acquire(&lock);
	if (!off || seized)
		return true;
	end(*locked);
	return false;
}

size_t console_try_write(const char *text, size_t bytes)
{
	size_t taken = 0;
	bool locked;

	if (!begin(&locked))
		return bytes;
	for (; taken < bytes && transmitter() != FULL; taken++)
		put(text[taken]);
	end(locked);
	return taken;
}

/* How one % is to be printed. */
struct conversion {
	bool zeros, is_long;
	unsigned width;
};

static void put_padded(const char *text, size_t length, const struct conversion *c)
{
	for (size_t i = length; i < c->width; i++)
		put(c->zeros ? '0' : ' ');
	for (size_t i = 0; i < length; i++)
		put(text[i]);
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

static const char *parse(const char *f, struct conversion *c)
{
	*c = (struct conversion){.zeros = *f == '0'};
	for (; *f >= '0' && *f <= '9'; f++)
		c->width = c->width * 10 + (unsigned)(*f - '0');
	for (; *f == 'l' || *f == 'z'; f++)
		c->is_long = true;
	return f;
}

static void print(const char *format, va_list args)
{
	for (const char *f = format; *f != '\0'; f++) {
		struct conversion c;
		const char *text;
		int64_t number;

		if (*f != '%') {
			put(*f);
			continue;
		}
		f = parse(f + 1, &c);
		switch (*f) {
		case 's':
			text = va_arg(args, const char *);
			put_padded(text, strlen(text), &c);
			break;
		case 'c': put((char)va_arg(args, int)); break;
		case 'd':
			number = c.is_long ? va_arg(args, int64_t) : va_arg(args, int);
			put_number(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10, number < 0, &c);
			break;
		case 'u': put_number(c.is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), 10, false, &c); break;
		case 'x': put_number(c.is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), 16, false, &c); break;
		case 'p':
			put_padded("0x", 2, &(struct conversion){0});
			put_number((uint64_t)va_arg(args, void *), 16, false, &c);
			break;
		case '\0': return;
		default: put(*f); break;
		}
	}
}

void console_vprint(const char *format, va_list args)
{
	bool locked;

	if (!begin(&locked))
		return;
	print(format, args);
	end(locked);
}

void printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	console_vprint(format, args);
	va_end(args);
}
