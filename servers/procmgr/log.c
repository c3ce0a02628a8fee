/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"
#include "bulkhead/kernel.h"
#include "bulkhead/thread.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX       "procmgr: "
#define LINE_BYTES   200
#define LOG_LINES    256u /* powers of two; the access matrix alone has a hundred */
#define SCREEN_LINES 64u
#define NEWS_LINES   16u
#define SENDER_STACK 8192

/*
 * The senders have the priority of procmgr's service: a thread of lower priority that never blocks does not silence
 * them. So that they cost others little, they pause after each line for the log. If the UART is slow, they also pause
 * after as many bytes as its FIFO holds, for longer than these take at 115200 bits per second.
 */
#define SENDER_PRIO   200
#define LINE_PAUSE_NS 1000000
#define FIFO_BYTES    16
#define FIFO_PAUSE_NS 1500000
#define FIFO_SLOW_NS  1000000
#define SLOW_TIMES    4 /* in a row, since the host of an emulator may be busy with something else */

struct line {
	uint64_t time_ns;
	uint16_t severity, count;
	char text[LINE_BYTES];
};

/* From the first thread, which writes `head`, to one sender, which writes `tail`; both count lines since the start. */
struct queue {
	struct line *lines;
	uint32_t size, head, tail, lost;
	bool has_sender;
};

static struct line log_lines[LOG_LINES], screen_lines[SCREEN_LINES];
static struct queue for_log = {.lines = log_lines, .size = LOG_LINES};
static struct queue for_screen = {.lines = screen_lines, .size = SCREEN_LINES};
static char failure[LINE_BYTES];
static bool console_off;
static struct mutex screen_lock = MUTEX_INIT; /* of `tail` of that queue, and of `screen` */
static char news[NEWS_LINES][LINE_BYTES];     /* for the operator */
static unsigned news_first, news_count, news_lost;
static int64_t news_rcvid; /* of the operator's prompt, while it waits; 0: it does not */
/* Where to send: times it was told << 24 | slot << 16 | chid, so that it differs after a restart of the server. */
static uint32_t target;

/* The last quarter of the queue is kept for warnings and errors. */
static void put_line(struct queue *q, const struct line *line)
{
	uint32_t at = q->head; /* own */
	uint32_t used = at - __atomic_load_n(&q->tail, __ATOMIC_ACQUIRE);

	if (used >= (line->severity > SLOG_WARN ? q->size / 4 * 3 : q->size)) {
		__atomic_fetch_add(&q->lost, 1, __ATOMIC_RELAXED);
		return;
	}
	q->lines[at % q->size] = *line;
	__atomic_store_n(&q->head, at + 1, __ATOMIC_RELEASE);
	if (q->has_sender)
		word_wake(&q->head, 1);
}

/*
 * The next line, which stays in the queue. After the last one, a line that says how many were lost: `*lost` is not 0
 * then. False: there is none.
 */
static bool next_line(struct queue *q, struct line *line, uint32_t *lost)
{
	*lost = 0;
	if (q->tail != __atomic_load_n(&q->head, __ATOMIC_ACQUIRE)) {
		*line = q->lines[q->tail % q->size];
		return true;
	}
	*lost = __atomic_exchange_n(&q->lost, 0, __ATOMIC_RELAXED);
	*line = (struct line){.time_ns = ClockTime(), .severity = SLOG_WARN};
	line->count = (uint16_t)snprintf(line->text, sizeof(line->text), "%u lines were lost", (unsigned)*lost);
	return *lost != 0;
}

static void pass_line(struct queue *q)
{
	__atomic_store_n(&q->tail, q->tail + 1, __ATOMIC_RELEASE);
}

/* Answers the prompt. False: it does not wait any more. */
static bool answer_news(const char *text)
{
	int64_t rcvid = news_rcvid;

	news_rcvid = 0;
	return rcvid != 0 && MsgReply_r(rcvid, 0, text, strlen(text) + 1) >= 0;
}

/* A line for the operator; the prompt asks for them one by one. The oldest lines make room, and are counted. */
static void tell_operator(const char *text)
{
	if (answer_news(text))
		return;
	if (news_count == NEWS_LINES) {
		news_first = (news_first + 1) % NEWS_LINES;
		news_count--;
		news_lost++;
	}
	memcpy(news[(news_first + news_count++) % NEWS_LINES], text, LINE_BYTES);
}

