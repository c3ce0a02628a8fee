/* SPDX-License-Identifier: Apache-2.0 */
/* Who has used the CPUs between two looks: differences of the kernel's CPU times, the largest ones first. */
#pragma once

#include "bulkhead.h"
#include <stdint.h>

#define USAGE_MAX  512 /* threads of one look */
#define USAGE_ROWS 40  /* all processes, and the idle time of all CPUs */

/* A thread, a process, or CPU `slot` if it is idle time: what it has used in so much time. */
struct usage_row {
	uint64_t ns, interval_ns;
	uint32_t slot;
	struct process_info process;
	struct thread_info thread;
};

struct usage {
	struct usage_look {
		uint64_t time_ns; /* when it began */
		unsigned count;
		struct usage_time {
			uint64_t key, ns, time_ns;
		} times[USAGE_MAX];
	} looks[2], *now, *before;
	unsigned at;   /* in `before`: the first that may have the next key */
	unsigned lost; /* so many found no room in `now` */
	unsigned row_count;
	struct usage_row rows[USAGE_ROWS];
};

/* A look begins at `time_ns`, without rows. */
void usage_begin(struct usage *u, uint64_t time_ns);

/*
 * Notes that `key`, above all others of this look, has used `ns` in all until `time_ns`. Each has its own time: a look
 * takes long where others run first. Sets in the row what it has used since the look before: all of it if it is new,
 * also if it has the key of one that has ended; 0 if there is no room.
 */
void usage_note(struct usage *u, uint64_t key, uint64_t ns, uint64_t time_ns, struct usage_row *row);

/* Puts the row in its place, unless it has used nothing, or less than so many others. */
void usage_add(struct usage *u, const struct usage_row *row);

/* Tenths of a percent, at most 1000. */
unsigned usage_share(uint64_t ns, uint64_t all_ns);
