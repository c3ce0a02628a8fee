/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `vdev shmem`: regions to create, and which names the guest may use. */
#include "glob.h"
#include "number.h"
#include "vdevconf.h"
#include <string.h>

/* A number of bytes, as lengths are written everywhere. */
static bool size_parse(const char *text, uint64_t *value)
{
	return number_length(text, strlen(text), value) && *value > 0 && *value <= SHMEM_BYTES_MAX;
}

const char *shmem_create(const char *value, struct shmem_create *create)
{
	const char *found = strchr(value, ',');
	size_t comma = found ? (size_t)(found - value) : strlen(value);

	*create = (struct shmem_create){.name = value, .name_bytes = comma};
	if (value[comma] != ',')
		return "has no size: write NAME,SIZE, as in video,0x100000";
	if (!glob_name(value, comma, false))
		return "has no name of 1 to 31 printable characters without '/', '*', '?' and '['";
	if (!size_parse(value + comma + 1, &create->bytes))
		return "has no size from 1 byte to 1 GiB after the comma";
	create->bytes = (create->bytes + QVM_PAGE - 1) & ~(QVM_PAGE - 1);
	return NULL;
}

const char *shmem_pattern(const char *value)
{
	if (!glob_name(value, strlen(value), true))
		return "is no pattern of 1 to 31 printable characters without '/' and ','";
	return NULL;
}

bool shmem_allowed(const struct shmem_rule *rules, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		if (glob_match(rules[i].pattern, name))
			return rules[i].allow;
	}
	return count == 0 || !rules[0].allow;
}
