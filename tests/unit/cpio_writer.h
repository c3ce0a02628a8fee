/* SPDX-License-Identifier: Apache-2.0 */
/* Writes boot archives (cpio, "newc"). */
#pragma once

#include <stdio.h>
#include <string.h>

/* One more file at *at, which then is the next one's place. Returns where its data lies. */
static inline char *cpio_add(char **at, const char *name, const void *data, size_t bytes)
{
	const size_t name_bytes = strlen(name) + 1;
	char *start;

	*at += sprintf(*at, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0, 0100644, 0, 0, 1, 0,
		       (unsigned)bytes, 0, 0, 0, 0, (unsigned)name_bytes, 0);
	memcpy(*at, name, name_bytes);
	start = *at + (name_bytes + 110 + 3) / 4 * 4 - 110;
	memcpy(start, data, bytes);
	*at = start + (bytes + 3) / 4 * 4;
	return start;
}
