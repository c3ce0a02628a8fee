/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what a VM starts with: its files go through the target's own loader. */
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
 * Finds the file of a `load`. `start`: the guest starts in it, so that a packed kernel is unpacked. False, after a
 * message: there is none, or it is wrong.
 */
typedef bool guest_find(void *context, const struct qvm_load *load, bool start, struct guest_file *file);

/* Returns the number of mistakes, each of which was reported. `partly`: files may be missing, and nothing that follows
 * from it is reported. */
unsigned guest_check(const struct qvm_config *config, guest_find *find, void *context, bool partly);
