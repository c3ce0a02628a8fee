/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels as distributions pack them: compressed by gzip, and EFI zboot kernels. The target unpacks nothing. */
#pragma once

#include "file.h"

#define UNPACKED_MAX (512u << 20) /* bytes: a kernel that is longer is none */

/* Is the file a packed kernel that can be unpacked here? Then how it is packed, as "gzip". Else NULL. */
const char *unpack_kind(const void *data, size_t bytes);

/* Unpacks such a file. NULL: `unpacked` is to be freed. Else what is wrong, as a sentence that stays until the next
 * call. */
const char *unpack(const void *data, size_t bytes, struct file *unpacked);
