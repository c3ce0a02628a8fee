/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vdevs of the QNX Hypervisor that there are neither in the tree nor, perhaps, as a file: refused by name, and
 * their options known so that they can be passed over. One that the tree or a file has is not looked up here.
 */
#include "internal.h"
#include <string.h>

/* For each: a letter, '-', or '+' for what exists only on x86; its name; its options, as in a description. */
#define LATER                          "-"
#define ONLY_X86                       "+"
#define TAKES(name)                    name "\0" VDEV_LATER "\0"
#define ALONE(name)                    name "\0" VDEV_FLAG "\0"
#define FOREIGN(letter, name, options) letter name "\0" options "\0"
static const char types[] =
#include "foreign.def"
    ;

/* From the name of a type to the next. */
static const char *after(const char *type)
{
	const char *option = type + strlen(type) + 1;

	while (*option)
		option += strlen(option) + 1;
	return option + 1;
}

const char *qc_foreign(const char *name, bool *x86)
{
	for (const char *type = types; *type; type = after(type)) {
		*x86 = *type == '+';
		if (strcmp(type + 1, name) == 0)
			return type + 1;
	}
	return NULL;
}

const char *qc_foreign_options(const char *type)
{
	return type + strlen(type) + 1;
}

const char *qc_foreign_name(unsigned index)
{
	const char *type = types;

	while (*type && index-- > 0)
		type = after(type);
	return *type ? type + 1 : NULL;
}
