/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that come in frames (docs/frames.md): each is written to a file of its own, and what is missing is told. */
#pragma once

#include "arguments.h"
#include "frame.h"
#include <limits.h>
#include <time.h>

#define STREAMS_MAX 64 /* in all */

struct stream {
	char name[FRAME_NAME_MAX];
	char path[PATH_MAX];
	int fd; /* -1: nobody wants it, or its file failed */
	uint16_t number;
	bool open;
	uint32_t next;     /* sequence that comes next */
	uint64_t expected; /* bytes; 0: not known */
	uint64_t at;       /* bytes so far, those that are missing among them */
	uint64_t missing;
	uint64_t lost; /* frames */
	time_t told;   /* when its progress was shown */
};

struct streams {
	const char *into[RECEIVE_MAX]; /* NAME=FILE, or a folder for all others */
	unsigned into_count;
	struct stream stream[STREAMS_MAX];
	unsigned count;
	uint64_t strays; /* frames of streams whose beginning did not come */
	bool wrong;
};

/* Takes what came from a line, whose reader it is. Writes files; says when a stream ends, and how far a long one is. */
void streams_take(struct streams *s, struct frame_reader *line, const uint8_t *data, size_t bytes);

/* No more comes from the lines. Says what is missing: 0 if nothing is, else -1. */
int streams_finish(struct streams *s, const struct frame_reader *lines, unsigned line_count);
