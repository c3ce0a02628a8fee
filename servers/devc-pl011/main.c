/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console driver:
 *
 *     devc-pl011 -r REGION -i INTID
 *
 * REGION is the own MMIO region that holds the UART's registers, INTID its interrupt. One thread serves clients and the
 * UART in turn, so nothing here needs a lock.
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "consoles.h"
#include "line.h"
#include "uart.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UART_ADDRESS 0x7000000000ull /* far from everything that procmgr maps */
#define UART_BYTES   0x1000u
#define CODE_UART    1
#define CODE_WATCH   2
#define CODE_LEAVE   3
#define RECEIVE_MAX  256 /* bytes at one interrupt, so that a line that never falls silent starves no client */

static struct consoles consoles;
static struct uart uart;
static int interrupt_id, watch_timer, leave_timer;
static bool held; /* what is typed stays in the UART, which then holds the sender, if it can */
static uint32_t watched;
static uint64_t watched_since;

static bool reply_client(void *context, int64_t rcvid, int status, const void *data, size_t bytes)
{
	(void)context;
	return MsgReply_r(rcvid, status, data, bytes) >= 0;
}

/*
 * A console belongs to the VM whose configuration names it, or to the process or VM of the same name, above all
 * `shell`. Else a subverted qvm could keep another VM from starting, or pass itself off as that VM or as the shell. One
 * that belongs to nobody is nobody's to open: there is memory only for those that were counted before the start.
 * procmgr never waits for this driver, and reports what is refused.
 */
static bool may_open(void *context, uint32_t slot, const char *name)
{
	(void)context;
	return pm_request(PM_CONSOLE, name, slot, 0, NULL, 0) == (int)slot;
}

/*
 * Sends until the FIFO is full or there is nothing more. The FIFO's interrupt comes when it has emptied down to its
 * level, which needs no pending request to be cleared: it was full just now.
 */
static void send_output(void)
{
	while (uart_can_send(&uart)) {
		int character = line_output(&consoles);

		if (character < 0) {
			uart_want_room(&uart, false);
			return;
		}
		uart_send(&uart, (uint8_t)character);
	}
	uart_want_room(&uart, true);
}

/* A client that does not read is waited for, but not for ever. */
static void watch_reader(void)
{
	if (!consoles.late || consoles.late == watched)
		return;
	watched = consoles.late;
	watched_since = ClockTime();
	TimerSettime_r(watch_timer, 0, CONSOLE_HOLD_NS, 0);
}

static void receive_input(void)
{
	for (unsigned i = 0; i < RECEIVE_MAX && line_takes(&consoles); i++) {
		int character = uart_receive(&uart);

		if (character < 0)
			break;
		line_input(&consoles, (uint8_t)character);
		if (consoles.leaving)
			TimerSettime_r(leave_timer, 0, CONSOLE_LEAVE_NS, 0);
	}
	watch_reader();
	if (held == line_takes(&consoles)) {
		held = !held;
		uart_want_input(&uart, !held);
	}
}

/* The pulse of an earlier delay may come late. */
static void give_up(void)
{
	if (consoles.late == watched && ClockTime() - watched_since >= CONSOLE_HOLD_NS)
		line_give_up(&consoles);
}

static void serve_pulse(const struct pulse *pulse)
{
	if (pulse->code == PULSE_CODE_DISCONNECT)
		consoles_disconnect(&consoles, (uint32_t)pulse->value);
	else if (pulse->code == PULSE_CODE_UNBLOCK)
		consoles_unblock(&consoles, (int64_t)pulse->value);
	else if (pulse->code == CODE_UART)
		receive_input();
	else if (pulse->code == CODE_WATCH)
		give_up();
	else if (pulse->code == CODE_LEAVE)
		line_leave(&consoles);
}

static _Noreturn void serve_channel(int chid)
{
	for (;;) {
		union {
			struct con_msg msg;
			struct pulse pulse;
		} m;
		struct msg_info info;
		bool interrupt = false;
		int64_t rcvid = MsgReceive_r(chid, &m, sizeof(m), &info);

		if (rcvid > 0) {
			size_t bytes = info.bytes < sizeof(m.msg) ? info.bytes : sizeof(m.msg);

			consoles_message(&consoles, rcvid, info.slot, &m.msg, bytes);
		} else if (rcvid == 0) {
			interrupt = m.pulse.code == CODE_UART;
			serve_pulse(&m.pulse);
		}
		if (held)
			receive_input();
		send_output();
		if (interrupt)
			InterruptUnmask_r(interrupt_id);
	}
}

/* From now on this driver owns the UART: nothing may fall back to the kernel's console. */
static void log_line(const char *text, size_t bytes)
{
	slog_write(SLOG_WARN, text, bytes);
}

static _Noreturn void fail_start(const char *what, int status)
{
	printf("devc-pl011: %s: %s\n", what, strerror(-status));
	exit(EXIT_FAILURE);
}

static bool parse_args(int argc, char **argv, unsigned *region, unsigned *intid)
{
	unsigned given = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		char *end;
		unsigned long value = strtoul(argv[i + 1], &end, 0);

		if (*argv[i + 1] == 0 || *end || value > 0xffff)
			return false;
		if (strcmp(argv[i], "-r") == 0) {
			*region = (unsigned)value;
			given |= 1;
		} else if (strcmp(argv[i], "-i") == 0) {
			*intid = (unsigned)value;
			given |= 2;
		} else {
			return false;
		}
	}
	return given == 3 && argc == 5;
}

int main(int argc, char **argv)
{
	unsigned region = 0, intid = 0;

	if (!parse_args(argc, argv, &region, &intid)) {
		printf("usage: devc-pl011 -r REGION -i INTID\n");
		return EXIT_FAILURE;
	}
	if (!consoles_init(&consoles, reply_client, may_open, NULL))
		fail_start("consoles", -ENOMEM);
	int chid = ChannelCreate_r(CHF_UNBLOCK | CHF_DISCONNECT);

	if (chid < 0)
		fail_start("channel", chid);
	int status = MemMap_r(SPACE_SELF, UART_ADDRESS, region, 0, UART_BYTES, PROT_R | PROT_W);

	if (status < 0)
		fail_start("UART's registers", status);
	int sched = SchedGet_r(-1, thread_self(), NULL);
	unsigned priority = sched > 0 ? (unsigned)sched & 0xff : 1;

	watch_timer = TimerCreate_r(chid, priority, CODE_WATCH, 0);
	leave_timer = TimerCreate_r(chid, priority, CODE_LEAVE, 0);
	if (watch_timer < 0 || leave_timer < 0)
		fail_start("timer", watch_timer < 0 ? watch_timer : leave_timer);
	interrupt_id = InterruptAttachEvent_r(intid, chid, priority, CODE_UART, 0);
	if (interrupt_id < 0)
		fail_start("interrupt", interrupt_id);
	fflush(stdout);
	stdio_redirect(log_line);
	uart_init(&uart, (volatile void *)(uintptr_t)UART_ADDRESS);
	status = name_attach("console", chid);
	if (status < 0)
		fail_start("name", status);
	pm_ready();
	serve_channel(chid);
}
