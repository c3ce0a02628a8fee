/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include <string.h>

#define CRC_BYTES  4u
#define BLOCK_MAX  254u /* COBS: bytes of a block without a zero */
#define TEXT_START (sizeof(FRAME_TEXT_START) - 1)
#define FRAME_V1   1

/* Steps of a writer, and of a reader of FRAME_BINARY. One of FRAME_TEXT counts the characters of FRAME_TEXT_START. */
enum { OUTSIDE, START, WITHIN, SKIP };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ISO 3309: polynomial 0x04c11db7, reflected, four bits at a time. */
static uint32_t crc32_of(const uint8_t *data, size_t bytes)
{
	static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
					   0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
					   0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes; i++) {
		crc ^= data[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static void store_number(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t load_number(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << 8 * i;
	return value;
}

bool frame_name_is_valid(const char *name, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		const char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-' || (c == '.' && i > 0)))
			return false;
	}
	return bytes > 0 && bytes < FRAME_NAME_MAX;
}

/* ---- to the line ---- */

void frame_start(struct frame_writer *w, enum frame_form form, const struct frame *f)
{
	uint8_t *raw = w->raw;

	raw[0] = FRAME_V1;
	raw[1] = (uint8_t)f->kind;
	store_number(raw + 2, f->stream, 2);
	store_number(raw + 4, f->sequence, 4);
	store_number(raw + 8, f->offset, 8);
	store_number(raw + 16, f->bytes, 2);
	if (f->bytes)
		memcpy(raw + FRAME_HEAD, f->data, f->bytes);
	w->bytes = (uint16_t)(FRAME_HEAD + f->bytes);
	store_number(raw + w->bytes, crc32_of(raw, w->bytes), CRC_BYTES);
	w->bytes += CRC_BYTES;
	raw[w->bytes] = 0;
	w->form = (uint8_t)form;
	w->at = 0;
	w->step = OUTSIDE;
	w->left = 0;
	w->zero = false;
}

/*
 * COBS (Cheshire and Baker, 1999): each block is a code and code - 1 bytes that are not zero. A zero follows it in the
 * data unless the code is 255; that of the last block is the one after the frame.
 */
static int take_binary(struct frame_writer *w)
{
	uint8_t count = 0;

	if (w->step == OUTSIDE) {
		w->step = WITHIN;
		return 0;
	}
	if (w->left) {
		w->left--;
		return w->raw[w->at++];
	}
	if (w->step == SKIP)
		return -1;
	w->at += w->zero;
	if (w->at > w->bytes) {
		w->step = SKIP;
		return 0;
	}
	while (count < BLOCK_MAX && w->raw[w->at + count] != 0)
		count++;
	w->left = count;
	w->zero = count < BLOCK_MAX;
	return count + 1;
}

static int take_text(struct frame_writer *w)
{
	const unsigned last = (w->bytes + 2u) / 3 * 4;
	unsigned at = w->at;

	if (at > TEXT_START + last)
		return -1;
	w->at++;
	if (at < TEXT_START)
		return (uint8_t)FRAME_TEXT_START[at];
	at -= TEXT_START;
	if (at == last)
		return FRAME_TEXT_END;
	const unsigned from = at / 4 * 3, left = w->bytes - from;
	const uint32_t bits = (uint32_t)w->raw[from] << 16 | (left > 1 ? (uint32_t)w->raw[from + 1] << 8 : 0) |
			      (left > 2 ? w->raw[from + 2] : 0);

	return left < at % 4 ? '=' : digits[bits >> (18 - at % 4 * 6) & 63];
}

int frame_take_byte(struct frame_writer *w)
{
	return w->form == FRAME_TEXT ? take_text(w) : take_binary(w);
}

/* ---- from the line ---- */

static bool kind_is_valid(const struct frame *f)
{
	if ((f->sequence == 0) != (f->kind == FRAME_OPEN))
		return false;
	switch (f->kind) {
	case FRAME_NONE: return false;
	case FRAME_OPEN: return frame_name_is_valid((const char *)f->data, f->bytes);
	case FRAME_DATA: return f->bytes > 0 && f->offset <= UINT64_MAX - f->bytes;
	case FRAME_END:
	case FRAME_BROKEN: return f->bytes == 0;
	}
	return false;
}

static bool read_frame(struct frame_reader *r, struct frame *f)
{
	const uint8_t *raw = r->raw;

	if (r->bytes < FRAME_HEAD + CRC_BYTES || raw[0] != FRAME_V1)
		return false;
	f->kind = (enum frame_kind)raw[1];
	f->stream = (uint16_t)load_number(raw + 2, 2);
	f->sequence = (uint32_t)load_number(raw + 4, 4);
	f->offset = load_number(raw + 8, 8);
	f->bytes = (uint16_t)load_number(raw + 16, 2);
	f->data = raw + FRAME_HEAD;
	return r->bytes == FRAME_HEAD + f->bytes + CRC_BYTES &&
	       load_number(raw + r->bytes - CRC_BYTES, CRC_BYTES) == crc32_of(raw, r->bytes - CRC_BYTES) &&
	       kind_is_valid(f);
}

/* What was received ends here. */
static bool finish_frame(struct frame_reader *r, bool whole, struct frame *f)
{
	const bool good = whole && read_frame(r, f);

	r->damaged += !good;
	return good;
}

static void begin_frame(struct frame_reader *r, uint8_t step)
{
	r->step = step;
	r->bytes = 0;
	r->left = 0;
	r->zero = false;
}

/* False: there are more bytes than a frame has. */
static bool put_byte(struct frame_reader *r, uint8_t byte)
{
	if (r->bytes == FRAME_RAW)
		return false;
	r->raw[r->bytes++] = byte;
	return true;
}

static bool give_binary(struct frame_reader *r, uint8_t byte, struct frame *f)
{
	if (byte == 0) {
		const bool any = r->step == WITHIN || r->step == SKIP;
		const bool whole = r->step == WITHIN && r->left == 0;
		const bool good = any && finish_frame(r, whole, f);

		begin_frame(r, START);
		return good;
	}
	if (r->step == OUTSIDE || r->step == SKIP)
		return false;
	if (r->step == WITHIN && r->left) {
		r->left--;
		r->step = put_byte(r, byte) ? WITHIN : SKIP;
		return false;
	}
	r->step = !r->zero || put_byte(r, 0) ? WITHIN : SKIP;
	r->left = byte - 1;
	r->zero = byte <= BLOCK_MAX;
	return false;
}

static bool give_digit(struct frame_reader *r, uint8_t character)
{
	const char *digit = strchr(digits, character);

	if (character == '=') {
		r->zero = true;
		return true;
	}
	if (character == 0 || !digit || r->zero)
		return false;
	r->bits = r->bits << 6 | (uint32_t)(digit - digits);
	r->left += 6;
	if (r->left < 8)
		return true;
	r->left -= 8;
	return put_byte(r, (uint8_t)(r->bits >> r->left));
}

static bool give_text(struct frame_reader *r, uint8_t byte, struct frame *f)
{
	if (r->step == TEXT_START) {
		if (byte != FRAME_TEXT_END && give_digit(r, byte))
			return false;
		r->step = byte == FRAME_TEXT_START[0];
		return finish_frame(r, byte == FRAME_TEXT_END, f);
	}
	if (byte != (uint8_t)FRAME_TEXT_START[r->step])
		r->step = byte == FRAME_TEXT_START[0];
	else if (++r->step == TEXT_START)
		begin_frame(r, TEXT_START);
	return false;
}

bool frame_give_byte(struct frame_reader *r, uint8_t byte, struct frame *f)
{
	return r->form == FRAME_TEXT ? give_text(r, byte, f) : give_binary(r, byte, f);
}
