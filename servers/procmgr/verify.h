/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed boot archive. The signature of its manifest is checked once, each file before its first use. The archive
 * is read-only for every process from the start, so what was checked cannot change. Large files are checked later, by
 * several threads: see hash.h.
 */
#pragma once

#include "cpio.h"
#include <stdbool.h>
#include <stddef.h>

/* Checks the signature and reads the manifest, for all the calls below. NULL, or what is wrong. */
const char *verify_begin(const void *archive, size_t bytes);

/*
 * Finds a file and checks that it is the signed one. NULL, or what is wrong, for example that it is missing. Only what
 * `*file` names then may be used.
 */
const char *verify_find(const char *name, struct cpio_file *file);

/*
 * The same for a file that procmgr does not read itself: that it is there and listed is checked now, its content by
 * verify_next().
 */
const char *verify_later(const char *name, struct cpio_file *file);

/* Checks the next of those files. False: there is none. Any number of threads may call it at once. */
bool verify_next(void);

/* How many there are, and of their bytes how many are checked. */
unsigned verify_count(size_t *done, size_t *bytes);

/* What is wrong with the index-th, or NULL, when all threads have finished; its name. */
const char *verify_result(unsigned index, const char **name, int *length);

/* Whether a file is there at all and in the manifest: nothing is said about its content. */
bool verify_listed(const char *name);

/* Whether the manifest lists this name among the certified components. */
bool verify_certified(const char *name);

/* Compares the running kernel with the manifest's entry for it. NULL, or what is wrong. */
const char *verify_kernel(const void *image, size_t bytes);
