/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/devc-pl011/streams.c servers/devc-pl011/shared.c lib/frame.c */
/* SOURCES: servers/devc-pl011/consoles.c servers/devc-pl011/line.c servers/devc-pl011/waits.c */
/* Streams of the console driver: who may have them, who waits, what the line gets, alone and beside the consoles. */
#include "servers/devc-pl011/line.h"
#include "servers/devc-pl011/shared.h"
#include "servers/devc-pl011/streams.h"
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ONE   4 /* slots of clients */
#define TWO   5
#define SHELL 3
#define WAITS (-9999) /* the status of a message without an answer */

static struct streams s;
static struct frame_reader reader;
static struct frame found;
static int64_t last_rcvid, next_rcvid;
static int last_status;
static unsigned answers;

static bool reply(void *context, int64_t rcvid, int status, const void *data, size_t bytes)
{
	(void)context, (void)data;
	assert_int_equal(bytes, 0);
	answers++;
	last_rcvid = rcvid;
	last_status = status;
	return true;
}

static bool may(void *context, uint32_t slot, const char *name)
{
	(void)context;
	return slot != TWO || strcmp(name, "one") != 0;
}

static int setup(void **state)
{
	(void)state;
	streams_init(&s, FRAME_BINARY, reply, may, NULL);
	memset(&reader, 0, sizeof(reader));
	last_rcvid = 0;
	return 0;
}

static int send_message(uint32_t type, uint32_t slot, int id, const char *data)
{
	struct stream_msg msg = {.type = type, .id = (uint16_t)id, .count = (uint16_t)strlen(data), .total = 77};

	memcpy(msg.data, data, msg.count);
	streams_message(&s, ++next_rcvid, slot, &msg, offsetof(struct stream_msg, data) + msg.count);
	return last_rcvid == next_rcvid ? last_status : WAITS;
}

/* The next whole frame of the line. */
static bool next_frame(void)
{
	for (int byte; (byte = streams_output(&s, true)) >= 0;)
		if (frame_give_byte(&reader, (uint8_t)byte, &found))
			return true;
	return false;
}

static void expect_frame(enum frame_kind kind, unsigned stream, unsigned sequence, uint64_t offset, const char *data)
{
	assert_true(next_frame());
	assert_int_equal(found.kind, kind);
	assert_int_equal(found.stream, stream);
	assert_int_equal(found.sequence, sequence);
	assert_int_equal(found.offset, offset);
	assert_int_equal(found.bytes, strlen(data));
	assert_memory_equal(found.data, data, found.bytes);
}

static int open_stream(uint32_t slot, const char *name)
{
	assert_int_equal(send_message(STREAM_OPEN, slot, 0, name), WAITS);
	assert_true(next_frame());
	assert_int_equal(last_rcvid, next_rcvid);
	return last_status;
}

static void a_client_waits_until_the_line_takes_its_frame(void **state)
{
	(void)state;
	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "one"), WAITS);
	expect_frame(FRAME_OPEN, 0, 0, 77, "one");
	assert_int_equal(last_rcvid, next_rcvid);
	const int id = last_status;

	assert_int_equal(send_message(STREAM_WRITE, ONE, id, ""), 0);
	assert_int_equal(send_message(STREAM_WRITE, ONE, id, "data"), WAITS);
	/* The zero of the last frame is still to come. */
	assert_int_equal(streams_output(&s, false), -1);
	assert_int_equal(last_status, 0);
	assert_int_equal(streams_output(&s, true), 0);
	assert_int_equal(last_status, 4);
	assert_int_equal(last_rcvid, next_rcvid);
	/* The next one waits for the end of this one; of two at once one is refused. */
	assert_int_equal(send_message(STREAM_WRITE, ONE, id, "more"), WAITS);
	assert_int_equal(send_message(STREAM_WRITE, ONE, id, "more"), -EAGAIN);
	frame_give_byte(&reader, 0, &found);
	expect_frame(FRAME_DATA, 0, 1, 0, "data");
	assert_int_equal(last_status, -EAGAIN);
	expect_frame(FRAME_DATA, 0, 2, 4, "more");
	assert_int_equal(last_status, 4);
	assert_int_equal(send_message(STREAM_CLOSE, ONE, id, ""), WAITS);
	expect_frame(FRAME_END, 0, 3, 8, "");
	assert_int_not_equal(last_rcvid, next_rcvid);
	assert_false(next_frame());
	assert_int_equal(last_rcvid, next_rcvid);
	assert_int_equal(last_status, 0);
	assert_int_equal(send_message(STREAM_WRITE, ONE, id, "late"), -EBADF);
	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "one"), WAITS);
	expect_frame(FRAME_OPEN, 1, 0, 77, "one");
}

