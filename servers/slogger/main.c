/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log ring. Each line carries the time and the name of its sender's process, both by the kernel's word. Asking
 * procmgr for that name is safe, since procmgr never waits for the log ring.
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "ring.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR "shell" /* the process that may clear the log */

static struct ring ring;

/* The names of the clients' processes. They never change: procmgr is asked once for each. Empty: not known. */
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

/* Control characters could deceive whoever reads the log on a terminal; some are beyond ASCII. */
static void make_printable(char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = (unsigned char)text[i] < ' ' ? ' ' : '?';
}

/* For the operator alone. */
static int clear_lines(struct slog_msg *msg, const struct msg_info *info)
{
	bool found = msg->name[0] == 0;

	if (strcmp(sender_name(info->slot), OPERATOR) != 0)
		return EPERM;
	msg->name[sizeof(msg->name) - 1] = 0;
	for (unsigned slot = 0; slot < PROCESS_MAX; slot++)
		if (msg->name[0] == 0 || strcmp(senders[slot], msg->name) == 0) {
			ring_clear(&ring, slot);
			found = true;
		}
	return found ? 0 : ENOENT;
}

static int read_line(int64_t rcvid, struct slog_msg *msg)
{
	if (!ring_get(&ring, msg->sequence, msg))
		return MsgError_r(rcvid, EAGAIN);
	memcpy(msg->name, sender_name(msg->slot), strlen(sender_name(msg->slot)) + 1);
	return MsgReply_r(rcvid, 0, msg, offsetof(struct slog_msg, text) + msg->count);
}

static int serve_message(int64_t rcvid, struct slog_msg *msg, size_t bytes, const struct msg_info *info)
{
	const size_t head = offsetof(struct slog_msg, text);

	if (bytes < head)
		return MsgError_r(rcvid, EINVAL);
	if (msg->type == SLOG_READ)
		return read_line(rcvid, msg);
	if (msg->type == SLOG_CLEAR)
		return MsgReply_r(rcvid, -clear_lines(msg, info), NULL, 0);
	if (msg->type != SLOG_WRITE || msg->severity > SLOG_VERBOSE || msg->count > PROTO_DATA ||
	    msg->count > bytes - head)
		return MsgError_r(rcvid, EINVAL);
	make_printable(msg->text, msg->count);
	sender_name(info->slot); /* while it is there */
	ring_add(&ring, info->slot, msg->severity, ClockTime(), msg->text, msg->count);
	return MsgReply_r(rcvid, 0, NULL, 0);
}

static _Noreturn void serve_channel(int chid)
{
	for (;;) {
		struct slog_msg msg;
		struct msg_info info;
		int64_t rcvid = MsgReceive_r(chid, &msg, sizeof(msg), &info);

		if (rcvid > 0)
			serve_message(rcvid, &msg, info.bytes < sizeof(msg) ? info.bytes : sizeof(msg), &info);
	}
}

/* Lines of the logger itself go into its own ring. */
static void log_own(const char *text, size_t bytes)
{
	ring_add(&ring, process_args()->slot, SLOG_INFO, ClockTime(), text,
		 text[bytes - 1] == '\n' ? bytes - 1 : bytes);
}

int main(void)
{
	stdio_redirect(log_own);
	int chid = ChannelCreate_r(0);

	if (chid < 0)
		return EXIT_FAILURE;
	if (name_attach("slogger", chid) < 0)
		return EXIT_FAILURE;
	pm_ready();
	printf("log ring of %u bytes for each process\n", RING_BYTES);
	serve_channel(chid);
}
