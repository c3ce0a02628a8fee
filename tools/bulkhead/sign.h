/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, manifests and signatures. Keys are text files of 64 hexadecimal digits: of the secret key's seed, or of the
 * public key (RFC 8032, section 5.1.5). Functions that return int give 0, or -1 after a message on stderr.
 */
#pragma once

#include "manifest.h"
#include <stddef.h>
#include <stdint.h>

/* How `image` signs; NULL: not given. */
struct sign_options {
	const char *key;       /* secret key to sign with */
	const char *signature; /* instead: the signature that somebody else made of the manifest */
	const char *manifest;  /* where to write the manifest, to be signed elsewhere */
	const char *certified; /* list of the names of certified components, one a line */
	const char *kernel;    /* the read-only part of the kernel's Image */
};

struct sign_file {
	const char *name;
	const uint8_t *data;
	size_t bytes;
};

struct sign_result {
	char *manifest; /* to free */
	size_t manifest_bytes;
	uint8_t signature[MANIFEST_SIGNATURE_BYTES];
	int is_signed;
};

/* Writes NAME.key, which only the owner may read, and NAME.pub. Neither may be there already. */
int sign_keygen(const char *name);

/* Makes the manifest of these files, and signs it if there is a key or a signature. */
int sign_files(const struct sign_options *options, const struct sign_file *files, unsigned count,
	       struct sign_result *result);

/* Checks an archive as procmgr would, all of it; with `kernel` also the Image's read-only part. */
int sign_verify(const char *archive, const char *public_key, const char *kernel);
