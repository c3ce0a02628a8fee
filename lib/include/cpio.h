/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of an archive in memory: cpio, "newc" format (magic 070701 or 070702). The archive is not trusted: every
 * length is checked against what is there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of the mode: what an entry is. */
#define CPIO_TYPE    0170000u
#define CPIO_REGULAR 0100000u

struct cpio_file {
	const char *name; /* NUL-terminated, within the archive */
	const uint8_t *data;
	size_t bytes;
	uint32_t mode;
};

/*
 * The entry at `*offset` (0 to begin with), and moves `*offset` after it. Returns 1, or 0 at the end of the archive,
 * or -1 if the archive is damaged there.
 */
int cpio_next(const void *archive, size_t archive_bytes, size_t *offset, struct cpio_file *file);

/* A name without a leading "./" or "/": names that agree in the rest mean the same file. */
const char *cpio_plain_name(const char *name);

/* The first regular file of that name; a leading "./" or "/" does not count on either side. 0, or -1. */
int cpio_find(const void *archive, size_t archive_bytes, const char *name, struct cpio_file *file);
