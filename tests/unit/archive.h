/* SPDX-License-Identifier: Apache-2.0 */
/* Boot archives for unit tests: files one after the other, at last their manifest and its signature. */
#pragma once

#include "cpio_writer.h"
#include <manifest.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct archive {
	char *start, *at;
	char manifest[8192];
};

static inline void archive_begin(struct archive *a, char *at)
{
	a->start = a->at = at;
	strcpy(a->manifest, MANIFEST_TITLE);
}

/* A file that no manifest names. Returns where its data lies. */
static inline char *archive_add_unlisted(struct archive *a, const char *name, const void *data, size_t bytes)
{
	return cpio_add(&a->at, name, data, bytes);
}

static inline void archive_list(struct archive *a, const char *name, const void *data, size_t bytes, bool certified)
{
	unsigned char hash[MANIFEST_HASH_BYTES];
	char hex[2 * sizeof(hash) + 1];
	size_t used = strlen(a->manifest);

	crypto_hash_sha256(hash, data, bytes);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(a->manifest + used, sizeof(a->manifest) - used, "%s %s %s\n", hex, certified ? "certified" : "-",
		 name);
}

/* Files come in the order of their names, as the manifest wants them. */
static inline char *archive_add(struct archive *a, const char *name, const void *data, size_t bytes)
{
	archive_list(a, name, data, bytes, false);
	return archive_add_unlisted(a, name, data, bytes);
}

/* Returns the bytes of the whole archive. */
static inline size_t archive_end(struct archive *a, const unsigned char seed[crypto_sign_SEEDBYTES])
{
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	unsigned char signature[MANIFEST_SIGNATURE_BYTES];

	crypto_sign_seed_keypair(public_key, secret, seed);
	crypto_sign_detached(signature, NULL, (const unsigned char *)a->manifest, strlen(a->manifest), secret);
	archive_add_unlisted(a, MANIFEST_FILE, a->manifest, strlen(a->manifest));
	archive_add_unlisted(a, MANIFEST_SIGNATURE, signature, sizeof(signature));
	archive_add_unlisted(a, "TRAILER!!!", "", 0);
	return (size_t)(a->at - a->start);
}
