/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM starts with: its files go through the loader that the target has, which says what cannot run. */
#pragma once

#include "qvmconf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_file {
	const uint8_t *data;
	size_t bytes;
};

/*
 * Finds the file of a `load`; `packed`: what the guest starts in, which is unpacked if it is a packed kernel. False:
 * there is none, or it is wrong; that was said.
 */
typedef bool guest_find(void *context, const struct qvm_load *load, bool start, struct guest_file *file);

/* Returns the number of mistakes, which were said. `partly`: files may be missing, and what follows from that is not
 * said. */
unsigned guest_check(const struct qvm_config *config, guest_find *find, void *context, bool partly);
