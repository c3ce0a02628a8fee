/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tools/bulkhead/unpack.c */
/* SEEDS: BUILD/fuzz/make/packed/% */
/* LIBS: z zstd */
/* Packed kernels: unpacked, or refused with a reason. */
#include "tools/bulkhead/unpack.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct file unpacked;
	uint8_t *copy = malloc(bytes ? bytes : 1);
	const char *wrong;

	memcpy(copy, data, bytes);
	if (unpack_kind(copy, bytes) != NULL) {
		wrong = unpack(copy, bytes, &unpacked);
		if (wrong ? unpacked.data || wrong[0] == '\0' : unpacked.bytes > UNPACKED_MAX)
			abort();
		free(unpacked.data);
	}
	free(copy);
	return 0;
}
