/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/log.c tests/unit/stub/threads.c */
/* procmgr's log under the thread sanitizer: the senders are real threads, the log ring's server one of the test's own.
 */
#include "stub/threads.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#undef TIMER_ABSTIME /* the C library's, which the kernel's call does not know */
#include "servers/procmgr/log.h"
#include <bulkhead/kernel.h>

#define LINES 5000u

/* What the server has got: under `stub_lock`, as all that is said so. */
static unsigned received, lost, attaches, refused;
static int last_number = -1;
static bool in_order = true, hangs, dead;
static char first_text[PROTO_DATA + 1];

/* The kernel's console: whoever writes on it holds the mutex of the module under test. */
static char console[1 << 19];
static size_t console_bytes;
static unsigned console_ons;
static bool uart_hangs, sender_waits; /* under `stub_lock`; sender_waits: for the UART, with more than its FIFO takes */
static pthread_t first;

/* Nanoseconds; what is written on a slow UART takes its time. */
static uint64_t clock_ns = 1;
static bool uart_is_slow;

uint64_t ClockTime(void)
{
	return __atomic_load_n(&clock_ns, __ATOMIC_RELAXED);
}

int SystemLog_r(const char *text, size_t bytes)
{
	pthread_mutex_lock(&stub_lock);
	while (uart_hangs)
		pthread_cond_wait(&stub_changed, &stub_lock);
	if (uart_is_slow)
		__atomic_fetch_add(&clock_ns, 87000 * bytes, __ATOMIC_RELAXED);
	sender_waits |= bytes > 16 && !pthread_equal(pthread_self(), first);
	pthread_mutex_unlock(&stub_lock);
	assert_true(bytes <= 256 && console_bytes + bytes < sizeof(console));
	memcpy(console + console_bytes, text, bytes);
	console_bytes += bytes;
	return 0;
}

int SystemCtl_r(enum systemctl command, uint64_t value)
{
	(void)value;
	assert_int_equal(command, SYSTEM_CONSOLE_ON);
	console_ons++;
	return 0;
}

static char told[256];
static unsigned times_told;
static bool operator_gone;

int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	assert_int_equal(rcvid, 5);
	assert_int_equal(status, 0);
	if (operator_gone)
		return -ESRCH;
	assert_true(bytes == strlen(msg) + 1 && bytes <= sizeof(told));
	memcpy(told, msg, bytes);
	times_told++;
	return 0;
}

int ConnectAttach_r(unsigned slot, int chid, int event_chid)
{
	(void)event_chid;
	pthread_mutex_lock(&stub_lock);
	attaches++;
	pthread_mutex_unlock(&stub_lock);
	return slot == 2 && chid == 9 ? 1 : -ESRCH;
}

int ConnectDetach_r(int coid)
{
	return coid == 1 ? 0 : -EBADF;
}

static void take(const struct slog_msg *msg)
{
	char text[PROTO_DATA + 1];
	int number;
	unsigned count;

	snprintf(text, sizeof(text), "%.*s", msg->count, msg->text);
	if (received == 0 && lost == 0)
		strcpy(first_text, text);
	if (sscanf(text, "line %d", &number) == 1) {
		in_order = in_order && number > last_number;
		last_number = number;
		received++;
	} else if (sscanf(text, "%u lines were lost", &count) == 1) {
		lost += count;
	}
}

int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	const struct slog_msg *msg = smsg;
	int result = 0;

	(void)rmsg;
	assert_int_equal(coid, 1);
	assert_int_equal(rbytes, 0);
	assert_int_equal(msg->type, SLOG_WRITE);
	assert_int_equal(sbytes, offsetof(struct slog_msg, text) + msg->count);
	pthread_mutex_lock(&stub_lock);
	while (hangs)
		pthread_cond_wait(&stub_changed, &stub_lock);
	if (dead) {
		result = -ESRCH;
		refused++;
	} else {
		take(msg);
	}
	pthread_cond_broadcast(&stub_changed);
	pthread_mutex_unlock(&stub_lock);
	return result;
}

/* The senders pause after each line, and after what a slow UART's FIFO takes. */
static uint64_t fifo_pauses;

void thread_sleep(uint64_t ns)
{
	assert_true(ns >= 1000000);
	if (ns > 1000000)
		__atomic_fetch_add(&fifo_pauses, 1, __ATOMIC_RELAXED);
}

/* Until the sender has written all. */
static void await_console(const char *end)
{
	for (unsigned i = 0; i < 2000; i++) {
		bool there;

		pthread_mutex_lock(&stub_mutex);
		there = strstr(console, end) != NULL;
		pthread_mutex_unlock(&stub_mutex);
		if (there)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	fail_msg("the console has no %s", end);
}

int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name)
{
	(void)stack_bytes, (void)runmask, (void)name;
	assert_null(arg);
	assert_int_equal(priority, 200); /* who spins below that silences nobody */
	return stub_thread(entry, arg) ? 1 : -EAGAIN;
}

static void set(bool *what, bool value)
{
	pthread_mutex_lock(&stub_lock);
	*what = value;
	pthread_cond_broadcast(&stub_changed);
	pthread_mutex_unlock(&stub_lock);
}

static struct timespec twenty_seconds_on(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	return until;
}

/* Waits at most 20 s until a dead server has refused a line. */
static void await_refusal(void)
{
	struct timespec until = twenty_seconds_on();

	pthread_mutex_lock(&stub_lock);
	while (refused == 0 && pthread_cond_timedwait(&stub_changed, &stub_lock, &until) == 0)
		;
	assert_true(refused > 0);
	pthread_mutex_unlock(&stub_lock);
}

