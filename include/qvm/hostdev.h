/* SPDX-License-Identifier: Apache-2.0 */
/* Character devices of the host: what `hostdev` names. Today these are the consoles of the console driver. */
#pragma once

#include <qvm/types.h>

struct hostdev {
	int32_t connection;
	uint32_t id;
	const char *name; /* of the console */
};

/*
 * Opens `path`, waiting for its driver: `/dev/console/NAME`, or `-` for the console that is named like the VM. `path`
 * must stay. -EINVAL: no such kind of path; -EPERM: no option of the kind VDEV_CONSOLE in the VM's
 * configuration names that console. The device is then for one thread, or one that reads and one that writes
 * with a hostdev each.
 */
int hostdev_open(struct hostdev *dev, const char *path);

/* Blocks until the driver has taken all; opens the device again if the driver was restarted. At most 512 bytes. */
void hostdev_write(struct hostdev *dev, const void *data, size_t bytes);
/* Blocks until there is input; the same. Returns the number of bytes, 1 or above. */
size_t hostdev_read(struct hostdev *dev, void *data, size_t bytes);
