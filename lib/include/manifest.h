/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of a boot archive's manifest: what files it may have, the SHA-256 of each, and which are certified components.
 * The archive's file MANIFEST is text:
 *
 *     bulkhead-manifest 2
 *     HASH FLAGS NAME
 *     ...
 *
 * HASH is 64 lower-case hexadecimal digits; FLAGS is "certified" or "-"; NAME is the file's name in the archive
 * without a leading "./" or "/", or MANIFEST_KERNEL. One blank between two fields, a line feed after each line, names
 * in strictly ascending order of their bytes: one list of files has one manifest. MANIFEST.sig is the 64 bytes of an
 * Ed25519 signature (RFC 8032, section 5.1) of these bytes.
 *
 * The text is not trusted before its signature was checked; the reader can cope with any bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_FILE            "MANIFEST"
#define MANIFEST_SIGNATURE       "MANIFEST.sig"
#define MANIFEST_KERNEL          "@kernel" /* the read-only part of the Image: kernel and procmgr, not in the archive */
#define MANIFEST_TITLE           "bulkhead-manifest 2\n"
#define MANIFEST_TITLE_1         "bulkhead-manifest 1\n" /* it had SHA-512; refused */
#define MANIFEST_CERTIFIED       "certified"
#define MANIFEST_HASH_BYTES      32
#define MANIFEST_SIGNATURE_BYTES 64
#define MANIFEST_KEY_BYTES       32
#define MANIFEST_LINES_MAX       128
#define MANIFEST_NAME_MAX        255

struct manifest_line {
	const char *hash; /* in the text */
	const char *name; /* in the text, not NUL-terminated */
	uint16_t name_bytes;
	bool certified;
};

struct manifest {
	unsigned count;
	struct manifest_line lines[MANIFEST_LINES_MAX];
};

/*
 * Reads the text, which must stay where it is. NULL, or what is wrong with line `*line`; `*manifest` then has the lines
 * before it.
 */
const char *manifest_read(struct manifest *manifest, const char *text, size_t bytes, unsigned *line);

/* The line of a file, or NULL. A leading "./" or "/" of the name does not count, as in cpio_find(). */
const struct manifest_line *manifest_find(const struct manifest *manifest, const char *name);

/* Whether the line has this SHA-256. */
bool manifest_hash_is(const struct manifest_line *line, const uint8_t hash[MANIFEST_HASH_BYTES]);
