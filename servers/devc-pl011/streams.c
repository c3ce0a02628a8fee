/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"
#include <errno.h>
#include <string.h>

_Static_assert(PROTO_DATA <= FRAME_DATA_MAX && PROTO_NAME <= FRAME_NAME_MAX, "a message fits into a frame");

static void answer_client(struct streams *s, int64_t rcvid, int status)
{
	if (rcvid)
		s->reply(s->context, rcvid, status, NULL, 0);
}

/* Keeps the client until the line takes the frame. */
static void make_due(struct streams *s, struct stream *stream, enum frame_kind kind, int64_t rcvid)
{
	s->due_count += (kind != FRAME_NONE) - (stream->due != FRAME_NONE);
	stream->due = kind;
	stream->rcvid = rcvid;
}

/* ---- messages ---- */

/* An entry for a new stream of this name, or an error. */
static int find_entry(const struct streams *s, uint32_t slot, const char *name)
{
	unsigned own = 0;
	int entry = -ENOSPC;

	for (int id = STREAMS_MAX - 1; id >= 0; id--) {
		const struct stream *stream = &s->stream[id];

		if (!stream->name[0])
			entry = id;
		else if (stream->owner != slot)
			continue;
		else if (strcmp(stream->name, name) == 0)
			return -EBUSY;
		else
			own++;
	}
	return own < STREAM_SHARE ? entry : -ENOSPC;
}

static void open_stream(struct streams *s, int64_t rcvid, uint32_t slot, const struct stream_msg *msg)
{
	char name[PROTO_NAME] = "";
	int id = -EINVAL;

	if (msg->count < PROTO_NAME && frame_name_is_valid(msg->data, msg->count)) {
		memcpy(name, msg->data, msg->count);
		id = s->may(s->context, slot, name) ? find_entry(s, slot, name) : -EPERM;
	}
	if (id < 0) {
		answer_client(s, rcvid, id);
		return;
	}
	struct stream *stream = &s->stream[id];

	*stream = (struct stream){.owner = slot, .number = s->opened++, .total = msg->total};
	memcpy(stream->name, name, sizeof(name));
	make_due(s, stream, FRAME_OPEN, rcvid);
}

static bool is_valid(const struct stream_msg *msg, size_t bytes)
{
	const size_t head = offsetof(struct stream_msg, data);

	return bytes >= head && msg->type >= STREAM_OPEN && msg->type <= STREAM_CLOSE && msg->count <= PROTO_DATA &&
	       msg->count <= bytes - head;
}

static bool owns_stream(const struct streams *s, uint32_t slot, unsigned id)
{
	return id < STREAMS_MAX && s->stream[id].name[0] && s->stream[id].owner == slot;
}

void streams_message(struct streams *s, int64_t rcvid, uint32_t slot, const struct stream_msg *msg, size_t bytes)
{
	if (!is_valid(msg, bytes)) {
		answer_client(s, rcvid, -EINVAL);
		return;
	}
	if (msg->type == STREAM_OPEN) {
		open_stream(s, rcvid, slot, msg);
		return;
	}
	if (!owns_stream(s, slot, msg->id)) {
		answer_client(s, rcvid, -EBADF);
		return;
	}
	struct stream *stream = &s->stream[msg->id];

	if (stream->due) {
		answer_client(s, rcvid, -EAGAIN);
	} else if (msg->type == STREAM_CLOSE) {
		make_due(s, stream, FRAME_END, rcvid);
	} else if (msg->count == 0) {
		answer_client(s, rcvid, 0);
	} else {
		memcpy(stream->data, msg->data, msg->count);
		stream->count = msg->count;
		make_due(s, stream, FRAME_DATA, rcvid);
	}
}

/* What the line has not taken is not sent: nobody was told that it would be. */
static void drop_due(struct streams *s, struct stream *stream)
{
	if (stream->due == FRAME_OPEN)
		stream->name[0] = '\0';
	make_due(s, stream, FRAME_NONE, 0);
}

void streams_disconnect(struct streams *s, uint32_t slot)
{
	for (unsigned id = 0; id < STREAMS_MAX; id++) {
		struct stream *stream = &s->stream[id];

		if (!stream->name[0] || stream->owner != slot)
			continue;
		answer_client(s, stream->rcvid, -EINTR);
		drop_due(s, stream);
		stream->owner = CONSOLE_FREE;
		if (stream->name[0])
			make_due(s, stream, FRAME_BROKEN, 0);
	}
}

void streams_unblock(struct streams *s, int64_t rcvid)
{
	/* The stream has its end already. */
	if (rcvid > 0 && s->closing == rcvid) {
		answer_client(s, rcvid, 0);
		s->closing = 0;
		return;
	}
	for (unsigned id = 0; id < STREAMS_MAX; id++) {
		struct stream *stream = &s->stream[id];

		if (!stream->name[0] || rcvid <= 0 || stream->rcvid != rcvid)
			continue;
		answer_client(s, rcvid, -EINTR);
		drop_due(s, stream);
		return;
	}
}

/* ---- the line ---- */

/* The stream after the one that was sent last whose frame is due: there is one. */
static struct stream *next_due(struct streams *s)
{
	do
		s->turn = (s->turn + 1) % STREAMS_MAX;
	while (s->stream[s->turn].due == FRAME_NONE);
	return &s->stream[s->turn];
}

/* The client is answered now: it makes its next frame while this one is sent. */
static void start_frame(struct streams *s, struct stream *stream)
{
	const int64_t rcvid = stream->rcvid;
	const enum frame_kind kind = stream->due;
	struct frame f = {kind, stream->number, 0, stream->sequence++, stream->offset, stream->data};
	int status = 0;

	if (kind == FRAME_OPEN) {
		f.data = (const uint8_t *)stream->name;
		f.bytes = (uint16_t)strlen(stream->name);
		f.offset = stream->total;
		status = (int)(stream - s->stream);
	} else if (kind == FRAME_DATA) {
		f.bytes = stream->count;
		status = stream->count;
		stream->offset += stream->count;
	}
	frame_start(&s->writer, s->form, &f);
	s->sending = true;
	make_due(s, stream, FRAME_NONE, 0);
	if (kind == FRAME_END || kind == FRAME_BROKEN) {
		stream->name[0] = '\0';
		s->closing = rcvid;
	} else {
		answer_client(s, rcvid, status);
	}
}

/* Who has closed a stream may switch the board off now. */
static void finish_frame(struct streams *s)
{
	answer_client(s, s->closing, 0);
	s->closing = 0;
	s->sending = false;
}

int streams_output(struct streams *s, bool may_start)
{
	if (s->sending) {
		int byte = frame_take_byte(&s->writer);

		if (byte >= 0)
			return byte;
		finish_frame(s);
	}
	if (!may_start || s->due_count == 0)
		return -1;
	start_frame(s, next_due(s));
	return frame_take_byte(&s->writer);
}

void streams_init(struct streams *s, enum frame_form form, console_reply *reply, console_may *may, void *context)
{
	memset(s, 0, sizeof(*s));
	s->form = form;
	s->reply = reply;
	s->may = may;
	s->context = context;
}
