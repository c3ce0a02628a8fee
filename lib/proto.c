/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of the messages of proto.h. */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Of a message with data, only what is used is sent. */
#define CON_BYTES(count)    (offsetof(struct con_msg, data) + (count))
#define STREAM_BYTES(count) (offsetof(struct stream_msg, data) + (count))
#define SLOG_BYTES(count)   (offsetof(struct slog_msg, text) + (count))

static int procmgr_send(const void *msg, size_t bytes, void *reply, size_t reply_bytes)
{
	return MsgSend_r(process_args()->procmgr_coid, msg, bytes, reply, reply_bytes);
}

static int copy_name(char *to, const char *name)
{
	size_t bytes = strlen(name);

	if (bytes == 0 || bytes >= PROTO_NAME)
		return -EINVAL;
	memcpy(to, name, bytes + 1);
	return 0;
}

int name_attach(const char *name, int chid)
{
	struct pm_name msg = {.type = PM_NAME_ATTACH, .slot = process_args()->slot, .chid = (uint32_t)chid};
	int status = copy_name(msg.name, name);

	return status < 0 ? status : procmgr_send(&msg, sizeof(msg), NULL, 0);
}

int name_open(const char *name, unsigned flags, int event_chid)
{
	struct pm_name msg = {.type = PM_NAME_OPEN, .flags = flags};
	int status = copy_name(msg.name, name);

	if (status == 0)
		status = procmgr_send(&msg, sizeof(msg), &msg, sizeof(msg));
	return status < 0 ? status : ConnectAttach_r(msg.slot, (int)msg.chid, event_chid);
}

int pm_ready(void)
{
	struct pm_target msg = {.type = PM_READY};

	return procmgr_send(&msg, sizeof(msg), NULL, 0);
}

int pm_request(uint32_t type, const char *name, uint32_t index, uint32_t value, void *reply, size_t reply_bytes)
{
	struct pm_target msg = {.type = type, .index = index, .value = value};

	if (name && copy_name(msg.name, name) < 0)
		return -EINVAL;
	return procmgr_send(&msg, sizeof(msg), reply, reply_bytes);
}

int pm_note(const char *text)
{
	struct pm_note msg = {.type = PM_VM_NOTE};

	strncpy(msg.text, text, sizeof(msg.text) - 1);
	return procmgr_send(&msg, sizeof(msg), NULL, 0);
}

/* The connection to the log ring, made at the first need; 0 or below: none. */
static int slog_coid;