static void streams_take_turns(void **state)
{
	(void)state;
	int one = open_stream(ONE, "one"), two = open_stream(TWO, "two");

	for (unsigned i = 1; i < 100; i++) {
		assert_int_equal(send_message(STREAM_WRITE, ONE, one, "1"), WAITS);
		assert_int_equal(send_message(STREAM_WRITE, TWO, two, "2"), WAITS);
		expect_frame(FRAME_DATA, 0, i, i - 1, "1");
		assert_int_equal(send_message(STREAM_WRITE, ONE, one, "x"), WAITS);
		expect_frame(FRAME_DATA, 1, i, i - 1, "2");
		streams_unblock(&s, next_rcvid);
		assert_int_equal(last_status, -EINTR);
	}
	assert_false(next_frame());
}

static void nobody_has_more_than_its_own(void **state)
{
	char name[2] = "a";
	unsigned slots = 0;

	(void)state;
	assert_int_equal(send_message(STREAM_OPEN, TWO, 0, "one"), -EPERM);
	int one = open_stream(ONE, "one");

	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "one"), -EBUSY);
	assert_int_equal(send_message(STREAM_WRITE, TWO, one, "x"), -EBADF);
	assert_int_equal(send_message(STREAM_CLOSE, TWO, one, ""), -EBADF);
	assert_int_equal(send_message(STREAM_CLOSE, ONE, STREAMS_MAX, ""), -EBADF);
	for (const char *const *bad =
		 (const char *const[]){"", "../x", "a b", ".x", "12345678901234567890123456789012", NULL};
	     *bad; bad++)
		assert_int_equal(send_message(STREAM_OPEN, ONE, 0, *bad), -EINVAL);
	for (unsigned i = 1; i < STREAM_SHARE; i++, name[0]++)
		open_stream(ONE, name);
	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, name), -ENOSPC);
	for (slots = 1; slots < STREAMS_MAX / STREAM_SHARE; slots++)
		for (name[0] = 'a'; name[0] < 'a' + STREAM_SHARE; name[0]++)
			open_stream(10 + slots, name);
	assert_int_equal(send_message(STREAM_OPEN, 30, 0, "x"), -ENOSPC);
	streams_disconnect(&s, 11);
	assert_int_equal(send_message(STREAM_OPEN, 30, 0, "x"), -ENOSPC);
	expect_frame(FRAME_BROKEN, STREAM_SHARE, 1, 0, "");
	assert_int_equal(send_message(STREAM_OPEN, 30, 0, "x"), WAITS);
}

static void bad_messages_are_refused(void **state)
{
	struct stream_msg msg = {.type = STREAM_WRITE, .count = 2};
	const size_t head = offsetof(struct stream_msg, data);

	(void)state;
	open_stream(ONE, "one");
	for (size_t bytes = 0; bytes < head + 2; bytes++) {
		streams_message(&s, ++next_rcvid, ONE, &msg, bytes);
		assert_int_equal(last_rcvid, next_rcvid);
		assert_int_equal(last_status, -EINVAL);
	}
	msg.count = PROTO_DATA + 1;
	streams_message(&s, ++next_rcvid, ONE, &msg, sizeof(msg));
	assert_int_equal(last_status, -EINVAL);
	msg = (struct stream_msg){.type = STREAM_CLOSE + 1};
	streams_message(&s, ++next_rcvid, ONE, &msg, sizeof(msg));
	assert_int_equal(last_status, -EINVAL);
	assert_false(next_frame());
}

/* While the end is sent, too: the client is answered once. */
static void a_client_that_closes_may_be_unblocked(void **state)
{
	(void)state;
	int one = open_stream(ONE, "one");

	assert_int_equal(send_message(STREAM_CLOSE, ONE, one, ""), WAITS);
	streams_unblock(&s, next_rcvid);
	assert_int_equal(last_status, -EINTR);
	assert_int_equal(send_message(STREAM_CLOSE, ONE, one, ""), WAITS);
	assert_int_equal(streams_output(&s, true), 0);
	assert_int_not_equal(last_rcvid, next_rcvid);
	streams_unblock(&s, next_rcvid);
	assert_int_equal(last_rcvid, next_rcvid);
	assert_int_equal(last_status, 0);
	last_rcvid = 0;
	frame_give_byte(&reader, 0, &found);
	assert_true(next_frame());
	assert_false(next_frame());
	assert_int_equal(last_rcvid, 0);
}

