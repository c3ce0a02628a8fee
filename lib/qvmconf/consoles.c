/* SPDX-License-Identifier: Apache-2.0 */
/* The consoles that a vdev's options name. */
#include "qvmconf.h"

struct qvmconf_consoles qvmconf_consoles(const struct qvm_config *config, const struct qvm_vdev *vdev)
{
	struct qvmconf_consoles consoles = {0};

	for (unsigned i = 0; i < vdev->option_count; i++) {
		const struct qvm_vdev_option *option = &config->vdev_options[vdev->option_first + i];
		struct vdev_console one;

		if (option->kind != VDEV_KIND_CONSOLE || vdev_console(option->value, &one) != NULL)
			continue;
		if (one.input)
			consoles.input = one.name ? one.name : config->name;
		if (one.output)
			consoles.output = one.name ? one.name : config->name;
	}
	return consoles;
}
