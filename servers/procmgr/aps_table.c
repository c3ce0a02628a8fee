/* SPDX-License-Identifier: Apache-2.0 */
#include "aps_table.h"
#include <errno.h>
#include <string.h>

struct aps aps;

bool aps_exists(int32_t id)
{
	return id >= 0 && id < (int32_t)PARTITION_MAX && aps.of[id].exists;
}

int aps_find(const char *name)
{
	for (int i = 0; i < (int)PARTITION_MAX; i++)
		if (aps.of[i].exists && strcmp(aps.of[i].name, name) == 0)
			return i;
	return -ESRCH;
}
