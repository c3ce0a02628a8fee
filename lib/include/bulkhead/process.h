/* SPDX-License-Identifier: Apache-2.0 */
/* The own process: what it was started with, and where its printf goes. */
#pragma once

#include "abi/bulkhead.h"
#include <stddef.h>

/* Regions of a process that are what they are by their number. Those of its devices follow, and then its code. */
#define REGION_OWN   0u /* its RAM: writable data, stack, heap */
#define REGION_GUEST 1u /* of a VM: the RAM of its guest */
#define REGION_ROM   2u /* of a VM: the boot archive */

/* What procmgr (for procmgr: the kernel) wrote for this process. Never NULL. */
const struct start_args *process_args(void);

/*
 * Standard output and standard error are collected to lines. By default a line goes to the log ring if it can be had,
 * else to the kernel's console, else nowhere. This puts another function in its place; it gets at most 256 bytes, the
 * newline included, and is called by one thread at a time. NULL: the default again.
 */
void stdio_redirect(void (*write)(const char *text, size_t bytes));