/* Two threads may both make a connection: one of them is kept, the other one given back. */
static int slog_connection(void)
{
	int known = __atomic_load_n(&slog_coid, __ATOMIC_ACQUIRE);

	if (known > 0)
		return known;
	int made = name_open("slogger", 0, 0);

	if (made > 0 &&
	    !__atomic_compare_exchange_n(&slog_coid, &known, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		ConnectDetach_r(made);
		made = known;
	}
	return made;
}

/* The logger of a connection has gone: it is looked up again at the next line. */
static void slog_gone(int coid)
{
	if (__atomic_compare_exchange_n(&slog_coid, &coid, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		ConnectDetach_r(coid);
}

int slog_write(enum slog_severity severity, const char *text, size_t bytes)
{
	struct slog_msg msg = {.type = SLOG_WRITE, .severity = (uint16_t)severity};
	int status = -ESRCH;

	if (bytes > sizeof(msg.text))
		bytes = sizeof(msg.text);
	msg.count = (uint16_t)bytes;
	memcpy(msg.text, text, bytes);
	/* The second time to one that was started again. */
	for (unsigned i = 0; i < 2 && (status == -ESRCH || status == -EBADF); i++) {
		int coid = slog_connection();

		if (coid < 0)
			return coid;
		status = MsgSend_r(coid, &msg, SLOG_BYTES(bytes), NULL, 0);
		if (status == -ESRCH || status == -EBADF)
			slog_gone(coid);
	}
	return status;
}

static __attribute__((format(printf, 2, 0))) int vslogf(enum slog_severity severity, const char *format, va_list args)
{
	char text[PROTO_DATA];
	int bytes = vsnprintf(text, sizeof(text), format, args);

	if (bytes < 0)
		return -EINVAL;
	if (bytes >= (int)sizeof(text))
		bytes = sizeof(text) - 1;
	while (bytes > 0 && text[bytes - 1] == '\n')
		bytes--;
	int status = slog_write(severity, text, (size_t)bytes);

	if (status >= 0)
		return status;
	text[bytes] = '\n';
	for (int done = 0; done <= bytes && status != -EPERM; done += 256) {
		size_t part = (size_t)(bytes + 1 - done);

		status = SystemLog_r(text + done, part < 256 ? part : 256);
	}
	return status;
}

int slogf(enum slog_severity severity, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int status = vslogf(severity, format, args);

	va_end(args);
	return status;
}

void slog_output(const char *text, size_t bytes)
{
	const bool newline = text[bytes - 1] == '\n';

	if (process_args()->slot != 0 && slog_write(SLOG_INFO, text, newline ? bytes - 1 : bytes) >= 0)
		return;
	SystemLog_r(text, bytes);
}

static int send_name(const struct console *console, uint32_t type, const char *name)
{
	struct con_msg msg = {.type = type, .id = console->id};
	size_t bytes = strlen(name);

	if (bytes == 0 || bytes >= PROTO_NAME)
		return -EINVAL;
	msg.count = (uint16_t)bytes;
	memcpy(msg.data, name, bytes);
	return MsgSend_r(console->coid, &msg, CON_BYTES(bytes), NULL, 0);
}

int console_open(struct console *console, const char *name, unsigned flags)
{
	console->id = 0;
	console->coid = name_open("console", flags, 0);
	if (console->coid < 0)
		return console->coid;
	int status = send_name(console, CON_OPEN, name);

	if (status < 0)
		ConnectDetach_r(console->coid);
	console->id = (uint16_t)status;
	return status < 0 ? status : 0;
}

int console_write(const struct console *console, const void *data, size_t bytes)
{
	struct con_msg msg = {.type = CON_WRITE, .id = console->id};
	size_t done = 0;

	while (done < bytes) {
		size_t part = bytes - done < sizeof(msg.data) ? bytes - done : sizeof(msg.data);

		msg.count = (uint16_t)part;
		memcpy(msg.data, (const char *)data + done, part);
		int status = MsgSend_r(console->coid, &msg, CON_BYTES(part), NULL, 0);

		if (status == -EINTR)
			continue;
		if (status <= 0)
			return status < 0 ? status : -EIO;
		done += (size_t)status < part ? (size_t)status : part;
	}
	return (int)bytes;
}

static int read_once(const struct console *console, void *data, size_t bytes)
{
	struct con_msg msg = {.type = CON_READ, .id = console->id};

	msg.count = (uint16_t)(bytes < sizeof(msg.data) ? bytes : sizeof(msg.data));
	return MsgSend_r(console->coid, &msg, CON_BYTES(0), data, bytes);
}

int console_read(const struct console *console, void *data, size_t bytes)
{
	int status;

	do
		status = read_once(console, data, bytes);
	while (status == -EINTR);
	return status;
}

int console_poll(const struct console *console, void *data, size_t bytes, uint64_t ns)
{
	TimerTimeout_r(TIMEOUT_SEND | TIMEOUT_REPLY, ns);
	int status = read_once(console, data, bytes);

	return status == -EINTR || status == -ETIMEDOUT ? 0 : status;
}

int console_state(const struct console *console, const char *name)
{
	return send_name(console, CON_STATE, name);
}

int console_focus(const struct console *console, const char *name)
{
	return send_name(console, CON_FOCUS, name);
}

static int send_part(const struct stream_out *stream, struct stream_msg *msg, const void *data, size_t bytes)
{
	int status;

	msg->id = stream->id;
	msg->count = (uint16_t)bytes;
	if (bytes)
		memcpy(msg->data, data, bytes);
	do
		status = MsgSend_r(stream->coid, msg, STREAM_BYTES(bytes), NULL, 0);
	while (status == -EINTR);
	return status;
}

int stream_out_open(struct stream_out *stream, const char *name, uint64_t total, unsigned flags)
{
	struct stream_msg msg = {.type = STREAM_OPEN, .total = total};
	size_t bytes = strlen(name);

	stream->id = 0;
	stream->coid = bytes < PROTO_NAME ? name_open("console", flags, 0) : -EINVAL;
	if (stream->coid < 0)
		return stream->coid;
	int status = send_part(stream, &msg, name, bytes);

	if (status < 0)
		ConnectDetach_r(stream->coid);
	stream->id = (uint16_t)status;
	return status < 0 ? status : 0;
}

int stream_out_write(const struct stream_out *stream, const void *data, size_t bytes)
{
	struct stream_msg msg = {.type = STREAM_WRITE};

	for (size_t done = 0; done < bytes;) {
		size_t part = bytes - done < sizeof(msg.data) ? bytes - done : sizeof(msg.data);
		int status = send_part(stream, &msg, (const char *)data + done, part);

		if (status <= 0)
			return status < 0 ? status : -EIO;
		done += (size_t)status < part ? (size_t)status : part;
	}
	return (int)bytes;
}

int stream_out_close(struct stream_out *stream)
{
	struct stream_msg msg = {.type = STREAM_CLOSE};
	int status = send_part(stream, &msg, NULL, 0);

	ConnectDetach_r(stream->coid);
	return status;
}
