/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of bytes to the host, in frames (docs/frames.md): what the driver does with messages, apart from the
 * hardware.
 *
 * A stream keeps one frame of its client, who is answered when the line begins to send it, or, if it ends the stream,
 * when all of it was sent. So the line holds the client, and whatever clients do, the driver needs no more memory.
 * Frames of several streams take turns.
 */
#pragma once

#include "bulkhead/proto.h"
#include "consoles.h"
#include "frame.h"

#define STREAMS_MAX  32
#define STREAM_SHARE 4 /* most of one process */

struct stream {
	char name[PROTO_NAME]; /* empty: the entry is free */
	uint32_t owner;        /* slot of the process that opened it; CONSOLE_FREE: it is gone */
	uint16_t number, count;
	uint32_t sequence;      /* of its next frame */
	uint64_t offset, total; /* bytes that were sent; that the client expects to send */
	int64_t rcvid;          /* who waits for the frame that is due; 0: nobody */
	enum frame_kind due;
	uint8_t data[PROTO_DATA]; /* `count` bytes, of FRAME_DATA */
};

struct streams {
	console_reply *reply;
	console_may *may;
	void *context;
	enum frame_form form;
	struct stream stream[STREAMS_MAX];
	uint16_t opened;    /* so many, modulo 65536 */
	unsigned due_count; /* streams with a frame that is due */
	unsigned turn;      /* index of the stream that was sent last */
	bool sending;
	int64_t closing; /* who waits for the end of the frame that is sent, which ends a stream; 0: nobody */
	struct frame_writer writer;
};

/* `form`: of the line. Names belong to whom `may` says, as consoles do. */
void streams_init(struct streams *s, enum frame_form form, console_reply *reply, console_may *may, void *context);

/* A message of `bytes` bytes from a process. It is answered by reply(), now or later. */
void streams_message(struct streams *s, int64_t rcvid, uint32_t slot, const struct stream_msg *msg, size_t bytes);

/* A process has no connection any more; a client that waits wants to be unblocked. */
void streams_disconnect(struct streams *s, uint32_t slot);
void streams_unblock(struct streams *s, int64_t rcvid);

/* The next byte for the line, or -1 if there is none: without `may_start` only those of a frame that has begun. */
int streams_output(struct streams *s, bool may_start);