/* What waits is dropped, what the line has begun is sent whole, and the host is told that no end comes. */
static void a_client_that_goes_breaks_its_streams(void **state)
{
	(void)state;
	int one = open_stream(ONE, "one");

	open_stream(ONE, "idle");
	frame_give_byte(&reader, (uint8_t)streams_output(&s, false), &found);
	assert_int_equal(send_message(STREAM_WRITE, ONE, one, "begun"), WAITS);
	frame_give_byte(&reader, (uint8_t)streams_output(&s, true), &found);
	assert_int_equal(send_message(STREAM_WRITE, ONE, one, "waits"), WAITS);
	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "new"), WAITS);
	streams_disconnect(&s, ONE);
	expect_frame(FRAME_DATA, 0, 1, 0, "begun");
	expect_frame(FRAME_BROKEN, 1, 1, 0, "");
	expect_frame(FRAME_BROKEN, 0, 2, 5, "");
	assert_false(next_frame());
	/* Its next life has a stream of its own. */
	open_stream(ONE, "one");
	assert_int_equal(found.stream, 3);
}

/* One operation of a client, or of the line, that may be wrong in any way. A message: true. */
static bool act_at_random(uint32_t *seed)
{
	static const char *const names[] = {"one", "two", "", "three"};
	const unsigned slot = ONE + random_below(seed, 3), what = random_below(seed, 40);

	if (what == 0)
		streams_disconnect(&s, slot);
	else if (what < 4)
		streams_unblock(&s, next_rcvid - random_below(seed, 4));
	else if (what < 24)
		for (unsigned n = random_below(seed, 60); n; n--) {
			int byte = streams_output(&s, what & 1);

			if (byte >= 0)
				frame_give_byte(&reader, (uint8_t)byte, &found);
		}
	else
		send_message(STREAM_OPEN + random_below(seed, 3), slot, (int)random_below(seed, 5),
			     names[random_below(seed, 4)]);
	return what >= 24;
}

/* Each message has one answer, whatever happens in between, and each frame is whole. */
static void each_message_has_one_answer(void **state)
{
	uint32_t seed = 5;
	unsigned messages = 0;

	(void)state;
	answers = 0;
	for (unsigned step = 0; step < 200000; step++) {
		unsigned due = 0;

		messages += act_at_random(&seed);
		for (unsigned id = 0; id < STREAMS_MAX; id++)
			due += s.stream[id].due != FRAME_NONE;
		assert_int_equal(s.due_count, due);
		assert_in_range(messages - answers, 0, due + 1);
	}
	for (unsigned slot = ONE; slot < ONE + 3; slot++)
		streams_disconnect(&s, slot);
	while (next_frame())
		;
	assert_int_equal(messages, answers);
	assert_int_equal(reader.damaged, 0);
	for (unsigned id = 0; id < STREAMS_MAX; id++)
		assert_int_equal(s.stream[id].name[0], 0);
}

/* ---- one line for all ---- */

static struct consoles c;
static struct shared shared;

static int setup_shared(void **state)
{
	setup(state);
	memset(&shared, 0, sizeof(shared));
	s.form = reader.form = FRAME_TEXT;
	assert_true(consoles_init(&c, reply, may, NULL));
	struct con_msg msg = {.type = CON_OPEN, .count = 5, .data = "shell"};

	consoles_message(&c, ++next_rcvid, SHELL, &msg, sizeof(msg));
	assert_int_equal(last_status, 0);
	return 0;
}

static int teardown_shared(void **state)
{
	(void)state;
	free(c.console[0].input);
	return 0;
}

static void print(const char *text)
{
	struct con_msg msg = {.type = CON_WRITE, .count = (uint16_t)strlen(text)};

	memcpy(msg.data, text, msg.count);
	consoles_message(&c, ++next_rcvid, SHELL, &msg, sizeof(msg));
	assert_int_equal(last_status, msg.count);
}

