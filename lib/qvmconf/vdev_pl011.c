/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `vdev pl011`. */
#include "vdevconf.h"
#include <string.h>

const char *pl011_hostdev(const char *value, struct pl011_hostdev *hostdev)
{
	static const char prefix[] = "/dev/console/";
	const size_t head = sizeof(prefix) - 1;
	const char *device = value + (*value == '<' || *value == '>');

	*hostdev = (struct pl011_hostdev){.input = *value != '>', .output = *value != '<'};
	if (strcmp(device, "-") == 0)
		return NULL;
	if (*device == '|')
		return "is a pipe to a command, which is not supported yet; use /dev/console/NAME";
	if (strncmp(device, prefix, head) != 0 || device[head] == '\0' || strchr(device + head, '/') ||
	    strlen(device + head) >= QVM_VDEV_NAME_MAX)
		return "is not a console: write /dev/console/NAME, or - for the one named like the VM";
	hostdev->console = device + head;
	return NULL;
}

void pl011_consoles(const struct qvm_config *config, const struct qvm_vdev *vdev, struct pl011_consoles *consoles)
{
	*consoles = (struct pl011_consoles){0};
	for (unsigned i = 0; i < vdev->option_count; i++) {
		const struct qvm_vdev_option *option = &config->vdev_options[vdev->option_first + i];
		struct pl011_hostdev one;

		if (strcmp(option->name, "hostdev") != 0 || pl011_hostdev(option->value, &one) != NULL)
			continue;
		if (one.input)
			consoles->input = one.console ? one.console : config->name;
		if (one.output)
			consoles->output = one.console ? one.console : config->name;
	}
}
