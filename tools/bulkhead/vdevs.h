/* SPDX-License-Identifier: Apache-2.0 */
/* Files of virtual devices, vdev-NAME.so: found, read and checked as the target does it. */
#pragma once

#include "file.h"
#include "vdevfile.h"

#define VDEVS_MAX 16

/* A file of the command line: "-f path" or "-f path=name". */
struct extra_file {
	const char *path;
	const char *name;
	bool used;
};

struct vdev_file {
	char type[VDEVFILE_NAME_MAX];
	char name[VDEVFILE_NAME_MAX + 16]; /* vdev-TYPE-safety.so or vdev-TYPE.so */
	struct file file;
	struct vdevfile read;
	char wrong[160]; /* why the target would refuse it; else empty */
};

/* Where files are looked for, and those that were found. */
struct vdev_pool {
	const char *directory;
	const char *const *paths; /* more folders */
	unsigned path_count;
	struct extra_file *extras;
	unsigned extra_count;
	struct vdev_file files[VDEVS_MAX];
	unsigned count;
};

/* Where a file lies: given on the command line under that name, or in one of the folders; NULL: nowhere. */
const char *vdevs_locate(struct vdev_pool *pool, const char *name, char *path, size_t bytes);

/*
 * The file for a type, from the command line or else from a folder: the certified variant if there is one. NULL: there
 * is none. It is valid until vdevs_free().
 */
struct vdev_file *vdevs_find(struct vdev_pool *pool, const char *type);

/* Does this file, with all links followed, lie in one of the folders, or is it one of the command line's? */
bool vdevs_may_read(const struct vdev_pool *pool, const char *path);
void vdevs_free(struct vdev_pool *pool);
