/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"
#include <string.h>

struct record {
	uint64_t time_ns, sequence;
	uint32_t number; /* of its process */
	uint16_t severity, count;
};

static void copy_in(struct ring_share *share, uint64_t at, const void *from, size_t bytes)
{
	size_t offset = at % RING_BYTES;
	size_t first = bytes < RING_BYTES - offset ? bytes : RING_BYTES - offset;

	memcpy(share->bytes + offset, from, first);
	memcpy(share->bytes, (const uint8_t *)from + first, bytes - first);
}

static void copy_out(const struct ring_share *share, uint64_t at, void *to, size_t bytes)
{
	size_t offset = at % RING_BYTES;
	size_t first = bytes < RING_BYTES - offset ? bytes : RING_BYTES - offset;

	memcpy(to, share->bytes + offset, first);
	memcpy((uint8_t *)to + first, share->bytes, bytes - first);
}

static struct record record_at(const struct ring_share *share, uint64_t at)
{
	struct record record;

	copy_out(share, at, &record, sizeof(record));
	return record;
}

uint64_t ring_add(struct ring *ring, unsigned slot, unsigned severity, uint64_t time_ns, const char *text, size_t bytes)
{
	struct ring_share *share = &ring->share[slot % PROCESS_MAX];
	struct record record = {.time_ns = time_ns, .sequence = ring->next, .severity = (uint16_t)severity};

	if (bytes > PROTO_DATA)
		bytes = PROTO_DATA;
	record.count = (uint16_t)bytes;
	record.number = share->written++;
	while (RING_BYTES - (share->head - share->tail) < sizeof(record) + bytes)
		share->tail += sizeof(record) + record_at(share, share->tail).count;
	copy_in(share, share->head, &record, sizeof(record));
	copy_in(share, share->head + sizeof(record), text, bytes);
	share->head += sizeof(record) + bytes;
	return ring->next++;
}

/*
 * Where the first record of that number or a later one lies; false: there is none. A reader asks for one after the
 * other, so each search goes on where the last one stopped.
 */
static bool find_record(struct ring_share *share, uint64_t sequence, struct record *record)
{
	uint64_t at = share->tail;

	if (sequence >= share->known_from && share->known_at > at)
		at = share->known_at;
	for (; at != share->head; at += sizeof(*record) + record->count) {
		*record = record_at(share, at);
		if (record->sequence >= sequence)
			break;
	}
	share->known_at = at;
	share->known_from = sequence;
	return at != share->head;
}

bool ring_get(struct ring *ring, uint64_t sequence, struct slog_msg *line)
{
	struct record record, first = {.sequence = UINT64_MAX};
	unsigned slot = 0;

	for (unsigned i = 0; i < PROCESS_MAX; i++)
		if (find_record(&ring->share[i], sequence, &record) && record.sequence < first.sequence) {
			first = record;
			slot = i;
		}
	if (first.sequence == UINT64_MAX)
		return false;
	memset(line, 0, offsetof(struct slog_msg, text));
	line->type = SLOG_READ;
	line->severity = first.severity;
	line->count = first.count;
	line->sequence = first.sequence;
	line->time_ns = first.time_ns;
	line->slot = slot;
	line->number = first.number;
	copy_out(&ring->share[slot], ring->share[slot].known_at + sizeof(record), line->text, first.count);
	return true;
}

void ring_clear(struct ring *ring, unsigned slot)
{
	struct ring_share *share = &ring->share[slot % PROCESS_MAX];

	share->tail = share->head;
	share->written = 0;
}
