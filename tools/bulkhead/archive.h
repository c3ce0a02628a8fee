/* SPDX-License-Identifier: Apache-2.0 */
/* A boot archive in the making: its files are collected, laid out, signed and written. */
#pragma once

#include "arguments.h"
#include "system.h"

#define ARCHIVE_FILES_MAX 64

/*
 * Programs and guest images are mapped straight from the archive, so the data of each file starts on a page. The format
 * has no padding for that; an entry of this name, whose data fills the gap, stands before a file where one is needed.
 */
#define PAD_NAME ".pad"

struct entry {
	const char *name;
	const uint8_t *data;
	size_t bytes;
	uint8_t *owned;   /* to free */
	bool seen;        /* a `load` uses it as it is now, so it must not be unpacked any more */
	const char *kind; /* how it was packed in its file, if it has been unpacked; or NULL */
};

struct image {
	struct system *system; /* which is checked before anything is written; or NULL */
	const struct arguments *arguments;
	struct entry entries[ARCHIVE_FILES_MAX + 2]; /* room for the manifest and its signature, too */
	unsigned entry_count;
	unsigned mistakes;
};

/* The file of a name, with or without "./" or "/" before it; or NULL. */
struct entry *archive_entry(struct image *image, const char *name);

/* Adds a file, whose name and data stay the caller's. NULL, after a message: its name or size is wrong, or there are
 * too many files. */
struct entry *archive_add(struct image *image, const char *name, const uint8_t *data, size_t bytes);

/* The same for a file that is read from `path`. */
struct entry *archive_add_file(struct image *image, const char *name, const char *path);

/* Signs what was collected, writes it to `output`, and frees it all. 0, or -1 after messages: nothing is written then.
 */
int archive_finish(struct image *image, const char *output);
