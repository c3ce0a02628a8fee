/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is started and takes long says how far it is: on the console, after a second, and then each time that it has
 * taken twice as long.
 */
#pragma once

#include <stdint.h>

#define PROGRESS_NS 1000000000ull

/* When the next lines are due; NEVER: nothing is being started. */
uint64_t progress_deadline(void);
void progress_timeout(void);
