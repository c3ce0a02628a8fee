/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels as distributions pack them: compressed by gzip, and EFI zboot kernels. The target unpacks nothing. */
#pragma once

#include "file.h"

#define UNPACKED_MAX (512u << 20) /* bytes; no kernel is longer */

/* How the file is packed, as in "gzip", if it is a packed kernel that unpack() takes; else NULL. */
const char *unpack_kind(const void *data, size_t bytes);

/* Unpacks such a file. NULL: the caller frees `unpacked`. Else what is wrong, as a sentence that is valid until the
 * next call. */
const char *unpack(const void *data, size_t bytes, struct file *unpacked);
