/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What procmgr reports. Until a driver owns the console, lines go to the kernel's. All lines also go to the log ring,
 * through a bounded ring of our own that a second thread empties: the first thread waits for nobody.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bulkhead/kernel.h>
#include <bulkhead/thread.h>

#include "procmgr.h"

#define PREFIX       "procmgr: "
#define LINE_BYTES   200
#define RING_LINES   256u /* power of two; the access matrix alone has a hundred */
#define NEWS_LINES   16u
#define SENDER_STACK 8192
#define SENDER_PRIO  5

struct line {
	uint64_t time_ns;
	uint16_t severity, count;
	char text[LINE_BYTES];
};

static bool console_off;
static char news[NEWS_LINES][LINE_BYTES]; /* for the operator */
static unsigned news_first, news_count;
static int64_t news_rcvid; /* of the operator's prompt, while it waits; 0: it does not */
static struct line ring[RING_LINES];
/* `head` is written by the first thread only, `tail` by the sender only; both count lines since the start. */
static uint32_t head, tail;
static uint32_t lost;
/* Where to send: times it was told << 24 | slot << 16 | chid, so that it differs after a restart of the server. */
static uint32_t target;
static bool sender_runs;

static void put(const struct line *line)
{
	uint32_t at = head; /* own */

	if (at - __atomic_load_n(&tail, __ATOMIC_ACQUIRE) == RING_LINES) {
		__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
		return;
	}
	ring[at % RING_LINES] = *line;
	__atomic_store_n(&head, at + 1, __ATOMIC_RELEASE);
	if (sender_runs)
		word_wake(&head, 1);
}

/* False: nobody waits for it any more. */
static bool answer_news(const char *text)
{
	int64_t rcvid = news_rcvid;

	news_rcvid = 0;
	return rcvid != 0 && MsgReply_r(rcvid, 0, text, strlen(text) + 1) >= 0;
}

/* A line for who sits at the prompt, which asks for them one by one; the oldest ones make room. */
static void tell(const char *text)
{
	if (answer_news(text))
		return;
	if (news_count == NEWS_LINES) {
		news_first = (news_first + 1) % NEWS_LINES;
		news_count--;
	}
	memcpy(news[(news_first + news_count++) % NEWS_LINES], text, LINE_BYTES);
}

void log_line(enum slog_severity severity, const char *format, ...)
{
	struct line line = {.time_ns = ClockTime(), .severity = (uint16_t)severity};
	char text[sizeof PREFIX + LINE_BYTES + 1];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line.text, sizeof line.text, format, args);
	va_end(args);
	if (length < 0)
		return;
	line.count = (uint16_t)(length < LINE_BYTES ? length : LINE_BYTES - 1);
	put(&line);
	if (console_off) {
		if (severity <= SLOG_WARN)
			tell(line.text);
		return;
	}
	length = snprintf(text, sizeof text, PREFIX "%s\n", line.text);
	SystemLog_r(text, (size_t)length);
}

void log_news(int64_t rcvid)
{
	news_rcvid = rcvid;
	if (news_count == 0 || !answer_news(news[news_first]))
		return;
	news_first = (news_first + 1) % NEWS_LINES;
	news_count--;
}

void log_console(bool driver)
{
	if (console_off == driver)
		return;
	console_off = driver;
	SystemCtl_r(driver ? SYSTEM_CONSOLE_OFF : SYSTEM_CONSOLE_ON, 0);
}

/* The sender: everything below runs in it, except log_slogger(). */

static int send_line(int coid, const struct line *line)
{
	static struct slog_msg message; /* too long for the stack; the only user */

	memset(&message, 0, offsetof(struct slog_msg, text));
	message.type = SLOG_WRITE;
	message.severity = line->severity;
	message.count = line->count;
	message.time_ns = line->time_ns;
	memcpy(message.text, line->text, line->count);
	return MsgSend_r(coid, &message, offsetof(struct slog_msg, text) + line->count, NULL, 0);
}

static int send_lost(int coid)
{
	uint32_t count = __atomic_exchange_n(&lost, 0, __ATOMIC_RELAXED);
	struct line line = {.time_ns = ClockTime(), .severity = SLOG_WARN};

	if (count == 0)
		return 0;
	line.count = (uint16_t)snprintf(line.text, sizeof line.text, "%u lines were lost", (unsigned)count);
	return send_line(coid, &line);
}

/* Sends lines until the log ring does not take them any more. */
static void send_lines(int coid)
{
	for (;;) {
		uint32_t end = __atomic_load_n(&head, __ATOMIC_ACQUIRE);

		for (; tail != end; __atomic_store_n(&tail, tail + 1, __ATOMIC_RELEASE))
			if (send_line(coid, &ring[tail % RING_LINES]) < 0)
				return;
		if (send_lost(coid) < 0)
			return;
		word_wait(&head, end, 0);
	}
}

static void sender(void *arg)
{
	uint32_t tried = 0;

	(void)arg;
	for (;;) {
		uint32_t now = __atomic_load_n(&target, __ATOMIC_ACQUIRE);
		int coid;

		if (now == tried) {
			word_wait(&target, tried, 0);
			continue;
		}
		tried = now;
		coid = ConnectAttach_r(now >> 16 & 0xff, (int)(now & 0xffff), 0);
		if (coid < 0)
			continue;
		send_lines(coid);
		ConnectDetach_r(coid);
	}
}

void log_slogger(uint32_t slot, uint32_t chid)
{
	static uint32_t told;

	if (slot >= PROCESS_MAX || chid > 0xffff)
		return;
	__atomic_store_n(&target, ++told << 24 | slot << 16 | chid, __ATOMIC_RELEASE);
	if (sender_runs)
		word_wake(&target, 1);
	else
		sender_runs = thread_create(sender, NULL, SENDER_STACK, SENDER_PRIO, 0, "log") >= 0;
}
