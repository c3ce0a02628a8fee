/* SPDX-License-Identifier: Apache-2.0 */
/* The log: lines of different lengths in one ring; a new one pushes the oldest ones out. */
#pragma once

#include "abi/bulkhead.h"
#include "bulkhead/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_BYTES 65536u

struct ring {
	uint64_t head, tail;  /* free-running: behind the newest record, at the oldest */
	uint64_t first, next; /* sequence numbers of the oldest record and of the next one */
	uint8_t bytes[RING_BYTES];
};

/* Adds a line, of at most PROTO_DATA bytes. Returns its sequence number. */
uint64_t ring_add(struct ring *ring, unsigned severity, uint64_t time_ns, const char *name, const char *text,
		  size_t bytes);

/* The line with that sequence number, or the oldest one after it. False: none yet. */
bool ring_get(const struct ring *ring, uint64_t sequence, struct slog_msg *line);
