/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's configuration, and the boot archive that its files are in. */
#pragma once

#include <bulkhead/process.h>
#include <cpio.h>

/* Reads the command line into vm.config. A mistake ends the process; each one is logged with its line. */
void config_read(const struct start_args *args);

/* Finds a file of the boot archive by its name as it is written, as procmgr has found the one that it verified. 0, or
 * -ENOENT. */
int config_find_file(const struct start_args *args, const char *path, struct cpio_file *file);
