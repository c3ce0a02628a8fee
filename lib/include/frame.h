/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: streams of bytes on a serial line that loses and damages some of them (docs/frames.md). The target makes
 * frames, the host finds them in whatever comes from the line. Each frame has a CRC-32; a damaged one counts as lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_DATA_MAX   512u
#define FRAME_NAME_MAX   32u /* bytes of a stream's name, NUL included */
#define FRAME_HEAD       18u
#define FRAME_RAW        (FRAME_HEAD + FRAME_DATA_MAX + 4u) /* with the CRC */
#define FRAME_TEXT_START "\x1b]5339;"
#define FRAME_TEXT_END   '\a'

/* A stream is one OPEN, any number of DATA, and one END or BROKEN. */
enum frame_kind {
	FRAME_NONE, /* of those who have no frame */
	FRAME_OPEN, /* data: the stream's name; offset: bytes that are to be expected, 0 if that is not known */
	FRAME_DATA,
	FRAME_END,    /* offset: bytes of the whole stream */
	FRAME_BROKEN, /* the same, but the sender went away before its end */
};

/* How a frame's bytes look on the line. */
enum frame_form {
	FRAME_BINARY, /* a line of its own: COBS between two zeros */
	FRAME_TEXT,   /* among what is for people: base64 in a control sequence that terminals do not show */
};

struct frame {
	enum frame_kind kind;
	uint16_t stream;   /* its number: two that follow one another differ */
	uint16_t bytes;    /* of `data` */
	uint32_t sequence; /* of the frame in its stream, from 0, which is the OPEN */
	uint64_t offset;   /* of the data in the stream */
	const uint8_t *data;
};

/* A frame on its way to the line. */
struct frame_writer {
	uint8_t raw[FRAME_RAW + 1]; /* and a zero */
	uint16_t bytes;             /* of `raw` */
	uint16_t at;                /* FRAME_BINARY: the next one of `raw`; FRAME_TEXT: characters that were taken */
	uint8_t form, step;
	uint8_t left; /* FRAME_BINARY: bytes until the next code */
	bool zero;    /* FRAME_BINARY: which stands for a zero */
};

/* What is known of the bytes that came from the line. Zeroed, except `form`, it begins. */
struct frame_reader {
	enum frame_form form;
	uint8_t raw[FRAME_RAW];
	uint16_t bytes; /* in `raw` */
	uint8_t step;
	uint8_t left;     /* FRAME_BINARY: bytes until the next code; FRAME_TEXT: bits that make no byte yet */
	bool zero;        /* FRAME_BINARY: that code stands for a zero; FRAME_TEXT: the padding has begun */
	uint32_t bits;    /* FRAME_TEXT */
	uint64_t damaged; /* what began as a frame, and was none */
};

/* Is it fit for a stream, and for a file: 1 to 31 letters, digits, `_`, `-`, `.`, and no `.` at the start? */
bool frame_name_is_valid(const char *name, size_t bytes);

/* Begins to send a frame of at most FRAME_DATA_MAX bytes, which are copied. */
void frame_start(struct frame_writer *w, enum frame_form form, const struct frame *f);

/* The next byte for the line, or -1 if all were taken. */
int frame_take_byte(struct frame_writer *w);

/* Takes a byte from the line. True: it completes *f, whose data stay in the reader until the next byte. */
bool frame_give_byte(struct frame_reader *r, uint8_t byte, struct frame *f);
