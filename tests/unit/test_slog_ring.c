/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/slogger/ring.c */
/* The log ring against a plain array of what was written. */
#include "servers/slogger/ring.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static struct ring ring;

static int setup(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

static void an_empty_ring_has_no_line(void **state)
{
	(void)state;
	struct slog_msg line;

	assert_false(ring_get(&ring, 0, &line));
	assert_int_equal(ring_add(&ring, 5, SLOG_WARN, 7, "hello", 5), 0);
	assert_true(ring_get(&ring, 0, &line));
	assert_int_equal(line.severity, SLOG_WARN);
	assert_int_equal(line.time_ns, 7);
	assert_int_equal(line.sequence, 0);
	assert_int_equal(line.slot, 5);
	assert_int_equal(line.number, 0);
	assert_int_equal(line.count, 5);
	assert_memory_equal(line.text, "hello", 5);
	assert_false(ring_get(&ring, 1, &line));
}

static void a_line_that_is_too_long_is_cut(void **state)
{
	(void)state;
	char text[PROTO_DATA + 100];
	struct slog_msg line;

	memset(text, 'x', sizeof(text));
	ring_add(&ring, 0, 0, 0, text, sizeof(text));
	assert_true(ring_get(&ring, 0, &line));
	assert_int_equal(line.count, PROTO_DATA);
}

static unsigned bytes_of(uint64_t sequence)
{
	return (unsigned)(sequence * 97 % (PROTO_DATA + 1));
}

static void check_line(const struct slog_msg *line)
{
	assert_int_equal(line->time_ns, line->sequence);
	assert_int_equal(line->count, bytes_of(line->sequence));
	for (unsigned k = 0; k < line->count; k++)
		assert_int_equal(line->text[k], 'a' + line->sequence % 26);
}

static void add_line(unsigned slot)
{
	char text[PROTO_DATA];
	const uint64_t sequence = ring.next;

	memset(text, 'a' + sequence % 26, sizeof(text));
	assert_int_equal(ring_add(&ring, slot, sequence % 7, sequence, text, bytes_of(sequence)), sequence);
}

/* Lines of every length of several processes, many times around: what is there is intact, in order, up to the newest.
 */
static void lines_are_intact_many_times_around(void **state)
{
	(void)state;
	struct slog_msg line;

	for (unsigned i = 0; i < 9000; i++) {
		add_line(i % 3 * 15);
		if (i % 100 != 99)
			continue;
		uint64_t sequence = 0;

		while (ring_get(&ring, sequence, &line)) {
			assert_true(line.sequence >= sequence);
			check_line(&line);
			assert_int_equal(line.slot, line.sequence % 3 * 15);
			assert_int_equal(line.number, line.sequence / 3);
			sequence = line.sequence + 1;
		}
		assert_int_equal(sequence, i + 1);
		for (unsigned slot = 0; slot < 31; slot += 15) {
			assert_true(ring.share[slot].head - ring.share[slot].tail <= RING_BYTES);
			if (i > 1000)
				assert_true(ring.share[slot].head - ring.share[slot].tail > RING_BYTES - 1000);
		}
	}
}

/* Who writes much loses only its own lines, and how many is seen by the numbers; of every process, also the last. */
static void who_writes_much_loses_its_own_lines(void **state)
{
	(void)state;
	struct slog_msg line;
	unsigned seen[PROCESS_MAX] = {0};

	for (unsigned slot = 0; slot < PROCESS_MAX; slot++)
		add_line(slot);
	for (unsigned i = 0; i < 10000; i++)
		add_line(7);
	add_line(31);
	for (uint64_t sequence = 0; ring_get(&ring, sequence, &line); sequence = line.sequence + 1) {
		check_line(&line);
		if (line.slot != 7)
			assert_int_equal(line.number, seen[line.slot]);
		else if (seen[7] == 0)
			assert_true(line.number > 9900); /* half of 512 bytes and 32 for each: about 56 are kept */
		else
			assert_int_equal(line.number, 10001 - (10000 + PROCESS_MAX - line.sequence));
		seen[line.slot]++;
	}
	for (unsigned slot = 0; slot < PROCESS_MAX; slot++)
		if (slot != 7)
			assert_int_equal(seen[slot], slot == 31 ? 2 : 1);
	assert_in_range(seen[7], 40, 100);
}

/* Two readers, one far behind the other, find the same as one that begins anew. */
static void a_late_reader_finds_the_same_lines(void **state)
{
	(void)state;
	struct slog_msg line, other;
	uint64_t slow = 0, fast = 0;

	for (unsigned i = 0; i < 5000; i++) {
		add_line(i % 5);
		if (ring_get(&ring, fast, &line)) {
			check_line(&line);
			assert_int_equal(line.sequence, fast);
			fast = line.sequence + 1;
		}
		if (i % 3 == 0 && ring_get(&ring, slow, &line)) {
			check_line(&line);
			assert_true(line.sequence >= slow);
			assert_true(ring_get(&ring, 0, &other));
			assert_true(other.sequence <= line.sequence);
			for (uint64_t s = slow; s < line.sequence; s++) {
				assert_true(ring_get(&ring, s, &other));
				assert_int_equal(other.sequence, line.sequence);
			}
			slow = line.sequence + 1;
		}
	}
	assert_int_equal(fast, 5000);
}

static void a_cleared_ring_begins_anew(void **state)
{
	(void)state;
	struct slog_msg line;

	for (unsigned i = 0; i < 1000; i++)
		add_line(i % 2);
	assert_true(ring_get(&ring, 990, &line));
	ring_clear(&ring, 1);
	for (uint64_t sequence = 0; ring_get(&ring, sequence, &line); sequence = line.sequence + 1)
		assert_int_equal(line.slot, 0);
	add_line(1);
	assert_true(ring_get(&ring, 1000, &line));
	check_line(&line);
	assert_int_equal(line.sequence, 1000);
	assert_int_equal(line.number, 0); /* none was lost since */
	ring_clear(&ring, 0);
	assert_true(ring_get(&ring, 0, &line));
	assert_int_equal(line.sequence, 1000);
	ring_clear(&ring, 1);
	assert_false(ring_get(&ring, 0, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(an_empty_ring_has_no_line, setup),
	    cmocka_unit_test_setup(a_line_that_is_too_long_is_cut, setup),
	    cmocka_unit_test_setup(lines_are_intact_many_times_around, setup),
	    cmocka_unit_test_setup(who_writes_much_loses_its_own_lines, setup),
	    cmocka_unit_test_setup(a_late_reader_finds_the_same_lines, setup),
	    cmocka_unit_test_setup(a_cleared_ring_begins_anew, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
