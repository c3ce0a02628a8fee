/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: */
/* CFLAGS: -iquote kernel/include */
/*
 * The kernel's own output on a model of the PL011's transmitter, with a counter that steps at each look: no byte is
 * lost or repeated while the UART is merely slow, and one that takes nothing costs ten milliseconds once.
 */
#include "unit.h"
#include <string.h>

/* The registers are this file's: those of the header are for the board. */
#define mmio_read32  board_read32
#define mmio_write32 board_write32
#include "kernel/arch/aarch64/sysreg.h"
#undef mmio_read32
#undef mmio_write32

static uint32_t mmio_read32(paddr_t at);
static void mmio_write32(paddr_t at, uint32_t value);

#include "kernel/arch/aarch64/uart.c"
#include "kernel/console.c"

#define AT    0x9000000u
#define HZ    62500000u
#define MS    (HZ / 1000)
#define STEP  (HZ / 100000) /* 10 us a look */
#define NEVER UINT64_MAX

struct board board;
struct cpu cpus[CPU_MAX];
unsigned panic_cpu;
static uint64_t now;
static uint64_t byte_time; /* how long the one place of the transmitter stays taken */
static uint64_t room_at;   /* NEVER: it stays full */
static uint32_t cr;
static unsigned cr_writes, held, taken_while_full;
static char sent[8192];
static size_t sent_bytes;

uint64_t arch_clock_now(void)
{
	return now += STEP;
}

static uint32_t mmio_read32(paddr_t at)
{
	if (at == AT + 0x30)
		return cr;
	assert_int_equal(at, AT + 0x18);
	/* All others of UARTFR's bits say the contrary. */
	return now < room_at ? 1u << 5 : 0x1dfu;
}

static void mmio_write32(paddr_t at, uint32_t value)
{
	if (at == AT + 0x30) {
		cr = value;
		cr_writes++;
		return;
	}
	assert_int_equal(at, AT);
	assert_true(value <= 0xff);
	assert_true(sent_bytes < sizeof(sent) - 1);
	taken_while_full += now < room_at;
	sent[sent_bytes++] = (char)value;
	if (byte_time != 0)
		room_at = now + byte_time;
}

uint64_t arch_counter_hz(void)
{
	return HZ;
}

void arch_cpu_relax(void)
{
}

void lock_acquire(struct lock *l)
{
	assert_ptr_equal(l, &lock);
	assert_int_equal(held++, 0);
}

void lock_release(struct lock *l)
{
	assert_ptr_equal(l, &lock);
	assert_int_equal(--held, 0);
}

static int begin_test(void **state)
{
	(void)state;
	now = 1000;
	room_at = byte_time = 0;
	sent_bytes = 0;
	memset(sent, 0, sizeof(sent));
	taken_while_full = cr_writes = 0;
	cr = 1;
	off = false;
	panic_cpu = 0;
	cpus[0].online = true;
	full_since = 0;
	board.console = (struct range){.start = AT, .bytes = 0x1000};
	console_early();
	return 0;
}

static int end_test(void **state)
{
	(void)state;
	assert_int_equal(held, 0);
	assert_int_equal(taken_while_full, 0);
	return 0;
}

static void assert_sent(const char *text)
{
	assert_string_equal(sent, text);
	assert_int_equal(sent_bytes, strlen(text));
	memset(sent, 0, sizeof(sent));
	sent_bytes = 0;
}

/* Ten milliseconds, and what the looks around them take. */
static void assert_waited_once(uint64_t since, size_t looks)
{
	assert_in_range(now - since, 10 * MS, 10 * MS + (looks + 3) * STEP);
}

static void long_text(char text[4001])
{
	memset(text, 'x', 4000);
	text[4000] = '\0';
}

static void before_the_board_is_read_nothing_is_printed(void **state)
{
	(void)state;
	assert_int_equal(cr_writes, 0); /* it was on: left as it is */
	cr = 0x300;
	console_early();
	assert_int_equal(cr_writes, 1);
	assert_int_equal(cr, 0x301);
}

