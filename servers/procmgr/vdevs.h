/* SPDX-License-Identifier: Apache-2.0 */
/* Files of virtual devices in the boot archive: what the reader of configurations and each qvm need of them. */
#pragma once

#include "bulkhead.h"
#include "cpio.h"
#include "elfimage.h"
#include "qvmconf.h"
#include <stdbool.h>
#include <stddef.h>

/* The files of a VM's vdevs, each once. All are mapped beside qvm, which is told about them in this order (start_args).
 */
struct vdev_files {
	struct cpio_file file[MODULE_MAX];
	struct elf_image image[MODULE_MAX];
	unsigned count;
};

/* Describes a type whose file is in the archive, for struct qvmconf_host. False: there is no such file. */
bool vdevs_describe(const void *archive, size_t bytes, const char *type, struct qvmconf_vdev_file *description);

/*
 * Finds and reads the files for all vdevs of a VM. Each mistake goes to `mistake` as "[file:line] text"; returns how
 * many there were.
 */
unsigned vdevs_collect(const void *archive, size_t bytes, const struct qvm_config *vm, struct vdev_files *files,
		       void (*mistake)(void *context, const char *line));
