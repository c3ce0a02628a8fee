/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: slogger/ring.c */
/* The log ring against a plain array of what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "slogger/ring.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct ring ring;

static int setup(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

static void test_empty(void **state)
{
	(void)state;
	struct slog_msg line;

	assert_false(ring_get(&ring, 0, &line));
	assert_int_equal(ring_add(&ring, SLOG_WARN, 7, "qvm-linux", "hello", 5), 0);
	assert_true(ring_get(&ring, 0, &line));
	assert_int_equal(line.severity, SLOG_WARN);
	assert_int_equal(line.time_ns, 7);
	assert_int_equal(line.sequence, 0);
	assert_int_equal(line.count, 5);
	assert_string_equal(line.name, "qvm-linux");
	assert_memory_equal(line.text, "hello", 5);
	assert_false(ring_get(&ring, 1, &line));
}

static void test_too_long(void **state)
{
	(void)state;
	char text[PROTO_DATA + 100];
	struct slog_msg line;

	memset(text, 'x', sizeof(text));
	ring_add(&ring, 0, 0, "a-name-that-is-much-too-long-for-a-record", text, sizeof(text));
	assert_true(ring_get(&ring, 0, &line));
	assert_int_equal(line.count, PROTO_DATA);
	assert_string_equal(line.name, "a-name-that-is-much-too-long-fo");
}

/* Lines of every length, many times around: what is there is intact, in order, and up to the newest. */
static void test_wraps(void **state)
{
	(void)state;
	char text[PROTO_DATA];
	struct slog_msg line;

	for (unsigned i = 0; i < 3000; i++) {
		unsigned bytes = (i * 97) % (PROTO_DATA + 1);

		memset(text, 'a' + i % 26, sizeof(text));
		assert_int_equal(ring_add(&ring, i % 7, i, "n", text, bytes), i);
		if (i % 100 != 99)
			continue;
		uint64_t sequence = 0, first = ring.first;

		while (ring_get(&ring, sequence, &line)) {
			if (sequence == 0)
				assert_int_equal(line.sequence, first);
			else
				assert_int_equal(line.sequence, sequence);
			assert_int_equal(line.time_ns, line.sequence);
			assert_int_equal(line.count, (line.sequence * 97) % (PROTO_DATA + 1));
			for (unsigned k = 0; k < line.count; k++)
				assert_int_equal(line.text[k], 'a' + line.sequence % 26);
			sequence = line.sequence + 1;
		}
		assert_int_equal(sequence, i + 1);
		assert_true(ring.head - ring.tail <= RING_BYTES);
		if (i > 1000)
			assert_true(ring.head - ring.tail > RING_BYTES - 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_empty, setup),
	    cmocka_unit_test_setup(test_too_long, setup),
	    cmocka_unit_test_setup(test_wraps, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
