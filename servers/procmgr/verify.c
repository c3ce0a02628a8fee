/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"
#include "manifest.h"
#include "sha256.h"
#include <bulkhead/kernel.h>
#include <public_key.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <string.h>

_Static_assert(crypto_sign_ed25519_BYTES == MANIFEST_SIGNATURE_BYTES, "the manifest has Ed25519 signatures");
_Static_assert(crypto_hash_sha256_BYTES == MANIFEST_HASH_BYTES, "the manifest has SHA-256");
_Static_assert(SHA256_BYTES == MANIFEST_HASH_BYTES, "the manifest has SHA-256");

/* The key of whoever signs archives for this board, chosen when procmgr was built. */
static const unsigned char public_key[crypto_sign_ed25519_PUBLICKEYBYTES] = {PUBLIC_KEY};

static const void *archive;
static size_t archive_bytes;
static struct manifest manifest;
static bool verified[MANIFEST_LINES_MAX]; /* so that a good file is hashed once */
static bool accelerated;                  /* the CPUs have instructions for it */
/* Files whose turn comes later: each is taken by one thread, which writes its result. */
static struct later {
	struct cpio_file file;
	const struct manifest_line *line;
	const char *wrong;
} later[MANIFEST_LINES_MAX];
static unsigned later_count, later_next;
static size_t later_bytes, later_done;

static bool has_instructions(void)
{
	struct system_info system;

	return SystemInfo_r(&system) == 0 && (system.features & FEATURE_SHA256) != 0;
}

const char *verify_begin(const void *start, size_t bytes)
{
	struct cpio_file text, signature;
	unsigned line;

	archive = start;
	archive_bytes = bytes;
	accelerated = has_instructions();
	manifest.count = 0;
	later_count = 0;
	later_next = 0;
	later_bytes = 0;
	later_done = 0;
	memset(verified, 0, sizeof(verified));
	if (cpio_find(archive, archive_bytes, MANIFEST_FILE, &text) != 0 ||
	    cpio_find(archive, archive_bytes, MANIFEST_SIGNATURE, &signature) != 0)
		return "it is not signed: it has no " MANIFEST_FILE " or no " MANIFEST_SIGNATURE;
	if (signature.bytes != MANIFEST_SIGNATURE_BYTES ||
	    crypto_sign_ed25519_verify_detached(signature.data, text.data, text.bytes, public_key) != 0)
		return MANIFEST_SIGNATURE " is no signature of " MANIFEST_FILE
					  " by the key that procmgr was built with";
	return manifest_read(&manifest, (const char *)text.data, text.bytes, &line);
}

static const char *compare_hash(const struct manifest_line *line, const void *data, size_t bytes)
{
	uint8_t hash[MANIFEST_HASH_BYTES];

	if (!line)
		return "is not in the signed " MANIFEST_FILE;
	if (accelerated)
		sha256_accelerated(hash, data, bytes);
	else
		crypto_hash_sha256(hash, data, bytes);
	return manifest_hash_is(line, hash) ? NULL : "differs from the one that was signed";
}

const char *verify_find(const char *name, struct cpio_file *file)
{
	const struct manifest_line *line = manifest_find(&manifest, name);
	const char *wrong;

	if (cpio_find(archive, archive_bytes, name, file) != 0)
		return "is not in the boot archive";
	/* A name always leads to the same file. */
	if (line && verified[line - manifest.lines])
		return NULL;
	wrong = compare_hash(line, file->data, file->bytes);
	if (!wrong)
		verified[line - manifest.lines] = true;
	return wrong;
}

const char *verify_later(const char *name, struct cpio_file *file)
{
	const struct manifest_line *line = manifest_find(&manifest, name);

	if (!line || cpio_find(archive, archive_bytes, name, file) != 0)
		return verify_find(name, file); /* which says what is wrong */
	for (unsigned i = 0; i < later_count; i++)
		if (later[i].line == line)
			return NULL;
	if (verified[line - manifest.lines])
		return NULL;
	later[later_count++] = (struct later){*file, line, NULL};
	later_bytes += file->bytes;
	return NULL;
}

bool verify_next(void)
{
	const unsigned index = __atomic_fetch_add(&later_next, 1, __ATOMIC_RELAXED);
	struct later *l = &later[index];

	if (index >= later_count)
		return false;
	l->wrong = verified[l->line - manifest.lines] ? NULL : compare_hash(l->line, l->file.data, l->file.bytes);
	__atomic_fetch_add(&later_done, l->file.bytes, __ATOMIC_RELAXED);
	return true;
}

unsigned verify_count(size_t *done, size_t *bytes)
{
	*done = __atomic_load_n(&later_done, __ATOMIC_RELAXED);
	*bytes = later_bytes;
	return later_count;
}

const char *verify_result(unsigned index, const char **name, int *length)
{
	const struct later *l = &later[index];

	*name = l->line->name;
	*length = l->line->name_bytes;
	verified[l->line - manifest.lines] = !l->wrong;
	return l->wrong;
}

bool verify_listed(const char *name)
{
	struct cpio_file file;

	return manifest_find(&manifest, name) != NULL && cpio_find(archive, archive_bytes, name, &file) == 0;
}

bool verify_certified(const char *name)
{
	const struct manifest_line *line = manifest_find(&manifest, name);

	return line && line->certified;
}

const char *verify_kernel(const void *image, size_t bytes)
{
	return compare_hash(manifest_find(&manifest, MANIFEST_KERNEL), image, bytes);
}
