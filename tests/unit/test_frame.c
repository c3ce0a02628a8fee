/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/frame.c */
/* LIBS: z */
/* Frames: each comes back as it was sent, in both forms; what is damaged is counted, and the next one is found. */
#include "frame.h"
#include "unit.h"
#include <string.h>
#include <zlib.h>

#define FRAME_LINE 800 /* bytes of the longest frame on the line */

static const enum frame_form forms[] = {FRAME_BINARY, FRAME_TEXT};
static uint8_t data[FRAME_DATA_MAX];
static struct frame_writer writer;
static struct frame_reader reader;
static struct frame found;

static size_t send_frame(enum frame_form form, const struct frame *f, uint8_t *line)
{
	size_t bytes = 0;
	int byte;

	frame_start(&writer, form, f);
	while ((byte = frame_take_byte(&writer)) >= 0) {
		assert_true(bytes < FRAME_LINE);
		line[bytes++] = (uint8_t)byte;
	}
	assert_int_equal(frame_take_byte(&writer), -1);
	return bytes;
}

/* So many frames are found in it; the last one is in `found`. */
static unsigned give_line(const uint8_t *line, size_t bytes)
{
	unsigned count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += frame_give_byte(&reader, line[i], &found);
	return count;
}

static void start_reader(enum frame_form form)
{
	memset(&reader, 0, sizeof(reader));
	reader.form = form;
}

static struct frame data_frame(unsigned bytes)
{
	return (struct frame){FRAME_DATA, 0x1234, (uint16_t)bytes, 0x87654321, 0x123456789abcdef0, data};
}

static void assert_found(const struct frame *f)
{
	assert_int_equal(found.kind, f->kind);
	assert_int_equal(found.stream, f->stream);
	assert_int_equal(found.sequence, f->sequence);
	assert_int_equal(found.offset, f->offset);
	assert_int_equal(found.bytes, f->bytes);
	assert_memory_equal(found.data, f->data, f->bytes);
}

/* `pattern`: 0 to 255 all bytes alike, then numbers, random ones, and random ones that are mostly zero or never. */
static void fill_data(unsigned pattern)
{
	uint32_t seed = pattern;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(pattern < 256    ? pattern
				    : pattern == 256 ? i
				    : pattern == 257 ? random_below(&seed, 256)
				    : pattern == 258 ? random_below(&seed, 256) * (random_below(&seed, 8) == 0)
						     : 1 + random_below(&seed, 255));
}

static void every_length_comes_back(void **state)
{
	static const unsigned patterns[] = {0, 1, 0xff, 256, 257, 258, 259};
	uint8_t line[FRAME_LINE];

	(void)state;
	for (unsigned n = 0; n < 2 * 7 * FRAME_DATA_MAX; n++) {
		const struct frame f = data_frame(1 + n / 14);
		const enum frame_form form = forms[n & 1];

		fill_data(patterns[n / 2 % 7]);
		start_reader(form);
		assert_int_equal(give_line(line, send_frame(form, &f, line)), 1);
		assert_found(&f);
		assert_int_equal(reader.damaged, 0);
	}
}

/* Its CRC is the one that others compute, too; and on a line of its own a frame grows by a few bytes only. */
static void the_form_is_that_of_the_document(void **state)
{
	static const uint8_t end[] = {1, FRAME_END, 2, 0, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0};
	const struct frame f = {FRAME_END, 2, 0, 3, 512, data};
	uint8_t line[FRAME_LINE], expected[FRAME_LINE];
	size_t bytes = 0;

	(void)state;
	send_frame(FRAME_BINARY, &f, line);
	assert_int_equal(writer.bytes, sizeof(end) + 4);
	assert_memory_equal(writer.raw, end, sizeof(end));
	uint32_t crc = (uint32_t)crc32(0, end, sizeof(end));

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(writer.raw[sizeof(end) + i], crc >> 8 * i & 0xff);
	fill_data(1);
	struct frame full = data_frame(FRAME_DATA_MAX);

	full.offset = 1; /* zeros in its head */
	bytes = send_frame(FRAME_BINARY, &full, line);
	assert_true(bytes <= FRAME_RAW + 6);
	for (size_t i = 0; i < bytes; i++)
		assert_true((line[i] == 0) == (i == 0 || i == bytes - 1));
	bytes = send_frame(FRAME_TEXT, &f, expected);
	assert_int_equal(expected[0], 0x1b);
	assert_int_equal(expected[bytes - 1], '\a');
	for (size_t i = 1; i < bytes - 1; i++)
		assert_true(expected[i] > ' ' && expected[i] < 0x7f);
}

