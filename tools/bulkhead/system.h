/* SPDX-License-Identifier: Apache-2.0 */
/* A system directory: system.dts and the .qvmconf files that it names, read and checked. */
#pragma once

#include "file.h"
#include "qvmconf.h"
#include "sysconf.h"
#include "vdevs.h"

#define SYSTEM_MORE_MAX (SYS_VMS_MAX * QVM_SOURCES_MAX)

struct system {
	const char *directory;
	struct file dtb; /* system.dts, compiled */
	struct sys_config config;
	struct file conf_files[SYS_VMS_MAX];
	struct file more_files[SYSTEM_MORE_MAX]; /* configurations that `args` names */
	unsigned more_count;
	struct qvm_config vms[SYS_VMS_MAX];
	bool vm_good[SYS_VMS_MAX]; /* its configuration has no mistake, and may be used */
	struct sys_vm_needs needs[SYS_VMS_MAX];
	struct sys_sharing sharing;
	struct file board_file;
	const struct sys_range *memory; /* that replaces that of the board's tree */
	unsigned memory_count;
	struct sys_board board;
	bool board_given;
	bool read; /* system.dts was compiled: it can be checked, even if it has mistakes */
	struct vdev_pool vdevs;
	struct sys_claims claims;
	struct source_lines *lines; /* of system.dts */
	unsigned mistakes;
};

/* Reads the board's tree. Returns the number of mistakes. */
unsigned system_read_board(struct system *s, const char *path);

/* Reads and checks a system directory; see message.h. Returns the number of mistakes. */
unsigned system_read(struct system *s, const char *directory);

/* Reads and checks one VM's configuration, without a system if `vm` is NULL. Returns the number of mistakes. */
unsigned system_read_vm(struct system *s, const char *path, const struct sys_vm *vm, struct qvm_config *config,
			struct file *file);

/* Compares the system with the board, `taken` bytes of whose RAM are used otherwise. Returns the number of mistakes. */
unsigned system_check(struct system *s, uint64_t taken);

/* "[system.dts:12] /folder/name" */
void system_where(const struct system *s, const struct sys_place *place, char *text, size_t bytes);

/* Prints the access matrix of a system that was checked. */
void system_map(struct system *s);

/* Frees the system and all that was read for it. */
void system_free(struct system *s);