static void text_comes_out_byte_by_byte(void **state)
{
	(void)state;
	printk("a\nb\r\n\n\x7f%s%u%x,%lu%lx|\n", "s\n", 7u, 0x1fu, ~0ul, 1ul << 63);
	assert_sent("a\r\nb\r\r\n\r\n\x7fs\r\n71f,184467440737095516158000000000000000|\r\n");
	assert_int_equal(console_try_write("q\n\xff", 3), 3);
	assert_sent("q\r\n\xff");
	printk("%s", "");
	assert_int_equal(console_try_write("", 0), 0);
	assert_sent("");
}

/* The slowest that is waited for; each byte is waited for anew. */
static void a_slow_uart_loses_nothing(void **state)
{
	static const uint64_t times[] = {MS, 9 * MS, 10 * MS - STEP};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t since = now;

		byte_time = times[i];
		printk("sixteen is it%u\n", 7u);
		assert_sent("sixteen is it7\r\n");
		assert_in_range(now - since, 15 * times[i], 16 * (times[i] + 2 * STEP));
		now += byte_time;
	}
}

/* It stays full: what comes is lost, after ten milliseconds in all, for whatever is printed. */
static void a_stuck_uart_costs_ten_milliseconds_once(void **state)
{
	char text[4001];
	uint64_t since = now;

	(void)state;
	long_text(text);
	room_at = NEVER;
	printk("%s\n", text);
	assert_waited_once(since, 4002);

	since = now;
	printk("%s\n", text);
	assert_in_range(now - since, 1, 4002 * STEP);
	since = now;
	assert_int_equal(console_try_write(text, 4000), 4000); /* lost: whoever has them need not keep them */
	assert_in_range(now - since, 1, 8000 * STEP);
	assert_sent("");

	/* Room again, for each byte; then full, and waited for once more. */
	room_at = 0;
	printk("again\n");
	assert_sent("again\r\n");
	room_at = NEVER;
	since = now;
	printk("%s", text);
	assert_waited_once(since, 4000);
	assert_sent("");
}

/* It gets room while it is waited for: nothing is lost. While a text is being lost: its rest is printed. */
static void a_uart_that_gets_room_prints_the_rest(void **state)
{
	char text[4001];

	(void)state;
	room_at = now + 5 * MS;
	printk("all\n");
	assert_sent("all\r\n");
	room_at = now + 10 * MS + 100 * STEP;
	long_text(text);
	printk("%s.", text);
	assert_in_range(sent_bytes, 3890, 3910);
	assert_int_equal(sent[sent_bytes - 1], '.');
}

/* console_try_write() gives back what there is no room for, and waits for the second half of a line's end only. */
static void a_write_takes_what_there_is_room_for(void **state)
{
	uint64_t since = now;

	(void)state;
	byte_time = MS;
	assert_int_equal(console_try_write("ab", 2), 1);
	assert_true(now - since < MS);
	assert_sent("a");
	now = room_at;
	assert_int_equal(console_try_write("\nb", 2), 1);
	assert_sent("\r\n");
	assert_int_equal(console_try_write("b", 1), 0);
	assert_sent("");
}

/* A driver owns the UART: nothing is printed, and nothing waited for. */
static void nothing_is_printed_while_a_driver_owns_the_uart(void **state)
{
	(void)state;
	console_given(AT - 0x1000, 0x1000);
	printk("1");
	console_given(AT, 0x1000);
	printk("2");
	assert_int_equal(console_try_write("2", 1), 1);
	console_off(false);
	printk("3");
	assert_sent("13");
}

/* A panic prints whoever owns the UART, and without the lock; what comes before the caches are on without it, too. */
static void a_panic_prints_whoever_owns_the_uart(void **state)
{
	(void)state;
	console_off(true);
	printk("nothing");
	held = 1; /* by a CPU that has stopped */
	panic_cpu = 1;
	printk("panic\n");
	assert_sent("panic\r\n");
	off = false;
	panic_cpu = 0;
	cpus[0].online = false;
	printk("early\n");
	held = 0;
	assert_sent("early\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(before_the_board_is_read_nothing_is_printed, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(text_comes_out_byte_by_byte, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(a_slow_uart_loses_nothing, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(a_stuck_uart_costs_ten_milliseconds_once, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(a_uart_that_gets_room_prints_the_rest, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(a_write_takes_what_there_is_room_for, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(nothing_is_printed_while_a_driver_owns_the_uart, begin_test, end_test),
	    cmocka_unit_test_setup_teardown(a_panic_prints_whoever_owns_the_uart, begin_test, end_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
