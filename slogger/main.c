/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log ring. Each line carries the time and the name of its sender's process, both by the kernel's word. Asking
 * procmgr for that name is safe, since procmgr never waits for the log ring.
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "slogger/ring.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ring ring;

/* The names of the clients' processes, so that procmgr is asked once for each. Empty: not known. */
static char senders[PROCESS_MAX][NAME_MAX_];

static const char *sender_name(unsigned slot)
{
	struct process_info process;

	if (slot >= PROCESS_MAX)
		return "?";
	if (!senders[slot][0]) {
		if (pm_request(PM_PROCESS_INFO, NULL, slot, 0, &process, sizeof(process)) < 0)
			return "?";
		process.name[sizeof(process.name) - 1] = 0;
		memcpy(senders[slot], process.name, sizeof(process.name));
	}
	return senders[slot];
}

/* The pulse comes before any message of the next process in that slot: it has the highest priority. */
static void forget_sender(uint64_t slot)
{
	if (slot < PROCESS_MAX)
		senders[slot][0] = 0;
}

/* Control characters could play tricks on the terminal of whoever reads the log; some are beyond ASCII. */
static void make_printable(char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = (unsigned char)text[i] < ' ' ? ' ' : '?';
}

static int serve_message(int64_t rcvid, struct slog_msg *msg, size_t bytes, const struct msg_info *info)
{
	const size_t head = offsetof(struct slog_msg, text);

	if (bytes < head)
		return MsgError_r(rcvid, EINVAL);
	if (msg->type == SLOG_READ) {
		if (!ring_get(&ring, msg->sequence, msg))
			return MsgError_r(rcvid, EAGAIN);
		return MsgReply_r(rcvid, 0, msg, head + msg->count);
	}
	if (msg->type != SLOG_WRITE || msg->severity > SLOG_VERBOSE || msg->count > PROTO_DATA ||
	    msg->count > bytes - head)
		return MsgError_r(rcvid, EINVAL);
	make_printable(msg->text, msg->count);
	ring_add(&ring, msg->severity, ClockTime(), sender_name(info->slot), msg->text, msg->count);
	return MsgReply_r(rcvid, 0, NULL, 0);
}

static _Noreturn void serve(int chid)
{
	for (;;) {
		union {
			struct slog_msg msg;
			struct pulse pulse;
		} m;
		struct msg_info info;
		int64_t rcvid = MsgReceive_r(chid, &m, sizeof(m), &info);

		if (rcvid > 0)
			serve_message(rcvid, &m.msg, info.bytes < sizeof(m.msg) ? info.bytes : sizeof(m.msg), &info);
		else if (rcvid == 0 && m.pulse.code == PULSE_CODE_DISCONNECT)
			forget_sender(m.pulse.value);
	}
}

/* What the logger itself has to say goes into its own ring. */
static void log_own(const char *text, size_t bytes)
{
	ring_add(&ring, SLOG_INFO, ClockTime(), "slogger", text, text[bytes - 1] == '\n' ? bytes - 1 : bytes);
}

int main(void)
{
	stdio_redirect(log_own);
	int chid = ChannelCreate_r(CHF_DISCONNECT);

	if (chid < 0)
		return EXIT_FAILURE;
	if (name_attach("slogger", chid) < 0)
		return EXIT_FAILURE;
	pm_ready();
	printf("log ring of %u bytes\n", RING_BYTES);
	serve(chid);
}