/* One bit, a byte that is lost, one too many: the frame is counted, or not there at all, and the next one is found. */
static void a_damaged_frame_is_counted_and_the_next_one_found(void **state)
{
	uint8_t line[3 * FRAME_LINE], damaged[3 * FRAME_LINE + 1];
	uint32_t seed = 1;

	(void)state;
	fill_data(258);
	for (unsigned n = 0; n < 20000; n++) {
		const enum frame_form form = forms[n & 1];
		struct frame f = data_frame(1 + random_below(&seed, 100));
		size_t first = send_frame(form, &f, line), bytes = first;
		size_t at = random_below(&seed, (unsigned)first);
		unsigned count;

		f.sequence++;
		bytes += send_frame(form, &f, line + bytes);
		f.sequence++;
		bytes += send_frame(form, &f, line + bytes);
		memcpy(damaged, line, at);
		switch (n / 2 % 3) {
		case 0:
			memcpy(damaged + at, line + at, bytes - at);
			damaged[at] ^= 1u << random_below(&seed, 8);
			break;
		case 1: memcpy(damaged + at, line + at + 1, --bytes - at); break;
		default:
			memcpy(damaged + at + 1, line + at, bytes++ - at);
			damaged[at] = (uint8_t)random_below(&seed, 256);
			break;
		}
		start_reader(form);
		count = give_line(damaged, bytes);
		/* The delimiters of two frames may be hit; and one byte more before a frame does no harm. */
		assert_in_range(count, 1, 3);
		assert_found(&f);
		if (count < 3 && at > 7 && at < first - 1)
			assert_in_range(reader.damaged, 1, 2);
	}
}

static void frames_are_found_among_anything(void **state)
{
	uint8_t line[FRAME_LINE];
	uint32_t seed = 3;

	(void)state;
	fill_data(257);
	for (unsigned i = 0; i < 2; i++) {
		unsigned count = 0;

		start_reader(forms[i]);
		for (unsigned n = 0; n < 2000; n++) {
			const struct frame f = data_frame(1 + random_below(&seed, FRAME_DATA_MAX));

			for (unsigned noise = random_below(&seed, 1000); noise; noise--) {
				uint8_t byte = (uint8_t)(random_below(&seed, 256));

				assert_int_equal(give_line(&byte, 1), 0);
			}
			count += give_line(line, send_frame(forms[i], &f, line));
			assert_found(&f);
		}
		assert_int_equal(count, 2000);
		assert_true(forms[i] == FRAME_TEXT || reader.damaged > 2000);
	}
}

/* What nobody sends is refused, whatever its CRC. */
static void what_makes_no_sense_is_refused(void **state)
{
	const struct frame wrong[] = {
	    {FRAME_OPEN, 1, 0, 0, 0, (const uint8_t *)""},
	    {FRAME_OPEN, 1, 3, 0, 0, (const uint8_t *)"a/b"},
	    {FRAME_OPEN, 1, 2, 0, 0, (const uint8_t *)".a"},
	    {FRAME_OPEN, 1, 32, 0, 0, (const uint8_t *)"12345678901234567890123456789012"},
	    {FRAME_OPEN, 1, 1, 1, 0, (const uint8_t *)"a"},
	    {FRAME_DATA, 1, 1, 0, 0, data},
	    {FRAME_DATA, 1, 0, 1, 0, data},
	    {FRAME_DATA, 1, 2, 1, UINT64_MAX - 1, data},
	    {FRAME_END, 1, 1, 1, 0, data},
	    {FRAME_BROKEN, 1, 1, 1, 0, data},
	    {FRAME_NONE, 1, 1, 1, 0, data},
	    {(enum frame_kind)5, 1, 1, 1, 0, data},
	};
	const struct frame right = {FRAME_OPEN, 1, 31, 0, 7, (const uint8_t *)"1-3_5678901234567890123456789.1"};
	uint8_t line[FRAME_LINE];

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(wrong) / sizeof(wrong[0]); i++) {
		start_reader(forms[i & 1]);
		assert_int_equal(give_line(line, send_frame(forms[i & 1], &wrong[i / 2], line)), 0);
		assert_int_equal(reader.damaged, 1);
		assert_int_equal(give_line(line, send_frame(forms[i & 1], &right, line)), 1);
		assert_found(&right);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_comes_back),
	    cmocka_unit_test(the_form_is_that_of_the_document),
	    cmocka_unit_test(a_damaged_frame_is_counted_and_the_next_one_found),
	    cmocka_unit_test(frames_are_found_among_anything),
	    cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
