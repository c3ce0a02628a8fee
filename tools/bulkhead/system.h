/* SPDX-License-Identifier: Apache-2.0 */
/* A system directory: system.dts and the .qvmconf files that it names, read and checked. */
#pragma once

#include "file.h"
#include "qvmconf.h"
#include "sysconf.h"
#include "vdevs.h"

struct system {
	const char *directory;
	struct file source, dtb; /* system.dts, compiled */
	struct sys_config config;
	struct file conf_files[SYS_VMS_MAX];
	struct qvm_config vms[SYS_VMS_MAX];
	struct sys_vm_needs needs[SYS_VMS_MAX];
	struct file board_file;
	struct sys_board board;
	bool board_given;
	struct vdev_pool vdevs;
	unsigned mistakes;
};

/* Reads the board's tree. Returns the number of mistakes. */
unsigned system_read_board(struct system *s, const char *path);

/* Reads and checks a system directory; mistakes go to stderr. Returns their number. */
unsigned system_read(struct system *s, const char *directory);

/* Reads and checks one VM's configuration; mistakes go to stderr. Returns their number. */
unsigned system_read_vm(struct system *s, const char *path, struct qvm_config *config, struct file *file);

/* Compares the system with the board, after `taken` bytes of its RAM are gone. Returns the number of mistakes. */
unsigned system_check(struct system *s, uint64_t taken);

void system_free(struct system *s);
