/* SPDX-License-Identifier: Apache-2.0 */
#include "slogger/ring.h"
#include <string.h>

struct record {
	uint64_t time_ns;
	uint16_t severity, count;
	char name[NAME_MAX_];
};

static void copy_in(struct ring *ring, uint64_t at, const void *from, size_t bytes)
{
	size_t offset = at % RING_BYTES;
	size_t first = bytes < RING_BYTES - offset ? bytes : RING_BYTES - offset;

	memcpy(ring->bytes + offset, from, first);
	memcpy(ring->bytes, (const uint8_t *)from + first, bytes - first);
}

static void copy_out(const struct ring *ring, uint64_t at, void *to, size_t bytes)
{
	size_t offset = at % RING_BYTES;
	size_t first = bytes < RING_BYTES - offset ? bytes : RING_BYTES - offset;

	memcpy(to, ring->bytes + offset, first);
	memcpy((uint8_t *)to + first, ring->bytes, bytes - first);
}

/* Where the record after the one at `at` begins. */
static uint64_t behind(const struct ring *ring, uint64_t at)
{
	struct record record;

	copy_out(ring, at, &record, sizeof(record));
	return at + sizeof(record) + record.count;
}

uint64_t ring_add(struct ring *ring, unsigned severity, uint64_t time_ns, const char *name, const char *text,
		  size_t bytes)
{
	struct record record = {.time_ns = time_ns, .severity = (uint16_t)severity};

	if (bytes > PROTO_DATA)
		bytes = PROTO_DATA;
	record.count = (uint16_t)bytes;
	strncpy(record.name, name, sizeof(record.name) - 1);
	while (RING_BYTES - (ring->head - ring->tail) < sizeof(record) + bytes) {
		ring->tail = behind(ring, ring->tail);
		ring->first++;
	}
	copy_in(ring, ring->head, &record, sizeof(record));
	copy_in(ring, ring->head + sizeof(record), text, bytes);
	ring->head += sizeof(record) + bytes;
	return ring->next++;
}

bool ring_get(const struct ring *ring, uint64_t sequence, struct slog_msg *line)
{
	struct record record;
	uint64_t at = ring->tail;

	if (sequence >= ring->next)
		return false;
	if (sequence < ring->first)
		sequence = ring->first;
	for (uint64_t i = ring->first; i < sequence; i++)
		at = behind(ring, at);
	copy_out(ring, at, &record, sizeof(record));
	memset(line, 0, offsetof(struct slog_msg, text));
	line->type = SLOG_READ;
	line->severity = record.severity;
	line->count = record.count;
	line->sequence = sequence;
	line->time_ns = record.time_ns;
	memcpy(line->name, record.name, sizeof(record.name));
	copy_out(ring, at + sizeof(record), line->text, record.count);
	return true;
}
