/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console driver:
 *
 *     devc-pl011 -r REGION -i INTID [-r REGION -i INTID]
 *
 * REGION is the own MMIO region that holds the UART's registers, INTID its interrupt. The first UART is the consoles'.
 * A second one is for streams, which else share the first one's line. One thread serves clients and the UARTs in turn,
 * so nothing here needs a lock.
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "consoles.h"
#include "line.h"
#include "shared.h"
#include "streams.h"
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
#define PORTS        2
#define CONSOLE_PORT 0
#define STREAM_PORT  1
#define RECEIVE_MAX  256 /* bytes at one interrupt, so that a line that never falls silent starves no client */

static struct port {
	unsigned region, intid;
	struct uart uart;
	int interrupt_id;
} ports[PORTS];
static unsigned port_count;
static struct consoles consoles;
static struct streams streams;
static struct shared shared;
static int watch_timer, leave_timer;
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

static int next_output(unsigned port)
{
	if (port == STREAM_PORT)
		return streams_output(&streams, true);
	return port_count == PORTS ? line_output(&consoles) : shared_output(&shared, &consoles, &streams);
}

/*
 * Sends until the FIFO is full or there is nothing more. The FIFO's interrupt comes when it has emptied down to its
 * level, which needs no pending request to be cleared: it was full just now.
 */
static void send_output(unsigned port)
{
	struct uart *uart = &ports[port].uart;

	while (uart_can_send(uart)) {
		int character = next_output(port);

		if (character < 0) {
			uart_want_room(uart, false);
			return;
		}
		uart_send(uart, (uint8_t)character);
	}
	uart_want_room(uart, true);
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
	struct uart *uart = &ports[CONSOLE_PORT].uart;

	for (unsigned i = 0; i < RECEIVE_MAX && line_takes(&consoles); i++) {
		int character = uart_receive(uart);

		if (character < 0)
			break;
		line_input(&consoles, (uint8_t)character);
		if (consoles.leaving)
			TimerSettime_r(leave_timer, 0, CONSOLE_LEAVE_NS, 0);
	}
	watch_reader();
	if (held == line_takes(&consoles)) {
		held = !held;
		uart_want_input(uart, !held);
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
	if (pulse->code == PULSE_CODE_DISCONNECT) {
		consoles_disconnect(&consoles, (uint32_t)pulse->value);
		streams_disconnect(&streams, (uint32_t)pulse->value);
	} else if (pulse->code == PULSE_CODE_UNBLOCK) {
		consoles_unblock(&consoles, (int64_t)pulse->value);
		streams_unblock(&streams, (int64_t)pulse->value);
	} else if (pulse->code == CODE_UART && pulse->value == CONSOLE_PORT) {
		receive_input();
	} else if (pulse->code == CODE_WATCH) {
		give_up();
	} else if (pulse->code == CODE_LEAVE) {
		line_leave(&consoles);
	}
}

union message {
	uint32_t type;
	struct con_msg console;
	struct stream_msg stream;
	struct pulse pulse;
};

static void serve_message(int64_t rcvid, const struct msg_info *info, const union message *m)
{
	const bool stream = info->bytes >= sizeof(m->type) && m->type >= STREAM_OPEN && m->type <= STREAM_CLOSE;
	const size_t most = stream ? sizeof(m->stream) : sizeof(m->console),
		     bytes = info->bytes < most ? info->bytes : most;

	if (stream)
		streams_message(&streams, rcvid, info->slot, &m->stream, bytes);
	else
		consoles_message(&consoles, rcvid, info->slot, &m->console, bytes);
}

static _Noreturn void serve_channel(int chid)
{
	for (;;) {
		union message m;
		struct msg_info info;
		int interrupt = -1;
		int64_t rcvid = MsgReceive_r(chid, &m, sizeof(m), &info);

		if (rcvid > 0) {
			serve_message(rcvid, &info, &m);
		} else if (rcvid == 0) {
			interrupt = m.pulse.code == CODE_UART ? ports[m.pulse.value % PORTS].interrupt_id : -1;
			serve_pulse(&m.pulse);
		}
		if (held)
			receive_input();
		for (unsigned port = 0; port < port_count; port++)
			send_output(port);
		if (interrupt >= 0)
			InterruptUnmask_r(interrupt);
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

/* As many regions as interrupts, in the order of the UARTs. */
static bool parse_args(int argc, char **argv)
{
	unsigned regions = 0, interrupts = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		char *end;
		unsigned long value = strtoul(argv[i + 1], &end, 0);

		if (*argv[i + 1] == 0 || *end || value > 0xffff)
			return false;
		if (strcmp(argv[i], "-r") == 0 && regions < PORTS)
			ports[regions++].region = (unsigned)value;
		else if (strcmp(argv[i], "-i") == 0 && interrupts < PORTS)
			ports[interrupts++].intid = (unsigned)value;
		else
			return false;
	}
	port_count = regions;
	return regions > 0 && regions == interrupts && argc % 2 == 1;
}

static void attach_port(unsigned n, int chid, unsigned priority)
{
	struct port *port = &ports[n];
	int status = MemMap_r(SPACE_SELF, UART_ADDRESS + n * UART_BYTES, port->region, 0, UART_BYTES, PROT_R | PROT_W);

	if (status < 0)
		fail_start("UART's registers", status);
	port->interrupt_id = InterruptAttachEvent_r(port->intid, chid, priority, CODE_UART, n);
	if (port->interrupt_id < 0)
		fail_start("interrupt", port->interrupt_id);
}

int main(int argc, char **argv)
{
	if (!parse_args(argc, argv)) {
		printf("usage: devc-pl011 -r REGION -i INTID [-r REGION -i INTID]\n");
		return EXIT_FAILURE;
	}
	if (!consoles_init(&consoles, reply_client, may_open, NULL))
		fail_start("consoles", -ENOMEM);
	streams_init(&streams, port_count == PORTS ? FRAME_BINARY : FRAME_TEXT, reply_client, may_open, NULL);
	int chid = ChannelCreate_r(CHF_UNBLOCK | CHF_DISCONNECT);

	if (chid < 0)
		fail_start("channel", chid);
	int sched = SchedGet_r(-1, thread_self(), NULL);
	unsigned priority = sched > 0 ? (unsigned)sched & 0xff : 1;

	watch_timer = TimerCreate_r(chid, priority, CODE_WATCH, 0);
	leave_timer = TimerCreate_r(chid, priority, CODE_LEAVE, 0);
	if (watch_timer < 0 || leave_timer < 0)
		fail_start("timer", watch_timer < 0 ? watch_timer : leave_timer);
	for (unsigned n = 0; n < port_count; n++)
		attach_port(n, chid, priority);
	fflush(stdout);
	stdio_redirect(log_line);
	for (unsigned n = 0; n < port_count; n++)
		uart_init(&ports[n].uart, (volatile void *)(uintptr_t)(UART_ADDRESS + n * UART_BYTES));
	if (port_count == PORTS)
		uart_want_input(&ports[STREAM_PORT].uart, false); /* nobody has anything to say there */
	int status = name_attach("console", chid);

	if (status < 0)
		fail_start("name", status);
	pm_ready();
	serve_channel(chid);
}