/* What the line gets, with each frame as `#`; at most so many bytes of the line. */
static void read_shared(char *out, size_t room, size_t most)
{
	static bool frame;
	size_t used = 0;
	int byte;

	for (size_t i = 0; i < most && (byte = shared_output(&shared, &c, &s)) >= 0; i++) {
		assert_true(used + 1 < room);
		frame |= s.sending;
		if (frame_give_byte(&reader, (uint8_t)byte, &found)) {
			out[used++] = '#';
			frame = false;
		} else if (!frame) {
			out[used++] = (char)byte;
		}
	}
	out[used] = 0;
}

static void frames_wait_for_the_consoles(void **state)
{
	char out[4000];

	(void)state;
	print("a line\n");
	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "one"), WAITS);
	print("prompt> ");
	read_shared(out, sizeof(out), SIZE_MAX);
	assert_string_equal(out, "a line\r\nprompt> #");
	/* Output that comes during a frame waits for its end, not for the next one's. */
	const int id = last_status;

	assert_int_equal(send_message(STREAM_WRITE, ONE, id, "data"), WAITS);
	read_shared(out, sizeof(out), 3);
	assert_int_equal(send_message(STREAM_WRITE, ONE, id, "data"), WAITS);
	print("echo");
	read_shared(out, sizeof(out), SIZE_MAX);
	assert_string_equal(out, "#echo#");
	assert_int_equal(reader.damaged, 0);
}

/* A console that prints without end takes its share: a frame comes after a line's end, and not after each. */
static void a_console_without_rest_leaves_room_for_frames(void **state)
{
	static char out[40000];
	size_t used = 0;
	unsigned frames = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		print("0123456789\n");
	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "one"), WAITS);
	for (bool first = true; c.console[0].output_shown < c.console[0].output_head;) {
		read_shared(out + used, sizeof(out) - used, 1);
		used += strlen(out + used);
		/* The client sends another one as soon as it may. */
		if (last_rcvid == next_rcvid) {
			const int id = first ? last_status : 0;

			frames++;
			first = false;
			assert_int_equal(send_message(STREAM_WRITE, ONE, id, "x"), WAITS);
		}
	}
	for (const char *at = out; (at = strchr(at, '#')) != NULL; at++)
		assert_int_equal(at[-1], '\n');
	assert_in_range(frames, used / SHARED_BYTES - 2, used / SHARED_BYTES);
}

static void a_frame_divides_no_character_and_no_sequence(void **state)
{
	static const char *const whole[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x1b[1;31m",
					    "\x1b(B",   "\x1bM",        "\x1b[?25l",        "\xff",
					    "\x80",     "\xf8"};
	static const char *const ended[] = {"\xe2\x82x", "\x1b[1\x18", "\xe2\x82\x1b[m"};
	char out[100];

	(void)state;
	int id = 0;

	assert_int_equal(send_message(STREAM_OPEN, ONE, 0, "one"), WAITS);
	read_shared(out, sizeof(out), SIZE_MAX);
	id = last_status;
	for (unsigned i = 0; i < sizeof(whole) / sizeof(whole[0]) + sizeof(ended) / sizeof(ended[0]); i++) {
		const unsigned count = sizeof(whole) / sizeof(whole[0]);
		const char *text = i < count ? whole[i] : ended[i - count];

		assert_int_equal(send_message(STREAM_WRITE, ONE, id, "x"), WAITS);
		for (const char *at = text; *at; at++) {
			const char byte[2] = {*at, 0}, with[3] = {*at, '#', 0};

			print(byte);
			read_shared(out, sizeof(out), SIZE_MAX);
			assert_string_equal(out, at[1] ? byte : with);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_client_waits_until_the_line_takes_its_frame, setup),
	    cmocka_unit_test_setup(streams_take_turns, setup),
	    cmocka_unit_test_setup(nobody_has_more_than_its_own, setup),
	    cmocka_unit_test_setup(bad_messages_are_refused, setup),
	    cmocka_unit_test_setup(a_client_that_closes_may_be_unblocked, setup),
	    cmocka_unit_test_setup(a_client_that_goes_breaks_its_streams, setup),
	    cmocka_unit_test_setup(each_message_has_one_answer, setup),
	    cmocka_unit_test_setup_teardown(frames_wait_for_the_consoles, setup_shared, teardown_shared),
	    cmocka_unit_test_setup_teardown(a_console_without_rest_leaves_room_for_frames, setup_shared,
					    teardown_shared),
	    cmocka_unit_test_setup_teardown(a_frame_divides_no_character_and_no_sequence, setup_shared,
					    teardown_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