void log_news(int64_t rcvid)
{
	char text[LINE_BYTES];

	news_rcvid = rcvid;
	if (news_lost != 0) {
		snprintf(text, sizeof(text), "%u earlier lines were not shown; slog2info may have them", news_lost);
		if (answer_news(text))
			news_lost = 0;
		return;
	}
	if (news_count == 0 || !answer_news(news[news_first]))
		return;
	news_first = (news_first + 1) % NEWS_LINES;
	news_count--;
}

/* ---- the kernel's console ---- */

/* Writes at most `most` bytes of the queue. False: it is empty. The caller holds screen_lock. */
static bool write_some(size_t most)
{
	static struct {
		char text[sizeof(PREFIX) + LINE_BYTES + 1];
		size_t length, written;
	} screen;
	struct line line;
	uint32_t lost;
	size_t bytes;

	if (screen.written == screen.length) {
		if (!next_line(&for_screen, &line, &lost))
			return false;
		screen.length = (size_t)snprintf(screen.text, sizeof(screen.text), PREFIX "%s\n", line.text);
		screen.written = 0;
		if (lost == 0)
			pass_line(&for_screen);
	}
	bytes = screen.length - screen.written < most ? screen.length - screen.written : most;
	SystemLog_r(screen.text + screen.written, bytes);
	screen.written += bytes;
	return true;
}

static void screen_sender(void *arg)
{
	unsigned slow = 0;

	(void)arg;
	for (;;) {
		uint32_t end = __atomic_load_n(&for_screen.head, __ATOMIC_ACQUIRE);
		uint64_t before = ClockTime();
		bool more;

		mutex_lock(&screen_lock);
		more = write_some(FIFO_BYTES);
		mutex_unlock(&screen_lock);
		if (slow < SLOW_TIMES)
			slow = ClockTime() - before < FIFO_SLOW_NS ? 0 : slow + 1;
		if (!more)
			word_wait(&for_screen.head, end, 0);
		else if (slow == SLOW_TIMES)
			thread_sleep(FIFO_PAUSE_NS);
	}
}

int log_start(void)
{
	for_screen.has_sender = true;
	return thread_create(screen_sender, NULL, SENDER_STACK, SENDER_PRIO, 0, "screen");
}

const char *log_failure(void)
{
	return failure;
}

void log_flush(void)
{
	mutex_lock(&screen_lock);
	while (write_some(SIZE_MAX))
		;
	mutex_unlock(&screen_lock);
}

void log_console(bool driver)
{
	if (console_off == driver)
		return;
	log_flush();
	console_off = driver;
	/* The kernel falls silent by itself when the process that has the UART is made. */
	if (!driver)
		SystemCtl_r(SYSTEM_CONSOLE_ON, 0);
}

static void write_line(enum slog_severity severity, bool operator, const char * format, va_list args)
{
	struct line line = {.time_ns = ClockTime(), .severity = (uint16_t)severity};
	int length = vsnprintf(line.text, sizeof(line.text), format, args);

	if (length < 0)
		return;
	line.count = (uint16_t)(length < LINE_BYTES ? length : LINE_BYTES - 1);
	put_line(&for_log, &line);
	if (severity <= SLOG_WARN)
		memcpy(failure, line.text, LINE_BYTES);
	if (!console_off)
		put_line(&for_screen, &line);
	else if (operator)
		tell_operator(line.text);
	if (!for_screen.has_sender)
		log_flush(); /* only procmgr runs yet */
}

void log_line(enum slog_severity severity, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(severity, severity <= SLOG_WARN, format, args);
	va_end(args);
}

void log_progress(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(SLOG_INFO, true, format, args);
	va_end(args);
}

/* ---- the log ring: everything below runs in its sender, except log_slogger() ---- */

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

/* Sends lines until the log ring refuses one. */
static void send_lines(int coid)
{
	struct line line;

	for (;;) {
		uint32_t end = __atomic_load_n(&for_log.head, __ATOMIC_ACQUIRE), lost;

		if (!next_line(&for_log, &line, &lost)) {
			word_wait(&for_log.head, end, 0);
			continue;
		}
		if (send_line(coid, &line) < 0) {
			__atomic_fetch_add(&for_log.lost, lost, __ATOMIC_RELAXED);
			return;
		}
		if (lost == 0)
			pass_line(&for_log);
		thread_sleep(LINE_PAUSE_NS);
	}
}

static void log_sender(void *arg)
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
	if (for_log.has_sender)
		word_wake(&target, 1);
	else
		for_log.has_sender = thread_create(log_sender, NULL, SENDER_STACK, SENDER_PRIO, 0, "log") >= 0;
}
