/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead run`. */
#pragma once

#include "arguments.h"
#include "system.h"

/* Boots a system directory in QEMU. 0 when QEMU has ended well, else -1 after messages. */
int run_system(struct system *s, const struct arguments *a);
