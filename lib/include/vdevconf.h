/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the options of vdevs mean whose types the reader of configurations knows by itself. The reader uses this to find
 * mistakes, the devices to know what to do: both understand the same.
 *
 * A function that returns text returns NULL for a right value, else what is wrong with it as the rest of a sentence
 * that begins with the value.
 */
#pragma once

#include "qvmconf.h"

/* pl011 */

struct pl011_hostdev {
	bool input, output;  /* which of the two it names */
	const char *console; /* part of the value; NULL: the console that is named like the VM */
};

const char *pl011_hostdev(const char *value, struct pl011_hostdev *hostdev);

/* All its hostdev options together: names of consoles, NULL for a direction that was not given. */
struct pl011_consoles {
	const char *input, *output;
};

void pl011_consoles(const struct qvm_config *config, const struct qvm_vdev *vdev, struct pl011_consoles *consoles);

/* shmem */

#define SHMEM_BYTES_MAX (1u << 30) /* of one region */

/* `create name,size`: a region that is there before the guest starts. */
struct shmem_create {
	const char *name; /* part of the value, not NUL-terminated */
	size_t name_bytes;
	uint64_t bytes; /* rounded up to whole pages */
};

const char *shmem_create(const char *value, struct shmem_create *create);

/* `allow pattern` and `deny pattern`. In a pattern * stands for any characters, ? for one, [a-z] and [!a-z] for a set.
 */
struct shmem_rule {
	bool allow;
	const char *pattern;
};

const char *shmem_pattern(const char *value);

/*
 * May the guest create or attach the region `name`? The first rule that matches decides. If none does: allowed without
 * rules or if the first rule is a `deny`, denied if it is an `allow`.
 */
bool shmem_allowed(const struct shmem_rule *rules, unsigned count, const char *name);
