/* SPDX-License-Identifier: Apache-2.0 */
/* Values of vdevs' options that have parts: consoles, shared memory, peers. See vdevoption.h. */
#include "glob.h"
#include "number.h"
#include "qvmconf.h"
#include "vdevoption.h"
#include <string.h>

const char *vdev_console(const char *value, struct vdev_console *console)
{
	static const char prefix[] = "/dev/console/";
	const size_t head = sizeof(prefix) - 1;
	const char *device = value + (*value == '<' || *value == '>');

	*console = (struct vdev_console){.input = *value != '>', .output = *value != '<'};
	if (strcmp(device, "-") == 0)
		return NULL;
	if (*device == '|')
		return "is a pipe to a command, which is not supported yet; use /dev/console/NAME";
	if (strncmp(device, prefix, head) != 0 || device[head] == '\0' || strchr(device + head, '/') ||
	    strlen(device + head) >= QVM_VDEV_NAME_MAX)
		return "is not a console: write /dev/console/NAME, or - for the one named like the VM";
	console->name = device + head;
	return NULL;
}

/* A number of bytes, as lengths are written everywhere. */
static bool size_parse(const char *text, uint64_t *value)
{
	return number_length(text, strlen(text), value) && *value > 0 && *value <= VDEV_REGION_MAX;
}

const char *vdev_region(const char *value, struct vdev_region *region)
{
	const char *found = strchr(value, ',');
	size_t comma = found ? (size_t)(found - value) : strlen(value);

	*region = (struct vdev_region){.name = value, .name_bytes = comma};
	if (value[comma] != ',')
		return "has no size: write NAME,SIZE, as in video,0x100000";
	if (!glob_name(value, comma, false))
		return "has no name of 1 to 31 printable characters without '/', '*', '?' and '['";
	if (!size_parse(value + comma + 1, &region->bytes))
		return "has no size from 1 byte to 1 GiB after the comma";
	region->bytes = (region->bytes + QVM_PAGE - 1) & ~(QVM_PAGE - 1);
	return NULL;
}

const char *vdev_pattern(const char *value)
{
	if (!glob_name(value, strlen(value), true))
		return "is no pattern of 1 to 31 printable characters without '/' and ','";
	return NULL;
}

const char *vdev_peer(const char *value, struct vdev_peer *peer)
{
	static const char prefix[] = "/dev/qvm/";
	const size_t head = sizeof(prefix) - 1;

	*peer = (struct vdev_peer){0};
	if (strncmp(value, prefix, head) == 0) {
		peer->vm = value + head;
		peer->vm_bytes = strcspn(peer->vm, "/");
		peer->name = peer->vm + peer->vm_bytes + (peer->vm[peer->vm_bytes] == '/');
	}
	if (!peer->vm || peer->vm_bytes == 0 || *peer->name == '\0' || strchr(peer->name, '/'))
		return "is not a vdev of a VM: write /dev/qvm/VM/NAME";
	return NULL;
}