/* Waits at most 20 s until the server has got, or was told of the loss of, so many lines. */
static void await(unsigned lines)
{
	struct timespec until = twenty_seconds_on();

	pthread_mutex_lock(&stub_lock);
	while (received + lost < lines && pthread_cond_timedwait(&stub_changed, &stub_lock, &until) == 0)
		;
	assert_int_equal(received + lost, lines);
	assert_true(in_order);
	pthread_mutex_unlock(&stub_lock);
}

/* What is a warning or worse, while a driver owns the console. */
static void news_wait_for_the_operator(void)
{
	log_news(5);
	assert_int_equal(times_told, 0);
	log_line(SLOG_INFO, "not for the operator");
	assert_int_equal(times_told, 0);
	log_line(SLOG_WARN, "at once");
	assert_string_equal(told, "at once");
	log_line(SLOG_ERROR, "later");
	assert_int_equal(times_told, 1);
	log_news(5);
	assert_string_equal(told, "later");
	/* A prompt that has ended while it waited gets nothing, and the next one all. */
	operator_gone = true;
	log_news(5);
	log_line(SLOG_WARN, "kept");
	operator_gone = false;
	log_news(5);
	assert_string_equal(told, "kept");
	/* More than there is room for: the newest stay. */
	for (unsigned i = 0; i < 20; i++)
		log_line(SLOG_WARN, "warning %u", i);
	log_news(5);
	assert_string_equal(told, "4 earlier lines were not shown; slog2info may have them");
	for (unsigned i = 4; i < 20; i++) {
		char text[32];

		log_news(5);
		snprintf(text, sizeof(text), "warning %u", i);
		assert_string_equal(told, text);
	}
	assert_int_equal(times_told, 20);
}

static unsigned count_lines(const char *what)
{
	unsigned count = 0;

	for (const char *at = console; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}

/*
 * Once it has a sender nobody else waits for the UART. What has failed finds room where the rest does not, and what
 * found none is counted.
 */
static void the_console_is_written_by_its_sender(void)
{
	char text[64];
	unsigned lines, gone = 0;

	assert_int_equal(log_start(), 1);
	set(&uart_hangs, true);
	for (lines = 0; lines < 200; lines++)
		log_line(SLOG_INFO, "routine %u", lines);
	for (unsigned i = 0; i < 10; i++)
		log_line(SLOG_WARN, "failure %u", i);
	set(&uart_hangs, false);
	log_flush();
	for (unsigned i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "procmgr: failure %u\n", i);
		assert_int_equal(count_lines(text), 1);
	}
	assert_int_equal(sscanf(strrchr(console, ':'), ": %u lines were lost", &gone), 1);
	assert_int_equal(count_lines("routine") + gone, 200);
	assert_true(gone >= 200 - 64);
	assert_int_equal(fifo_pauses, 0);
	set(&uart_is_slow, true);
	log_line(SLOG_INFO, "in small pieces, %0100d which the FIFO takes at once", 0);
	await_console("takes at once\n");
	assert_true(__atomic_load_n(&fifo_pauses, __ATOMIC_RELAXED) >= 4);
	assert_false(sender_waits);
}

/* A server that dies: what it has not taken is for the next one. Returns the number of the next line. */
static unsigned a_server_dies(unsigned number)
{
	set(&dead, true);
	for (unsigned i = 0; i < 20; i++)
		log_line(SLOG_INFO, "line %u", number++);
	await_refusal();
	log_slogger(3, 1); /* nobody is there */
	set(&dead, false);
	log_slogger(2, 9);
	await(number);
	return number;
}

/* One story, since the log is one for the life of a process. */
static void lines_reach_the_log_in_order_and_nobody_waits(void **state)
{
	unsigned number = 0;

	(void)state;
	first = pthread_self();
	/* Before there is anybody: on the kernel's console, and kept. */
	for (; number < 10; number++)
		log_line(SLOG_INFO, "line %u", number);
	assert_int_equal(count_lines("procmgr: line"), 10);
	assert_string_equal(strstr(console, "procmgr: line 9"), "procmgr: line 9\n");
	log_console(true);
	log_console(true);
	assert_int_equal(console_ons, 0); /* the kernel knows by itself */
	log_line(SLOG_INFO, "line %u %0*d", number++, 1000, 1);
	assert_int_equal(count_lines("procmgr: line"), 10);
	news_wait_for_the_operator();

	log_slogger(2, 9);
	await(number);
	assert_string_equal(first_text, "line 0");

	for (; number < LINES; number++)
		log_line(SLOG_INFO, "line %u", number);
	await(number);

	/* A server that does not answer: these calls must return all the same. What had no room is counted. */
	set(&hangs, true);
	for (; number < 2 * LINES; number++)
		log_line(SLOG_INFO, "line %u", number);
	set(&hangs, false);
	await(number);
	assert_true(lost >= LINES - 300);

	number = a_server_dies(number);
	log_slogger(PROCESS_MAX, 1);
	log_slogger(1, 0x10000);
	log_line(SLOG_INFO, "line %u", number++);
	await(number);
	pthread_mutex_lock(&stub_lock);
	assert_true(attaches >= 2);
	pthread_mutex_unlock(&stub_lock);
	log_console(false);
	the_console_is_written_by_its_sender();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_reach_the_log_in_order_and_nobody_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
