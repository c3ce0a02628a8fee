/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: lines of different lengths in rings, one for each process, in which a new line pushes the oldest ones out.
 * So a process that writes much loses only its own lines.
 */
#pragma once

#include "bulkhead.h"
#include "bulkhead/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_BYTES 16384u /* for each process; a power of two */

struct ring_share {
	uint64_t head, tail;           /* free-running: after the newest record, at the oldest */
	uint64_t known_at, known_from; /* what lies before the one has numbers below the other: the last search */
	uint32_t written;              /* lines since the last clear */
	uint8_t bytes[RING_BYTES];
};

struct ring {
	uint64_t next; /* sequence number of the next line, whoever writes it */
	struct ring_share share[PROCESS_MAX];
};

/* Adds a line of the process in `slot`, of at most PROTO_DATA bytes. Returns its sequence number. */
uint64_t ring_add(struct ring *ring, unsigned slot, unsigned severity, uint64_t time_ns, const char *text,
		  size_t bytes);

/* The line with that sequence number, or the oldest one after it, without its name. False: none yet. */
bool ring_get(struct ring *ring, uint64_t sequence, struct slog_msg *line);

/* Forgets all lines of the process in that slot, and that any were lost. */
void ring_clear(struct ring *ring, unsigned slot);
