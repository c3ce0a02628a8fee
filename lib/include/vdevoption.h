/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a type of virtual device is to those who do not run it: its options, and what it needs. The description comes
 * from the note of a vdev's file, which nobody vouches for, or from the tree (qvmconf_vdev_known()); both are the same
 * text, which qvm/vdev-options.h defines, and are read by the same code.
 */
#pragma once

#include <qvm/vdev-options.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vdev_description {
	const char *options;  /* a name and a kind for each, with a NUL after both; an empty name ends the list */
	size_t options_bytes; /* with the NUL of that */
	uint32_t flags;       /* VDEV_NOTE_SAFETY, VDEV_NEEDS_* of qvm/vdev-options.h */
	uint32_t bytes;       /* of registers: whole pages, not 0 */
};

/* One option; all pointers are into the description. */
struct vdev_option {
	const char *name;
	enum vdev_kind kind;
	bool repeats, required; /* VDEV_REPEATS, VDEV_REQUIRED */
	const char *limits;     /* words with ':' between them, or empty */
	size_t limits_bytes;
	const char *standard; /* its value if it is not given, or NULL */
};

/*
 * Is this list, of `bytes` bytes at most, one that the functions below can read? NULL, and *used is what it takes; or
 * what is wrong, as a sentence about the file.
 */
const char *vdev_options_check(const char *options, size_t bytes, size_t *used);

/* Option `index` of a checked list. False: there are no more. */
bool vdev_option_at(const char *options, unsigned index, struct vdev_option *option);
/* The index of the option of that name, or -1. */
int vdev_option_find(const char *options, const char *name, struct vdev_option *option);

/* Does the option take a value? */
bool vdev_option_takes(const struct vdev_option *option);
#define VDEV_WHY_BYTES 160
/* Is this a value of the option? If not, `why` says what is wrong, as the rest of a sentence that begins with the
 * value. */
bool vdev_option_value(const struct vdev_option *option, const char *value, char why[VDEV_WHY_BYTES]);

/*
 * Values that have parts. A function that returns text returns NULL for a right value, else what is wrong with it, as
 * the rest of a sentence that begins with the value.
 */
struct vdev_console {
	bool input, output; /* which of the two the value names */
	const char *name;   /* of the console, part of the value; NULL: the one that is named like the VM */
};
const char *vdev_console(const char *value, struct vdev_console *console);

#define VDEV_REGION_MAX (1u << 30) /* bytes */
struct vdev_region {
	const char *name; /* part of the value, not NUL-terminated; at most GLOB_NAME_BYTES - 1 */
	size_t name_bytes;
	uint64_t bytes; /* rounded up to whole pages */
};
const char *vdev_region(const char *value, struct vdev_region *region);

/* Of names of shared memory. In a pattern * stands for any characters, ? for one, [a-z] and [!a-z] for a set. */
const char *vdev_pattern(const char *value);

struct vdev_peer {
	const char *vm, *name; /* parts of the value; `vm` has `vm_bytes` bytes */
	size_t vm_bytes;
};
const char *vdev_peer(const char *value, struct vdev_peer *peer);
