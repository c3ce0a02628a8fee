/* SPDX-License-Identifier: Apache-2.0 */
/* The boot archive: what a system needs, in one newc archive. */
#pragma once

#include "arguments.h"
#include "system.h"

/* Collects all files of a system that was read, checks it, and writes the archive. 0, or -1 after messages. */
int image_build(struct system *s, const struct arguments *a);

/* Collects and checks the files that a system names. Returns the number of mistakes. */
unsigned image_check(struct system *s, const struct arguments *a);

/* Signs an archive anew, without looking at what is in its files. 0, or -1 after messages; it is unchanged then. */
int image_sign(const struct arguments *a);
