/* SPDX-License-Identifier: Apache-2.0 */
/* The own process: what it was started with, and where its printf goes. */
#pragma once

#include "abi/bulkhead.h"
#include <stddef.h>

/* What procmgr (for procmgr: the kernel) wrote for this process. Never NULL. */
const struct start_args *process_args(void);

/*
 * Standard output and standard error are collected to lines. By default a line goes to the log ring if it can be had,
 * else to the kernel's console, else nowhere. This puts another function in its place; it gets at most 256 bytes, the
 * newline included, and is called by one thread at a time. NULL: the default again.
 */
void stdio_redirect(void (*write)(const char *text, size_t bytes));
