/* SPDX-License-Identifier: Apache-2.0 */
/* Watchpoints of a guest at what stage 2 stops: an access that is emulated never meets those of the CPU. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MDSCR_MDE (1ull << 15) /* of MDSCR_EL1: without it there are no watchpoints */

/* What of it counts for a watchpoint. */
#define WATCH_READ  1u
#define WATCH_WRITE 2u
#define WATCH_USER  4u /* made with the rights of EL0 */

/* Does a watchpoint exception come before the access? At the byte *at of it. */
bool watch_hits(uint64_t (*get)(void *ctx, unsigned vreg), void *ctx, uint64_t va, unsigned bytes, unsigned kind,
		unsigned *at);
