/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the files of vdevs. procmgr has mapped their read-only and executable pages from the boot archive and copied
 * the writable ones; here the writable ones are relocated, those that need not change any more made read-only, and the
 * constructors run. Nothing is ever made executable.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <vdevfile.h>

#define MODULES_MAX 16u

struct module {
	char name[VDEVFILE_NAME_MAX]; /* NAME of vdev-NAME.so */
	struct vdevfile file;
};

/*
 * Loads the file called `path`, whose address 0 lies at `base`. Returns null, or why the file is refused, in one phrase
 * that stays valid until the next call.
 */
const char *module_load(const char *path, const void *file, size_t bytes, uint8_t *base);
