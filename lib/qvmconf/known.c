/* SPDX-License-Identifier: Apache-2.0 */
/* The types of vdevs that are in the tree, as the notes of their files describe them. */
#include "internal.h"
#include <string.h>

struct known {
	const char *name;
	uint32_t bytes, flags;
	const char *options;
};

/* clang-format off */
#define VDEV_TYPE(name, registers, flags) {name, registers, flags, ""
#define VDEV_OPTION(id, name, kind) name "\0" kind "\0"
#define VDEV_END },
static const struct known types[] = {
#include "vdev/types.def"
};
/* clang-format on */

#define TYPES (sizeof(types) / sizeof(types[0]))

const char *qc_known_name(unsigned index)
{
	return index < TYPES ? types[index].name : NULL;
}

static size_t list_bytes(const char *options)
{
	const char *end = options;

	while (*end)
		end += strlen(end) + 1;
	return (size_t)(end - options) + 1;
}

bool qvmconf_vdev_known(const char *type, struct vdev_description *description)
{
	for (unsigned i = 0; i < TYPES; i++) {
		if (strcmp(types[i].name, type) != 0)
			continue;
		*description = (struct vdev_description){.options = types[i].options,
							 .options_bytes = list_bytes(types[i].options),
							 .flags = types[i].flags,
							 .bytes = types[i].bytes};
		return true;
	}
	return false;
}

const char *qvmconf_vdev_differs(const char *type, const struct vdev_description *of_file)
{
	struct vdev_description known;

	if (!qvmconf_vdev_known(type, &known))
		return NULL;
	if (known.bytes == of_file->bytes && known.flags == (of_file->flags & ~VDEV_NOTE_SAFETY) &&
	    known.options_bytes == of_file->options_bytes &&
	    memcmp(known.options, of_file->options, known.options_bytes) == 0)
		return NULL;
	return "its note does not describe the vdev of this release; take the file that was built with this release, "
	       "or "
	       "give yours another name";
}
